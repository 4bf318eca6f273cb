// An answer as elements: marks link to their quotes, unsupported sentences are underlined.
// Text of documents and models only ever becomes text nodes.
import { addressOf, openSource } from "/static/source.js";

export function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function linkTo(answer, item, className, text) {
  const link = make("a", className, text);
  link.href = addressOf(answer, item);
  link.addEventListener("click", (click) => {
    if (click.ctrlKey || click.metaKey || click.shiftKey) return;
    click.preventDefault();
    openSource(answer, item, link);
  });
  return link;
}

// [1] becomes a link, **bold** and `code` their elements; all other Markdown stays as it is.
const INLINE = /(\[\d+\]|\*\*[^*\n]+\*\*|`[^`\n]+`)/;

function inline(part, answer) {
  const number = /^\[(\d+)\]$/.exec(part);
  const cited = number && answer.citations.find((each) => each.number === Number(number[1]));
  if (cited) {
    const link = linkTo(answer, cited, "mark", number[1]);
    link.setAttribute("aria-label", `Quote ${number[1]}: ${cited.document.title}`);
    return link;
  }
  if (INLINE.test(part) && part.startsWith("**")) return make("strong", "", part.slice(2, -2));
  if (INLINE.test(part) && part.startsWith("`")) return make("code", "", part.slice(1, -1));
  return part;
}

function writeInline(node, text, answer) {
  node.append(...text.split(INLINE).filter(Boolean).map((part) => inline(part, answer)));
}

function isDoubtful(sentence) {
  return sentence.verdict === "differs" || sentence.verdict === "unsupported";
}

function writeText(node, answer) {
  node.textContent = "";
  let at = 0;
  for (const sentence of answer.sentences) {
    writeInline(node, answer.text.slice(at, sentence.start), answer);
    const doubtful = isDoubtful(sentence);
    const piece = make("span", doubtful ? "unsupported" : "");
    if (doubtful) piece.title = sentence.reasons.join("; ") || "No quote supports this sentence";
    writeInline(piece, answer.text.slice(sentence.start, sentence.end), answer);
    node.append(piece);
    at = sentence.end;
  }
  writeInline(node, answer.text.slice(at), answer);
}

function shorten(text) {
  const plain = text.trim();
  return plain.length > 240 ? `${plain.slice(0, 240).replace(/\s+\S*$/, "")} …` : plain;
}

function placeOf(item, release) {
  const page = item.page ? [`page ${item.page}`] : [];
  return [item.document.source, ...page, ...(item.heading ?? []).slice(-1), `release ${release}`];
}

function card(answer, item, number) {
  const link = linkTo(answer, item, "card");
  const title = make("span", "title");
  if (number) title.append(make("span", "number", String(number)), " ");
  title.append(item.document.title || item.document.source);
  link.append(title, make("q", "", item.quote ?? shorten(item.text)));
  link.append(make("span", "where", placeOf(item, answer.release).join(" · ")));
  return link;
}

function notesOn(answer) {
  const notes = [];
  if (answer.sentences.some(isDoubtful)) {
    notes.push("Underlined sentences are not supported by a quote: check them yourself.");
  }
  if (answer.degraded) notes.push("The chat model could not be reached: these are quotes alone.");
  if (answer.finish_reason === "length") notes.push("The answer was cut at its length limit.");
  if (answer.finish_reason === "content_filter") {
    notes.push("The chat model's filter cut the answer.");
  }
  return notes;
}

function cards(answer, items, label) {
  const list = make("div", "cards");
  list.setAttribute("role", "group");
  list.setAttribute("aria-label", label);
  list.append(...items.map((item) => card(answer, item, item.number)));
  return list;
}

function factsOf(answer) {
  const confidence = `confidence ${Math.round(answer.confidence * 100)} %`;
  const release = `${answer.corpus}@${answer.release}`;
  if (answer.status === "abstained") return [confidence, release];
  const isQuotes = answer.generator === "extractive";
  return [confidence, isQuotes ? "quotes only" : `written by ${answer.generator}`, release];
}

// Turn a finished answer into the final form of its turn.
export function writeAnswer(turn, answer) {
  turn.classList.add(answer.status);
  writeText(turn.querySelector(".text"), answer);
  if (answer.status === "abstained") turn.prepend(make("p", "verdict", "No answer found"));
  turn.append(...notesOn(answer).map((note) => make("p", "note", note)));
  const nearest = answer.nearest ?? [];
  if (answer.citations.length) turn.append(cards(answer, answer.citations, "Quotes"));
  if (nearest.length) {
    turn.append(make("p", "label", "Closest passages"), cards(answer, nearest, "Closest passages"));
  }
  turn.append(make("p", "facts", factsOf(answer).join(" · ")));
}
