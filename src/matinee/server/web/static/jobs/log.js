// A log that follows: first its end, then what is new, by ranges of bytes, so that one of gigabytes is never loaded. It is
// text and nothing else; escapes that colour a terminal are left out. Scrolling up stops it, the button goes on.

const END = 256 * 1024; // bytes
const MOST = 2_000_000; // letters that are kept on the page
const EVERY_MS = 1000;
// eslint-disable-next-line no-control-regex
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])|[\x00-\x08\x0b-\x1f\x7f]/g;

const facts = document.getElementById("log-facts");
const pane = document.querySelector(".log-pane");
const text = pane.querySelector("pre");
const end = pane.querySelector("button");
const following = () => text.scrollHeight - text.scrollTop - text.clientHeight < 24;

let [source, at, letters, timer, reading, wanted] = ["", 0, 0, 0, false, false];
let [decoder, last] = [new TextDecoder(), document.createTextNode("")];
let rest = "";

new MutationObserver(read).observe(facts, { attributes: true });
text.addEventListener("scroll", () => { end.hidden = following(); }, { passive: true });
end.addEventListener("click", () => { text.scrollTop = text.scrollHeight; text.focus({ preventScroll: true }); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) read(); });
read();

/** Read what is new, and again in a second while more may come. */
async function read() {
  clearTimeout(timer);
  if (reading) { wanted = true; return; }
  [reading, wanted] = [true, false];
  try {
    if (facts.dataset.source !== source) begin(facts.dataset.source);
    while (source && await more());
  } catch { /* the connection is gone; the next second tries again */ }
  reading = false;
  if (wanted) read();
  else if (facts.hasAttribute("data-grows") && !document.hidden) timer = setTimeout(read, EVERY_MS);
}

function begin(from) {
  [source, at, letters, rest, decoder, last] = [from, 0, 0, "", new TextDecoder(), document.createTextNode("")];
  text.replaceChildren(last);
}

/** Ask for a part; whether there is more of it. The byte before it is asked for too, so that there is always something. */
async function more() {
  const [from, first] = [source, at === 0];
  const range = first ? `bytes=-${END}` : `bytes=${at - 1}-${at - 1 + END}`;
  const answer = await fetch(from, { headers: { Range: range }, cache: "no-store" });
  if (answer.status === 416) begin(from); // it was written anew
  if (answer.status !== 206) return false; // empty, or not there
  const bytes = new Uint8Array(await answer.arrayBuffer());
  if (from !== facts.dataset.source) return false;
  const [start, stop, whole] = answer.headers.get("content-range").match(/\d+/g).map(Number);
  if (first && start) skipped(start);
  show(decoder.decode(bytes.subarray(first ? start && bytes.indexOf(10) + 1 : 1), { stream: true }));
  at = whole - stop > 4 * END ? 0 : stop + 1; // what grows faster than anybody reads is skipped
  return at < whole;
}

function skipped(bytes) {
  decoder = new TextDecoder();
  show(`${rest && "\n"}… ${Math.round(bytes / 1024).toLocaleString("en")} KB come before this; the file has them all.\n`);
}

function show(more) {
  const follows = following();
  const lines = (rest + more).split("\n");
  rest = lines.pop();
  if (lines.length) {
    const whole = document.createTextNode(lines.map((line) => `${clean(line)}\n`).join(""));
    text.insertBefore(whole, last);
    letters += whole.length;
  }
  last.data = clean(rest);
  while (letters > MOST && text.firstChild !== last) {
    letters -= text.firstChild.length;
    text.firstChild.remove();
  }
  if (follows) text.scrollTop = text.scrollHeight;
  end.hidden = following();
}

/** A line as a terminal shows it in the end: what it wrote over is gone. */
function clean(line) {
  const written = line.replace(/\r+$/, "");
  return written.slice(written.lastIndexOf("\r") + 1).replace(ESCAPES, "");
}
