// Keeps parts of a page fresh. The server says once a second whether any job has changed; then the page is asked anew,
// and what differs is laid into what stands there: nothing under the pointer, the focus or a selection is replaced.

const EVERY_MS = 10_000; // what runs is drawn longer now and then, though nothing is said of it

const source = new EventSource("/api/console/stream");
const gone = document.querySelector("[data-gone]");
let [stamp, stale, asking, asked, rests] = ["", false, false, performance.now(), 0]; // it rests until then

for (const wrap of document.querySelectorAll(".sketch-wrap")) { // begin where the page's own job is
  const [box, view] = [wrap.querySelector(".here rect")?.getBoundingClientRect(), wrap.getBoundingClientRect()];
  if (box && (box.right > view.right || box.bottom > view.bottom)) wrap.scrollTo(box.x - view.x - view.width / 2 + box.width / 2, box.y - view.y - view.height / 2);
}

source.addEventListener("live", ({ data }) => {
  const { now_ms: now, jobs } = JSON.parse(data);
  if (gone) gone.hidden = true;
  count(now);
  const due = document.querySelector("[data-since]") && performance.now() - asked > EVERY_MS;
  stale ||= due || String(jobs) !== stamp;
  stamp = String(jobs);
  if (stale && !asking && !document.hidden && performance.now() > rests) refresh(now);
});
source.addEventListener("error", () => { if (gone) gone.hidden = false; });
addEventListener("pagehide", () => source.close());

async function refresh(now) {
  [asking, stale, asked] = [true, false, performance.now()];
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    if (!answer.ok || answer.redirected) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-fresh]")) {
      const next = page.getElementById(part.id);
      if (next) lay(part, next);
    }
    document.title = page.title;
    count(now);
  } catch {
    stale = true; // the next second tries again
  } finally {
    asking = false;
    rests = performance.now() + 4 * (performance.now() - asked); // a server that takes long is asked less often
  }
}

/** Make an element as another is. Children with an id are found again by it, the others by their place. */
function lay(old, next) {
  if (old.isEqualNode(next)) return;
  for (const { name } of [...old.attributes]) if (!next.hasAttribute(name) && !own(old, name)) old.removeAttribute(name);
  for (const { name, value } of next.attributes) if (old.getAttribute(name) !== value && !own(old, name)) old.setAttribute(name, value);
  const kept = new Map([...old.children].filter((one) => one.id).map((one) => [one.id, one]));
  const wanted = new Set([...next.children].map((one) => one.id));
  for (const [id, one] of kept) if (!wanted.has(id) && !one.contains(document.activeElement)) one.remove();
  let place = old.firstChild;
  for (const one of [...next.childNodes]) {
    const same = one.id ? kept.get(one.id) : alike(place, one) ? place : null;
    if (!same) {
      old.insertBefore(document.importNode(one, true), place);
      continue;
    }
    if (same === place) place = place.nextSibling;
    else move(old, same, place);
    if (one.nodeType === Node.ELEMENT_NODE) lay(same, one);
    else if (same.data !== one.data) same.data = one.data;
  }
  while (place) {
    const after = place.nextSibling;
    if (!place.contains(document.activeElement)) place.remove();
    place = after;
  }
}

/** Whether an attribute is the reader's, and not the server's. */
function own(element, name) { return name === "open" && element.localName === "details"; }

function alike(one, other) { return one && !one.id && one.nodeType === other.nodeType && one.nodeName === other.nodeName; }

function move(parent, node, before) {
  if (parent.moveBefore) return parent.moveBefore(node, before); // keeps the focus
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  parent.insertBefore(node, before);
  focused?.focus({ preventScroll: true });
}

/** Count on what takes its time. */
function count(now) {
  for (const one of document.querySelectorAll("[data-since]")) {
    const text = elapsed((now - Number(one.dataset.since)) / 1000);
    if (one.textContent !== text) one.textContent = text;
  }
}

function elapsed(seconds) {
  if (seconds < 1) return `${Math.round(Math.max(0, 1000 * seconds))} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (Math.round(seconds) < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return [Math.floor(minutes / 60) && `${Math.floor(minutes / 60)} h`, minutes % 60 && `${minutes % 60} min`].filter(Boolean).join(" ");
}
