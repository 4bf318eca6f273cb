// The chat: sends the conversation, shows the answer as it streams, opens quotes in their document.
import { readEvents } from "/static/events.js";

const byId = (id) => document.getElementById(id);
const turns = byId("turns");
const question = byId("question");
const send = byId("send");
const conversation = [];
let running = null;

function make(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function placeOf(citation) {
  const page = citation.page ? `, page ${citation.page}` : "";
  return `${citation.document.source}${page}`;
}

function addressOf(answer, item) {
  const query = new URLSearchParams({
    corpus: answer.corpus,
    release: answer.release,
    start: item.span.start,
    end: item.span.end,
  });
  return `/documents/${encodeURIComponent(item.document.id)}?${query}`;
}

function openSource(answer, item) {
  const address = addressOf(answer, item);
  byId("source").hidden = false;
  document.body.classList.add("with-source");
  byId("source-title").textContent = item.document.title || item.document.source;
  byId("source-link").href = address;
  byId("source-frame").src = address;
}

function closeSource() {
  byId("source").hidden = true;
  byId("source-frame").removeAttribute("src");
  document.body.classList.remove("with-source");
}

function linkTo(answer, item, className, text) {
  const link = make("a", className, text);
  link.href = addressOf(answer, item);
  link.addEventListener("click", (click) => {
    if (click.ctrlKey || click.metaKey || click.shiftKey) return;
    click.preventDefault();
    openSource(answer, item);
  });
  return link;
}

// Text with its [1] marks as links; everything else stays text.
function writeMarked(node, text, answer) {
  for (const part of text.split(/(\[\d+\])/)) {
    const number = /^\[(\d+)\]$/.exec(part);
    const cited = number && answer.citations.find((each) => each.number === Number(number[1]));
    node.append(cited ? linkTo(answer, cited, "mark", part) : part);
  }
}

function writeAnswer(node, answer) {
  node.textContent = "";
  let at = 0;
  for (const sentence of answer.sentences) {
    const found = answer.text.indexOf(sentence.text, at);
    if (found < 0) continue;
    node.append(answer.text.slice(at, found));
    const piece = make("span", sentence.supported ? "" : "unsupported");
    if (!sentence.supported) piece.title = "No quote supports this sentence";
    writeMarked(piece, sentence.text, answer);
    node.append(piece);
    at = found + sentence.text.length;
  }
  const rest = make("span");
  writeMarked(rest, answer.text.slice(at), answer);
  node.append(rest);
}

function card(answer, item, label) {
  const link = linkTo(answer, item, "card");
  const where = make("span", "where");
  where.append(make("b", "", label), ` ${placeOf(item)}`);
  link.append(where, make("q", "", item.quote ?? item.text.slice(0, 200)));
  if (item.supported === false) link.append(make("span", "doubt", "does not support the statement"));
  return link;
}

function finish(turn, answer) {
  turn.classList.add(answer.status);
  writeAnswer(turn.querySelector(".text"), answer);
  const notes = [];
  if (answer.status === "partial") notes.push("Underlined sentences are not supported by a quote.");
  if (answer.degraded) notes.push("The chat model could not be reached: these are quotes alone.");
  if (answer.truncated) notes.push("The answer was cut at its length limit.");
  for (const note of notes) turn.append(make("p", "note", note));
  const cards = make("div", "cards");
  for (const citation of answer.citations) cards.append(card(answer, citation, `[${citation.number}]`));
  for (const passage of answer.nearest ?? []) cards.append(card(answer, passage, "Nearest"));
  if (cards.children.length) turn.append(cards);
  const confidence = `${Math.round(answer.confidence * 100)} % confidence`;
  const facts = [confidence, answer.generator, `${answer.corpus}@${answer.release}`];
  turn.append(make("p", "facts", facts.join(" · ")));
}

function fail(turn, message) {
  turn.classList.add("failed");
  turn.append(make("p", "note", message));
}

async function stream(turn, signal) {
  const reply = await fetch("/v1/answers", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ corpus: byId("corpus").value, messages: conversation, stream: true }),
    signal,
  });
  if (!reply.ok) {
    const body = await reply.json().catch(() => null);
    throw new Error(body?.error?.message ?? `The service replied ${reply.status}.`);
  }
  const text = turn.querySelector(".text");
  for await (const { name, data } of readEvents(reply.body)) {
    if (name === "delta") text.textContent += data.text;
    if (name === "error") throw new Error(data.error.message);
    if (name === "answer") return data;
    turn.scrollIntoView({ block: "nearest" });
  }
  throw new Error("The answer broke off.");
}

async function ask(text) {
  byId("welcome")?.remove();
  turns.append(make("p", "question", text));
  const turn = make("article", "answer running");
  turn.append(make("p", "text"));
  turns.append(turn);
  conversation.push({ role: "user", content: text });
  running = new AbortController();
  send.disabled = true;
  try {
    const answer = await stream(turn, running.signal);
    finish(turn, answer);
    conversation.push({ role: "assistant", content: answer.text });
  } catch (error) {
    conversation.pop();
    fail(turn, error.name === "AbortError" ? "Stopped." : error.message);
  } finally {
    turn.classList.remove("running");
    send.disabled = false;
    turn.scrollIntoView({ block: "nearest" });
    question.focus();
  }
}

byId("ask").addEventListener("submit", (submit) => {
  submit.preventDefault();
  const text = question.value.trim();
  if (!text || send.disabled) return;
  question.value = "";
  question.style.height = "";
  ask(text);
});
question.addEventListener("keydown", (press) => {
  if (press.key === "Enter" && !press.shiftKey && !press.isComposing) {
    press.preventDefault();
    byId("ask").requestSubmit();
  }
});
question.addEventListener("input", () => {
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
});
function startOver() {
  running?.abort();
  conversation.length = 0;
  turns.textContent = "";
  closeSource();
  question.focus();
}
byId("clear").addEventListener("click", startOver);
byId("corpus").addEventListener("change", startOver);
byId("source-close").addEventListener("click", closeSource);
document.addEventListener("keydown", (press) => {
  if (press.key === "Escape") closeSource();
});
