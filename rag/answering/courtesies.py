"""What is said apart from answers: replies to greetings and thanks, and a word on languages."""

import re
from dataclasses import dataclass

MOST_WORDS = 6  # chosen: "Good morning, how are you today?"
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
SURE = 2  # chosen: words that only one of the languages has, for a question of that language


@dataclass(frozen=True, slots=True)
class Language:
    """How people of one language greet and thank, and what is said to them.

    `filler` words may stand beside a greeting; `common` are words that questions are made of.
    """

    greetings: frozenset[str]
    thanks: frozenset[str]
    filler: frozenset[str]
    common: frozenset[str]
    hello: str
    welcome: str
    foreign: str


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LANGUAGES = {
    "english": Language(
        _words("hello hi hey greetings morning afternoon evening howdy bye goodbye"),
        _words("thanks thank thx ty cheers"),
        _words("good day there you so much very a lot many to all everyone again are how ok okay"),
        _words("the what which how does did when where who is are of my we can i you from for and"),
        "Hello! Ask me something about the documents in {corpus}: I answer with exact quotes, "
        "and say so where they hold no answer.",
        "You are welcome. Ask me anything else about the documents in {corpus}.",
        "The documents are in {language}, so their words are quoted in {language}.",
    ),
    "german": Language(
        _words("hallo hi hey guten tag morgen abend moin servus grüezi tschüss wiedersehen grüß"),
        _words("danke dank"),
        _words("zusammen gott vielen schön sehr schöne auf dir ihnen euch gut ok"),
        _words(
            "der die das wie was wann wo wer welche welcher welches ist sind ich wir darf kann "
            "muss für mit von nicht ein eine einen dem den im zum zur bei und viel viele lange "
            "gibt es nach habe hat haben wird"
        ),
        "Guten Tag! Fragen Sie mich etwas zu den Dokumenten in {corpus}: Ich antworte mit "
        "wörtlichen Zitaten und sage, wenn nichts darin steht.",
        "Gern geschehen. Fragen Sie mich ruhig noch etwas zu den Dokumenten in {corpus}.",
        "Die Dokumente sind in einer anderen Sprache ({language}); zitiert wird ihr Wortlaut.",
    ),
    "french": Language(
        _words("bonjour bonsoir salut coucou revoir"),
        _words("merci"),
        _words("beaucoup à tous toutes bien au vous toi monsieur madame"),
        _words(
            "le la les des du un une est sont quel quelle quels quelles combien quand où qui que "
            "quoi comment je on nous peut dois doit pour avec dans sur mon ma mes ce cette à aux "
            "ils elle elles faut votre vos notre nos de en y il ai avez faire"
        ),
        "Bonjour ! Posez-moi une question sur les documents de {corpus} : je réponds par des "
        "citations exactes, et je le dis quand ils ne contiennent pas la réponse.",
        "Je vous en prie. N'hésitez pas à poser une autre question sur les documents de {corpus}.",
        "Les documents sont dans une autre langue ({language}) ; leur texte est cité tel quel.",
    ),
    "spanish": Language(
        _words("hola buenos buenas días tardes noches adiós saludos"),
        _words("gracias"),
        _words("muchas muy a todos amable mil"),
        _words(
            "el la los las un una es son qué que cuál cuáles cuánto cuánta cuántos cuántas cuándo "
            "dónde quién cómo puedo puede debo hay para con del al mi por se "
            "de la en tengo tiene mis"
        ),
        "¡Hola! Pregúnteme algo sobre los documentos de {corpus}: respondo con citas exactas, "
        "y digo cuando no contienen la respuesta.",
        "De nada. Pregúnteme lo que quiera sobre los documentos de {corpus}.",
        "Los documentos están en otro idioma ({language}); se cita su texto tal cual.",
    ),
    "italian": Language(
        _words("ciao buongiorno buonasera salve arrivederci"),
        _words("grazie"),
        _words("mille tante a tutti molte"),
        _words(
            "il lo gli le un una è sono quale quali quanto quanta quanti quando dove chi come "
            "cosa posso può devo per con del della nel di che si la ho mio mia ora a"
        ),
        "Buongiorno! Mi chieda qualcosa sui documenti di {corpus}: rispondo con citazioni esatte, "
        "e dico quando non contengono la risposta.",
        "Prego. Mi chieda pure altro sui documenti di {corpus}.",
        "I documenti sono in un'altra lingua ({language}); il testo è citato così com'è.",
    ),
    "dutch": Language(
        _words("hallo hoi dag goedemorgen goedemiddag goedenavond doei"),
        _words("bedankt dank dankjewel dankuwel"),
        _words("je u wel allemaal heel erg hartelijk"),
        _words(
            "de het een is zijn wat welke hoe hoeveel wanneer waar wie ik we wij mag kan moet voor "
            "met van niet op bij en lang mijn"
        ),
        "Hallo! Stel me een vraag over de documenten in {corpus}: ik antwoord met letterlijke "
        "citaten en zeg het als er geen antwoord in staat.",
        "Graag gedaan. Stel gerust nog een vraag over de documenten in {corpus}.",
        "De documenten zijn in een andere taal ({language}); hun tekst wordt letterlijk geciteerd.",
    ),
}
"""By the names that releases have for languages."""


def reply_to(message: str, corpus: str) -> str | None:
    """A short reply to a greeting or to thanks; None if the message says anything else."""
    words = [word.casefold() for word in WORD.findall(message)]
    if not 0 < len(words) <= MOST_WORDS or any(character.isdigit() for character in message):
        return None
    for language in LANGUAGES.values():
        core = language.greetings | language.thanks
        if core.isdisjoint(words) or not core | language.filler >= set(words):
            continue
        has_thanked = not language.thanks.isdisjoint(words)
        text = language.welcome if has_thanked else language.hello
        return text.format(corpus=corpus)
    return None


def tell_language(question: str, language: str) -> str:
    """That the documents are in another `language` than the question, in that of the question.

    Empty where it is the same, or cannot be told for sure.
    """
    asked = detect(question)
    if asked is None or language not in LANGUAGES or asked == language:
        return ""
    return LANGUAGES[asked].foreign.format(language=language.capitalize())


def detect(question: str) -> str | None:
    """The language of a question by its common words; None where two are as likely."""
    words = {word.casefold() for word in WORD.findall(question)}
    found = sorted(((len(words & each.common), name) for name, each in LANGUAGES.items()))
    (second, _), (most, name) = found[-2], found[-1]
    return name if most >= SURE and most > second else None
