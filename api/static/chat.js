// The chat: sends the conversation and shows the answer as it streams.
import { make, writeAnswer } from "/static/answers.js";
import { readEvents } from "/static/events.js";
import { closeSource } from "/static/source.js";

const POLL_MS = 1000;
// Messages of a conversation that a chat model reads, the question among them.
const RECENT = 8;
const byId = (id) => document.getElementById(id);
const turns = byId("turns");
const form = byId("ask");
const question = byId("question");
const send = byId("send");
const corpus = byId("corpus");
let conversation = [];
let running = null;

async function stream(turn, signal, follow) {
  const reply = await fetch("/v1/answers", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ corpus: corpus.value, messages: conversation.slice(-RECENT), stream: true }),
    signal,
  });
  if (!reply.ok) {
    const body = await reply.json().catch(() => null);
    throw new Error(body?.error?.message ?? `The service replied ${reply.status}.`);
  }
  const text = turn.querySelector(".text");
  for await (const { name, data } of readEvents(reply.body)) {
    if (name === "delta") text.append(data.text);
    if (name === "error") throw new Error(data.error.message);
    if (name === "answer") return data;
    follow();
  }
  throw new Error("The answer broke off.");
}

// Keeps `asked` at the top of the view until the reader scrolls.
function makeFollower(asked) {
  let isFollowing = true;
  for (const moved of ["wheel", "touchmove", "keydown"]) {
    turns.addEventListener(moved, () => { isFollowing = false; }, { once: true });
  }
  return () => {
    if (isFollowing) asked.scrollIntoView({ block: "start" });
  };
}

function explain(error) {
  if (error.name === "AbortError") return "Stopped.";
  if (error instanceof TypeError) return "The service cannot be reached. Try again.";
  return error.message;
}

function showRunning(controller) {
  running = controller;
  send.textContent = controller ? "Stop" : "Ask";
  send.classList.toggle("stop", Boolean(controller));
}

async function ask(text) {
  byId("welcome")?.remove();
  const asked = make("p", "question", text);
  const turn = make("article", "answer running");
  turn.setAttribute("aria-busy", "true");
  turn.append(make("p", "text"));
  turns.append(asked, turn);
  const follow = makeFollower(asked);
  follow();
  const mine = conversation;
  const controller = new AbortController();
  mine.push({ role: "user", content: text });
  showRunning(controller);
  try {
    const answer = await stream(turn, controller.signal, follow);
    writeAnswer(turn, answer);
    mine.push({ role: "assistant", content: answer.text });
  } catch (error) {
    mine.pop();
    turn.classList.add("failed");
    turn.append(make("p", "note", explain(error)));
  }
  turn.classList.remove("running");
  turn.removeAttribute("aria-busy");
  follow();
  turn.querySelector(":scope > .note")?.scrollIntoView({ block: "nearest" });
  if (running === controller) showRunning(null);
}

function startOver() {
  running?.abort();
  showRunning(null);
  conversation = [];
  turns.textContent = "";
  closeSource();
  question.focus();
}

// While the models load or no corpus is there, look again now and then.
async function waitForCorpora() {
  const reply = await fetch("/v1/corpora").catch(() => null);
  const listed = reply?.ok ? await reply.json() : { data: [] };
  if (listed.data.length) location.reload();
  else setTimeout(waitForCorpora, POLL_MS);
}

form.addEventListener("submit", (submit) => {
  submit.preventDefault();
  const text = question.value.trim();
  if (!text || running || question.disabled) return;
  question.value = "";
  question.style.height = "";
  ask(text);
});
send.addEventListener("click", (click) => {
  if (!running) return;
  click.preventDefault();
  running.abort();
});
question.addEventListener("keydown", (press) => {
  if (press.key === "Enter" && !press.shiftKey && !press.isComposing) {
    press.preventDefault();
    form.requestSubmit();
  }
});
question.addEventListener("input", () => {
  question.style.height = "auto";
  question.style.height = `${question.scrollHeight}px`;
});
byId("clear").addEventListener("click", startOver);
corpus.addEventListener("change", startOver);
if (question.disabled) setTimeout(waitForCorpora, POLL_MS);
