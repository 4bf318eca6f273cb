// An answer as elements: marks link to their quotes, doubtful sentences say why they are.
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

// **bold** and `code` become their elements; all other Markdown stays as it is.
const INLINE = /(\*\*[^*\n]+\*\*|`[^`\n]+`)/;

function inline(part) {
  if (INLINE.test(part) && part.startsWith("**")) return make("strong", "", part.slice(2, -2));
  if (INLINE.test(part) && part.startsWith("`")) return make("code", "", part.slice(1, -1));
  return part;
}

function footnote(answer, index) {
  const cited = answer.citations[index];
  const link = linkTo(answer, cited, "mark", String(cited.number));
  link.setAttribute("aria-label", `Quote ${cited.number}: ${cited.document.title}`);
  return link;
}

// The characters from `start` to `end` with their marks. The server counts code points, as
// `characters` does, and not the units that a string has here.
function writeInline(node, answer, characters, start, end) {
  let at = start;
  const put = (to) => {
    const text = characters.slice(at, to).join("");
    node.append(...text.split(INLINE).filter(Boolean).map(inline));
  };
  for (const mark of answer.marks.filter((each) => each.start >= start && each.end <= end)) {
    put(mark.start);
    node.append(footnote(answer, mark.citation));
    at = mark.end;
  }
  put(end);
}

function isDoubtful(sentence) {
  return sentence.verdict === "differs" || sentence.verdict === "unsupported";
}

// What is wrong with a doubtful sentence, in words that can be seen and heard.
function tagOf(sentence) {
  const kind = sentence.verdict === "differs" ? "differs" : "no source";
  return [kind, sentence.reasons.join("; ")].filter(Boolean).join(": ");
}

function writeText(node, answer) {
  const characters = Array.from(answer.text);
  node.textContent = "";
  let at = 0;
  for (const sentence of answer.sentences) {
    writeInline(node, answer, characters, at, sentence.start);
    const doubtful = isDoubtful(sentence);
    const piece = make("span", doubtful ? "unsupported" : "");
    writeInline(piece, answer, characters, sentence.start, sentence.end);
    node.append(piece);
    if (doubtful) node.append(" ", make("span", "tag", tagOf(sentence)));
    at = sentence.end;
  }
  writeInline(node, answer, characters, at, characters.length);
}

function shorten(text) {
  const plain = text.trim();
  return plain.length > 240 ? `${plain.slice(0, 240).replace(/\s+\S*$/, "")} …` : plain;
}

function placeOf(item, release) {
  const page = item.page ? [`page ${item.page}`] : [];
  const day = item.document.valid_from ?? item.document.date;
  const heading = (item.heading ?? []).slice(-1);
  return [item.document.source, ...page, ...heading, ...(day ? [day] : []), `release ${release}`];
}

function card(answer, item, number) {
  const link = linkTo(answer, item, "card");
  const title = make("span", "title");
  if (number) title.append(make("span", "number", String(number)), " ");
  title.append(item.document.title || item.document.source);
  link.append(title, make("q", "", item.quote ?? shorten(item.text)));
  link.append(make("span", "where", placeOf(item, answer.release).join(" · ")));
  if (item.document.superseded_by) link.append(make("span", "tag", "a newer version exists"));
  return link;
}

function notesOn(answer) {
  const notes = [];
  if (answer.sentences.some(isDoubtful)) {
    notes.push("Some sentences are not supported by a quote: check those yourself.");
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
