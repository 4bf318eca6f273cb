// The source beside the chat: the server's own view of a document, scrolled to the quote.
const panel = document.getElementById("source");
const view = document.getElementById("source-view");
const title = document.getElementById("source-title");
const alone = document.getElementById("source-link");
let opener = null;
let latest = 0;

export function addressOf(answer, item) {
  const query = new URLSearchParams({
    corpus: answer.corpus,
    release: answer.release,
    start: item.span.start,
    end: item.span.end,
  });
  return `/documents/${encodeURIComponent(item.document.id)}?${query}`;
}

async function read(address) {
  const reply = await fetch(address);
  if (!reply.ok) {
    const body = await reply.json().catch(() => null);
    throw new Error(body?.error?.message ?? `The service replied ${reply.status}.`);
  }
  const page = new DOMParser().parseFromString(await reply.text(), "text/html");
  return page.querySelector("article");
}

export async function openSource(answer, item, link) {
  const address = addressOf(answer, item);
  const mine = ++latest;
  opener = link;
  alone.href = address;
  title.textContent = item.document.title || item.document.source;
  panel.hidden = false;
  view.setAttribute("aria-busy", "true");
  let shown;
  try {
    shown = await read(address);
  } catch (error) {
    shown = document.createElement("p");
    shown.className = "note";
    shown.textContent = error.message;
  }
  if (mine !== latest) return;
  view.replaceChildren(document.adoptNode(shown));
  view.removeAttribute("aria-busy");
  const quote = view.querySelector("mark");
  quote?.scrollIntoView({ block: "center" });
  (quote ?? view).focus({ preventScroll: true });
}

export function closeSource() {
  if (panel.hidden) return;
  latest += 1;
  panel.hidden = true;
  view.replaceChildren();
  if (opener?.isConnected) opener.focus({ preventScroll: true });
}

document.getElementById("source-close").addEventListener("click", closeSource);
document.addEventListener("keydown", (press) => {
  if (press.key === "Escape") closeSource();
});
