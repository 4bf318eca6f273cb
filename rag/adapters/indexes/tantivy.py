"""The lexical index of a release: tantivy's BM25 with the language's stemmer and stop words.

Scripts without spaces are indexed by pairs of letters, in a corpus of whatever language.
Queries are built term by term from analysed words, so no user's text is parsed as query syntax.
"""

import math
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

import tantivy

from rag.adapters.indexes.counted_words import ChunkWords, CountedPart, CountedWords
from rag.adapters.indexes.unknown_words import QuestionReader
from rag.adapters.indexes.views import view_folder
from rag.errors import ReleaseBroken
from rag.ports import LexicalEntry, Ranking, Subset
from rag.releases.disk_faults import tell_refusal, told_as_refusal
from rag.text.normalization import space_out

REFUSALS = (ValueError, OSError)
ANALYZER = "plumbline"
TEXT, CONTEXT = "text", "context"
STEMMED = {"arabic", "greek", "romanian", "tamil", "turkish"}
STEMMED_WITH_STOP_WORDS = {
    *("danish", "dutch", "english", "finnish", "french", "german", "hungarian"),
    *("italian", "norwegian", "portuguese", "russian", "spanish", "swedish"),
}
WITHOUT_RULES = {"chinese", "japanese", "korean", "none", "thai"}
LANGUAGES = STEMMED | STEMMED_WITH_STOP_WORDS | WITHOUT_RULES
KEPT_TEXTS = 4096  # chosen: the units of a hundred answers, about 2 KB each
WRITER_BYTES = 64_000_000  # tantivy wants 15 MB at least; more gives fewer segments
ID_WORDS = ("id_0", "id_1", "id_2")
WORD_BYTES = 7  # so that no word has a sign
REPLACED_IN_PLACE = {"meta.json", ".managed.json"}


def build_analyzer(language: str) -> tantivy.TextAnalyzer:
    """Lower-case words without accents, stop words out and stemmed where `language` has rules."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    builder = builder.filter(tantivy.Filter.remove_long(80)).filter(tantivy.Filter.lowercase())
    if language == "english":
        builder = builder.filter(tantivy.Filter.ascii_fold())
    if language in STEMMED_WITH_STOP_WORDS:
        builder = builder.filter(tantivy.Filter.stopword(language))
    if language in STEMMED | STEMMED_WITH_STOP_WORDS:
        builder = builder.filter(tantivy.Filter.stemmer(language))
    if language != "english":  # other stop words and stemmers go by the accents
        builder = builder.filter(tantivy.Filter.ascii_fold())
    return builder.build()


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    for field in ("id", "document"):
        builder.add_text_field(field, tokenizer_name="raw", index_option="basic")
    for field in ID_WORDS:
        builder.add_integer_field(field, fast=True)
    for field in (TEXT, CONTEXT):
        builder.add_text_field(field, tokenizer_name=ANALYZER, index_option="freq")
    return builder.build()


class TantivyIndexBuilder:
    """Writes one immutable, merged index."""

    def write(self, folder: Path, entries: Iterator[LexicalEntry], language: str) -> None:
        """Create the index in `folder`. Raises StorageError when tantivy cannot write it."""
        with told_as_refusal(REFUSALS, folder, "the lexical index could not be written"):
            folder.mkdir(parents=True, exist_ok=True)
            index = tantivy.Index(_schema(), path=str(folder))
            _apply(index, language, removed=(), added=entries)
            _share(folder)

    def change(
        self,
        folder: Path,
        base: Path,
        *,
        removed: Sequence[str],
        added: Iterator[LexicalEntry],
        language: str,
    ) -> None:
        """Create the index in `folder` from `base` with the difference applied.

        The files of an index never change, so they are linked and not copied. Raises StorageError.
        """
        with told_as_refusal(REFUSALS, folder, "the lexical index could not be changed"):
            folder.mkdir(parents=True)
            for file in base.iterdir():
                if file.name in REPLACED_IN_PLACE:
                    shutil.copy2(file, folder)
                elif file.suffix != ".lock":
                    _link(file, folder / file.name)
            _apply(tantivy.Index.open(str(folder)), language, removed=removed, added=added)
            _share(folder)


def _apply(
    index: tantivy.Index,
    language: str,
    *,
    removed: Sequence[str],
    added: Iterator[LexicalEntry],
) -> None:
    index.register_tokenizer(ANALYZER, build_analyzer(language))
    writer = index.writer(heap_size=WRITER_BYTES, num_threads=1)
    for id_ in removed:
        writer.delete_documents_by_term("id", id_)
    for id_, document_id, text, beside in added:
        context = space_out(f"{text}\n{beside}")
        writer.add_document(
            tantivy.Document(
                id=id_,
                document=document_id,
                text=space_out(text),
                context=context,
                **dict(zip(ID_WORDS, _to_words(id_), strict=True)),
            )
        )
    writer.commit()
    writer.wait_merging_threads()


def _share(folder: Path) -> None:
    """Let those read the files that tantivy keeps to their owner who may read the folder."""
    for name in REPLACED_IN_PLACE:
        (folder / name).chmod(0o600 | (folder.stat().st_mode & 0o666))


def _to_words(id_: str) -> list[int]:
    """An id as whole numbers, which are read for many hits in one call. Raises ValueError."""
    raw = id_.encode()
    if len(raw) > WORD_BYTES * len(ID_WORDS):
        raise ValueError(f"the chunk id {id_[:40]!r} is too long for the lexical index")
    padded = raw.ljust(WORD_BYTES * len(ID_WORDS), b"\0")
    starts = range(0, len(padded), WORD_BYTES)
    return [int.from_bytes(padded[at : at + WORD_BYTES]) for at in starts]


def _from_words(words: Sequence[int]) -> str:
    return b"".join(word.to_bytes(WORD_BYTES) for word in words).rstrip(b"\0").decode()


@contextmanager
def _viewed(folder: Path) -> Iterator[Path]:
    """A place to open an index from, which takes a lock; its own folder where there is no other."""
    try:
        view = view_folder(folder)
    except OSError:
        yield folder
        return
    with view as name:
        yield Path(name)


def _link(file: Path, target: Path) -> None:
    try:
        os.link(file, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(file, target)


class TantivyIndex:
    """Reads a release's lexical index; safe to share between threads.

    `chunks` are all that it holds: what a part of it is counted from.
    """

    def __init__(
        self, folder: Path, language: str, chunks: Callable[[], Iterable[ChunkWords]] = tuple
    ) -> None:
        try:
            with _viewed(folder) as view:  # whose files are all open then
                index = tantivy.Index.open(str(view))
                analyzer = build_analyzer(language)
                index.register_tokenizer(ANALYZER, analyzer)
                self._schema = index.schema
                self._searcher = index.searcher()
        except (ValueError, OSError) as error:
            refusal = tell_refusal(error, folder)
            reason = f"{refusal}; set TMPDIR to a folder that can be" if refusal else error
            raise ReleaseBroken(
                f"the lexical index in {folder} cannot be opened: {reason}"
            ) from error
        self._terms = lru_cache(KEPT_TEXTS)(lambda text: tuple(analyzer.analyze(space_out(text))))
        self._words = CountedWords(chunks, self.analyze, language)
        self._reader = QuestionReader(self.analyze, language, self._count, self._vocabulary)

    def analyze(self, text: str) -> list[str]:
        """The terms of `text`, in order, repeated as they occur."""
        return list(self._terms(text))

    def term_weights(self, text: str) -> dict[str, float]:
        """BM25's inverse document frequency of each distinct term, highest for unknown ones."""
        total = self._searcher.num_docs
        weights = {}
        for term, share in self._reader.shares(text).items():
            found = self._count(term)
            weights[term] = share * math.log(1 + (total - found + 0.5) / (found + 0.5))
        return weights

    def readings(self, text: str) -> dict[str, tuple[str, ...]]:
        """What the terms of `text` that no chunk holds are read as: the nearest that some do."""
        return {term: reading.terms for term, reading in self._reader.read(text).items()}

    def unknown_terms(self, text: str) -> list[str]:
        """The terms of `text` that no chunk holds, whatever they are read as."""
        return self._reader.unknown(text)

    def search(self, text: str, limit: int, subset: Subset | None = None) -> Ranking:
        """The `limit` best chunks by BM25 over the words of `text`, ties in order of id."""
        return self._search(TEXT, text, limit, subset)

    def search_context(self, text: str, limit: int, subset: Subset | None = None) -> Ranking:
        """As `search`, each chunk read together with the chunks beside it."""
        return self._search(CONTEXT, text, limit, subset)

    def part(self, subset: Subset) -> CountedPart:
        """The chunks of `subset` as if there were no others: their words alone are counted."""
        return self._words.part(subset)

    def _search(self, field: str, text: str, limit: int, subset: Subset | None) -> Ranking:
        shares = self._reader.shares(text)
        if not shares:
            return []
        clauses = [
            (tantivy.Occur.Should, self._weigh(field, term, share))
            for term, share in shares.items()
        ]
        query = tantivy.Query.boolean_query(clauses)
        if subset is not None:
            query = _restrict(query, self._schema, subset)
        try:
            found = self._searcher.search(query, limit, count=False).hits
            ids = self._ids([address for _, address in found])
        except (ValueError, OSError) as error:
            raise ReleaseBroken(f"the lexical index failed: {error}") from error
        ranking = [(id_, float(score)) for id_, (score, _) in zip(ids, found, strict=True)]
        return sorted(ranking, key=lambda pair: (-pair[1], pair[0]))

    def _weigh(self, field: str, term: str, share: float) -> tantivy.Query:
        query = tantivy.Query.term_query(self._schema, field, term, "freq")
        return query if share == 1 else tantivy.Query.boost_query(query, share)

    def _count(self, term: str) -> int:
        return self._searcher.doc_freq(TEXT, term)

    def _vocabulary(self) -> list[tuple[str, int]]:
        """All terms with the number of chunks that hold them, without those that were removed."""
        return self._searcher.terms_with_prefix(TEXT, "", tantivy.Query.all_query())

    def _ids(self, addresses: list[tantivy.DocAddress]) -> list[str]:
        words = [self._searcher.fast_field_values(field, addresses) for field in ID_WORDS]
        return [_from_words(each) for each in zip(*words, strict=True)]


def _restrict(query: tantivy.Query, schema: tantivy.Schema, subset: Subset) -> tantivy.Query:
    """`query` over the documents of `subset` alone, its scores as they were."""
    within = tantivy.Query.term_set_query(schema, "document", list(subset.documents))
    return tantivy.Query.boolean_query(
        [
            (tantivy.Occur.Must, query),
            (tantivy.Occur.Must, tantivy.Query.const_score_query(within, 0.0)),
        ]
    )
