// What became of jobs day by day, and whose they were: two plots of the same days, as stacked bars.
import { Board, keys } from "../board.js";

const OWNERS = 5; // with a colour of their own; the others share one
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });

class Stacks extends Board {
  #days; #layers; #unit;

  /** Each layer has a name, the name of its colour, and a number for each day. */
  constructor(board, days, layers, unit) {
    super(board);
    [this.#days, this.#layers, this.#unit] = [days, layers, unit];
    this.draw();
  }

  draw() {
    const sums = this.#layers.map((_, place) => this.#days.map((_, day) => this.#sum(place, day)));
    const colours = this.#layers.map((one) => this.colour(one.colour));
    const bars = uPlot.paths.bars({ size: [0.72, 56], radius: 0 });
    this.make({
      scales: { x: { time: false, range: () => [-0.6, this.#days.length - 0.4] }, y: { range: (_, low, high) => [0, high * 1.08 || 1] } },
      axes: [
        { ...this.axis(), size: 36, grid: { show: false }, splits: () => this.#days.map((_, day) => day).filter((day) => day % this.#every() === 0), values: (_, at) => at.map((day) => this.#days[day]) },
        { ...this.axis(this.#unit), size: 64 },
      ],
      series: [{}, ...sums.map((_, place) => ({ paths: bars, points: { show: false }, width: 0, fill: colours[place] })).reverse()],
      hooks: { setCursor: [(plot) => this.#point(plot)] },
    }, [this.#days.map((_, day) => day), ...sums.reverse()]);
    const place = this.board.parentElement.querySelector(".keys-of-plot");
    keys(place, this.#layers.map((one) => one.name), colours, []);
  }

  /** The height of a stack up to a layer. */
  #sum(place, day) { return this.#layers.slice(0, place + 1).reduce((sum, one) => sum + one.numbers[day], 0); }

  /** So many days have one label, that labels do not touch. */
  #every() { return Math.ceil(this.#days.length / Math.max(1, (this.size().width - 80) / 64)); }

  #point(plot) {
    const { idx: day, left } = plot.cursor;
    if (left < 0 || day === null || day === undefined) return this.say(null);
    const told = this.#layers.filter((one) => one.numbers[day]).map((one) => `${one.name} ${one.numbers[day].toLocaleString("en", { maximumFractionDigits: 2 })}`);
    this.say([this.#days[day], ...(told.length ? told.reverse() : ["nothing"])], left, 8);
  }
}

const page = document.querySelector("[data-history]");
const answer = page && await fetch(page.dataset.history).catch(() => null);
if (answer?.ok) show(await answer.json());

function show(history) {
  const days = history.map((one) => DAY.format(new Date(`${one.day}T00:00:00Z`)));
  const states = page.dataset.states.split(",").map((one) => one.split(":"));
  const ended = states.map(([status, word]) => ({ name: word, colour: `--${word}`, numbers: history.map((one) => one.ended[status] ?? 0) }));
  new Stacks(page.querySelector("[data-plot=ended]"), days, ended.filter(any), "jobs");
  new Stacks(page.querySelector("[data-plot=hours]"), days, owners(history), "CPU hours");
}

function any(layer) { return layer.numbers.some(Boolean); }

function owners(history) {
  const sums = new Map();
  for (const { cpuHours } of history) for (const [owner, hours] of Object.entries(cpuHours)) sums.set(owner, (sums.get(owner) ?? 0) + hours);
  const sorted = [...sums.keys()].sort((one, other) => sums.get(other) - sums.get(one));
  const layer = (name, colour, whose) => ({ name, colour, numbers: history.map((one) => whose.reduce((sum, owner) => sum + (one.cpuHours[owner] ?? 0), 0)) });
  const first = sorted.slice(0, OWNERS).map((owner, place) => layer(owner, `--series-${place + 1}`, [owner]));
  const others = sorted.slice(OWNERS);
  return others.length ? [...first, layer(`${others.length} others`, "--edge", others)] : first;
}
