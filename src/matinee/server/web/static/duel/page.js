// Two encodes of a title side by side: what is chosen, what it is called, and the player that shows it.
import { series } from "../board.js";
import { Clock } from "./clock.js";
import { Hull, kbps, OverTime } from "./plots.js";
import { Stage } from "./stage.js";

const root = document.querySelector("[data-duel]");
const films = [...root.querySelectorAll("video")];
const selects = ["left", "right"].map((name) => root.querySelector(`select[name=${name}]`));
const seek = root.querySelector("[data-seek]");
const note = root.querySelector(".duel-note");
const say = (name, text, within = root) => {
  const place = within.querySelector(`[data-say="${name}"]`);
  if (place.textContent !== text) place.textContent = text;
};

const answer = await fetch(root.dataset.duel).catch(() => null);
if (answer?.ok) show(await answer.json());
else tell("The figures of this comparison could not be loaded. Reload the page.");

function show({ films: where, comparison: found }) {
  const clock = new Clock(films, found.rate, found.duration_s);
  const stage = new Stage(root.querySelector(".duel-stage"), [found.width, found.height]);
  const board = (name) => document.querySelector(`[data-plot="${name}"]`);
  const keys = (name) => document.querySelector(`[data-keys="${name}"]`);
  const hull = new Hull(board("hull"), keys("hull"), found);
  const time = new OverTime(board("quality"), board("bits"), keys("time"), found, (seconds) => clock.seekTime(seconds));
  let [sides, peak, chosen] = [[], 0, selects.map((one) => one.value)];

  function choose(ways, keep = true) {
    if (ways[0] === ways[1]) ways = [chosen[1], chosen[0]]; // what was there goes to the other side
    chosen = ways;
    selects.forEach((select, place) => { select.value = ways[place]; });
    const pair = found.pairs.find((one) => one.ways.every((way) => ways.includes(way)));
    const rungs = pair.ways[0] === ways[0] ? pair.rungs : pair.rungs.toReversed();
    sides = ways.map((name, place) => {
      const number = found.ways.findIndex((one) => one.way === name);
      return { way: name, number, place: rungs[place], rung: found.ways[number].rungs[rungs[place]] };
    });
    peak = pair.most_apart_s;
    stage.names = ways;
    sides.forEach(({ way, number, rung }, place) => {
      root.style.setProperty(["--left", "--right"][place], `var(${series(number)})`);
      const label = root.querySelector(`[data-label="${["left", "right"][place]}"]`);
      label.querySelector("b").textContent = way;
      say("whole", `${rung.width}×${rung.height} · ${kbps(rung.kbps)} · VMAF ${rung.vmaf[found.pooling].toFixed(1)}`, label);
    });
    const marker = root.querySelector(".duel-peak");
    marker.hidden = false;
    marker.style.left = `calc(8px + (100% - 16px) * ${peak / found.duration_s})`;
    hull.shown = sides.map(({ number, place }) => [number, place]);
    time.show(sides, peak);
    for (const link of document.querySelectorAll(".pairs a")) {
      const asked = new URL(link.href).searchParams;
      link.closest("tr").toggleAttribute("aria-current", ways.includes(asked.get("left")) && ways.includes(asked.get("right")));
    }
    if (keep) history.replaceState(null, "", `?${new URLSearchParams({ left: ways[0], right: ways[1] })}`);
    clock.load(sides.map(({ rung }) => where + rung.file));
    update();
  }

  function update() {
    const playing = clock.wanted;
    tell(trouble(clock.fault, sides));
    root.querySelector(".duel-wait").hidden = !clock.waiting;
    root.dataset.state = clock.fault ? "none" : clock.waiting ? "waiting" : playing ? "playing" : "paused";
    const play = root.querySelector('[data-do="play"]');
    play.setAttribute("aria-label", playing ? "Pause" : "Play");
    play.querySelector('[data-on="playing"]').hidden = !playing;
    play.querySelector('[data-on="paused"]').hidden = playing;
    const frame = clock.frame;
    const seconds = frame / found.rate;
    if (!seek.matches(":active")) seek.value = frame >= clock.last ? found.duration_s : seconds;
    seek.style.setProperty("--played", `${(seek.value / found.duration_s) * 100}%`);
    seek.setAttribute("aria-valuetext", `${exact(seconds)} of ${exact(found.duration_s)}`);
    say("time", exact(seconds));
    say("frame", `frame ${frame.toLocaleString("en")}`);
    sides.forEach(({ rung }, place) => {
      const here = rung.quality[Math.min(rung.quality.length - 1, Math.floor(seconds / found.step_s + 1e-6))];
      say("here", `VMAF here ${here.toFixed(1)}`, root.querySelector(`[data-label="${["left", "right"][place]}"]`));
    });
    time.now = Math.min(found.duration_s, seconds);
  }

  const zooms = [...root.querySelectorAll("[name=zoom]")];
  const doing = {
    play: () => clock.toggle(),
    back: () => clock.step(-1),
    on: () => clock.step(1),
    apart: () => { clock.pause(); clock.seekTime(peak); },
    swap: () => choose([chosen[1], chosen[0]]),
    zoom: () => {
      const next = zooms[(zooms.findIndex((one) => one.checked) + 1) % zooms.length];
      next.checked = true;
      stage.zoom = next.value;
    },
  };
  const byKey = { " ": "play", ",": "back", ".": "on", d: "apart", s: "swap", z: "zoom" };

  for (const button of root.querySelectorAll("[data-do]")) button.addEventListener("click", () => doing[button.dataset.do]());
  for (const one of zooms) one.addEventListener("change", () => { stage.zoom = one.value; });
  for (const select of selects) select.addEventListener("change", () => choose(selects.map((one) => one.value)));
  seek.addEventListener("input", () => clock.seekTime(Number(seek.value)));
  seek.addEventListener("keydown", (event) => {
    const seconds = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10 }[event.key];
    if (!seconds) return;
    event.preventDefault();
    clock.seekTime(clock.time + seconds);
  });
  addEventListener("keydown", (event) => {
    const what = byKey[event.key.toLowerCase()];
    if (!what || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("select, input:not([type=range], [type=radio]), textarea")) return;
    if (event.key === " " && event.target.closest("button, a, summary, [type=radio]")) return; // theirs
    event.preventDefault();
    doing[what]();
  });
  root.querySelector(".duel-pair").addEventListener("submit", (event) => event.preventDefault());
  clock.addEventListener("change", update);
  choose(chosen, false);
  root.dataset.ready = "";
}

/** Why nothing can be seen; empty where it can. */
function trouble(fault, sides) {
  if (fault === "network") return "A film could not be loaded. Reload the page to try again.";
  if (fault) {
    const names = { h264: "H.264", hevc: "HEVC", av1: "AV1" };
    return `This browser cannot show ${[...new Set(sides.map(({ rung }) => names[rung.codec]))].join(" or ")}. Choose other ways, or open the page in another browser.`;
  }
  return "";
}

function tell(text) {
  note.hidden = !text;
  const words = note.querySelector("p");
  if (words.textContent !== text) words.textContent = text;
}

function exact(seconds) {
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return `${minutes}:${rest.toFixed(3).padStart(6, "0")}`;
}
