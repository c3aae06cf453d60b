// Plots of a comparison, drawn by uPlot in the colours of the style sheet: the hull of every way, and two rungs over time.

import { Board, DASHES, keys } from "../board.js";

const AXIS = 58;
const NEAR_PX = 24;

/** VMAF over kbps, a line for each way; the rungs that are shown are ringed. */
export class Hull extends Board {
  #found; #shown = []; #keys;

  constructor(board, place, found) {
    super(board);
    [this.#keys, this.#found] = [place, found];
    this.draw();
  }

  /** Ring these rungs: pairs of a way's place and a rung's. */
  set shown(shown) {
    this.#shown = shown;
    this.plot.redraw(false);
  }

  draw() {
    const { ways, pooling } = this.#found;
    const rungs = ways.flatMap((way) => way.rungs);
    const all = [...new Set(rungs.map((one) => one.kbps))].sort((one, other) => one - other);
    const lines = ways.map((way) => {
      const at = new Map(way.rungs.map((one) => [one.kbps, one.vmaf[pooling]]));
      return all.map((kbps) => at.get(kbps) ?? null);
    });
    const [low, high] = [Math.min(...rungs.map((one) => one.vmaf[pooling])), Math.max(...rungs.map((one) => one.vmaf[pooling]))];
    const colours = ways.map((_, place) => this.series(place));
    this.make({
      scales: { x: { time: false, distr: 3, range: () => [all[0] / 1.2, all.at(-1) * 1.2] }, y: { range: () => [Math.max(0, low - 4), Math.min(101, high + 4)] } },
      axes: [
        { ...this.axis("kbps"), size: 50, splits: (_, axis, from, to) => rounds(from, to), filter: (_, at) => at, values: (_, at) => at.map((one) => one.toLocaleString("en")) },
        { ...this.axis("VMAF"), size: AXIS },
      ],
      series: [{}, ...ways.map((way, place) => ({
        label: way.way, stroke: colours[place], width: 2, dash: DASHES[place % DASHES.length], spanGaps: true,
        points: { show: true, size: 7, fill: colours[place], stroke: colours[place] },
      }))],
      hooks: {
        draw: [(plot) => this.#ring(plot)],
        setCursor: [(plot) => this.#point(plot)],
      },
    }, [all, ...lines]);
    keys(this.#keys, ways.map((way) => way.way), colours);
  }

  #places(plot, ratio) {
    const { ways, pooling } = this.#found;
    return ways.flatMap((way, number) => way.rungs.map((one, rung) => ({
      way, one, number, rung, x: plot.valToPos(one.kbps, "x", ratio), y: plot.valToPos(one.vmaf[pooling], "y", ratio),
    })));
  }

  #ring(plot) {
    const { ctx } = plot;
    ctx.save();
    ctx.strokeStyle = this.colour("--text");
    ctx.lineWidth = 2 * devicePixelRatio;
    for (const { number, rung, x, y } of this.#places(plot, true)) {
      if (!this.#shown.some(([way, place]) => way === number && place === rung)) continue;
      ctx.beginPath();
      ctx.arc(x, y, 8 * devicePixelRatio, 0, 2 * Math.PI);
      ctx.stroke();
    }
    ctx.restore();
  }

  #point(plot) {
    const { left, top } = plot.cursor;
    const far = (one) => Math.hypot(one.x - left, one.y - top);
    const near = left < 0 ? [] : this.#places(plot, false).filter((one) => far(one) < NEAR_PX).sort((one, other) => far(one) - far(other));
    if (!near.length) return this.say(null);
    const { way, one, x, y } = near[0];
    this.say([way.way, `${one.width}×${one.height}, ${kbps(one.kbps)}`, ...Object.entries(one.vmaf).map(([name, value]) => `VMAF ${value.toFixed(1)}, ${name}`)], x, y - 40);
  }
}

/** Two rungs over time: quality, and bits by unit, under one cursor. */
export class OverTime {
  #quality; #bits; #boards; #found; #sides = []; #keys; #go; #now = 0; #peak = 0;

  /** `go(seconds)` is called where somebody clicks. */
  constructor(quality, bits, place, found, go) {
    [this.#found, this.#keys, this.#go] = [found, place, go];
    [this.#quality, this.#bits] = [new Board(quality), new Board(bits)];
    this.#boards = [this.#quality, this.#bits];
    for (const board of this.#boards) board.draw = () => this.#draw();
    bits.hidden = found.bounds_s.length < 2;
  }

  /** `sides` are two rungs with the names of their ways; `peak` is when they differ most. */
  show(sides, peak) {
    [this.#sides, this.#peak] = [sides, peak];
    this.#draw();
  }

  /** The line of what is played. */
  set now(seconds) {
    this.#now = seconds;
    for (const { plot, board } of this.#boards) {
      if (!plot) continue;
      const line = board.querySelector(".now");
      line.hidden = false;
      Object.assign(line.style, { left: `${plot.over.offsetLeft + plot.valToPos(seconds, "x")}px`, top: `${plot.over.offsetTop}px`, height: `${plot.over.clientHeight}px` });
    }
  }

  #draw() {
    if (!this.#sides.length) return;
    const { step_s: step, bounds_s: bounds, duration_s: duration } = this.#found;
    const [quality, bits] = this.#boards;
    const colours = this.#sides.map(({ number }) => quality.series(number));
    const dashes = DASHES.slice(0, 2); // left and right, whichever ways they are
    const cursor = { y: false, drag: { x: false, y: false }, points: { size: 8 }, sync: { key: "duel", setSeries: false } };
    const x = { time: false, range: () => [0, duration] };
    const click = { ready: [(plot) => plot.over.addEventListener("click", () => this.#go(plot.posToVal(plot.cursor.left, "x")))] };
    const clock = { ...quality.axis(), size: 30, values: (_, at) => at.map((one) => short(one, duration)), space: 70 };
    const lines = this.#sides.map(({ rung }, place) => ({ label: this.#sides[place].way, stroke: colours[place], width: 2, dash: dashes[place], points: { show: false } }));

    const times = this.#sides[0].rung.quality.map((_, place) => Math.min(duration, place * step));
    const scores = this.#sides.map(({ rung }) => rung.quality);
    const low = Math.min(...scores.flat());
    quality.make({
      cursor: { ...cursor },
      scales: { x, y: { range: () => [Math.max(0, Math.floor(low / 10) * 10), 100.5] } },
      axes: [{ ...clock }, { ...quality.axis("VMAF"), size: AXIS }],
      series: [{}, ...lines],
      hooks: { ...click, drawAxes: [(plot) => this.#between(plot)], draw: [(plot) => this.#mark(plot)], setCursor: [(plot) => this.#tellQuality(plot)] },
    }, [times, ...scores]);

    if (bounds.length > 1) {
      const stairs = uPlot.paths.stepped({ align: 1 });
      const shares = this.#sides.map(({ rung }) => [...rung.unit_kbps, rung.unit_kbps.at(-1)]);
      bits.make({
        cursor: { ...cursor },
        scales: { x, y: { range: (_, __, high) => [0, high * 1.08] } },
        axes: [{ ...clock }, { ...bits.axis("kbps"), size: AXIS }],
        series: [{}, ...lines.map((line) => ({ ...line, paths: stairs }))],
        hooks: { ...click, setCursor: [(plot) => this.#tellBits(plot)] },
      }, [bounds, ...shares]);
    }
    keys(this.#keys, this.#sides.map(({ way, rung }) => `${way}, ${kbps(rung.kbps)}`), colours, dashes);
    this.now = this.#now;
  }

  /** What lies between the two curves, and where units begin. */
  #between(plot) {
    const { ctx, bbox, data: [times, one, other] } = plot;
    const to = (place, values) => ctx.lineTo(plot.valToPos(times[place], "x", true), plot.valToPos(values[place], "y", true));
    ctx.save();
    ctx.fillStyle = this.#quality.colour("--text");
    ctx.globalAlpha = 0.14;
    for (const at of this.#found.bounds_s.slice(1, -1)) ctx.fillRect(Math.round(plot.valToPos(at, "x", true)), bbox.top, devicePixelRatio, bbox.height);
    ctx.beginPath();
    for (let place = 0; place < times.length; place += 1) to(place, one);
    for (let place = times.length - 1; place >= 0; place -= 1) to(place, other);
    ctx.fill();
    ctx.restore();
  }

  /** Where the two differ most. */
  #mark(plot) {
    const { ctx, bbox } = plot;
    const [x, size] = [plot.valToPos(this.#peak, "x", true), 6 * devicePixelRatio];
    ctx.save();
    ctx.fillStyle = this.#quality.colour("--text");
    ctx.beginPath();
    ctx.moveTo(x - size, bbox.top);
    ctx.lineTo(x + size, bbox.top);
    ctx.lineTo(x, bbox.top + size * 1.3);
    ctx.fill();
    ctx.restore();
  }

  #tellQuality(plot) {
    const { idx, left } = plot.cursor;
    if (idx === null || idx === undefined || left < 0) return this.#quality.say(null);
    const values = this.#sides.map(({ rung }) => rung.quality[idx]);
    const apart = values[1] - values[0];
    const lines = this.#sides.map(({ way }, place) => `${way} ${values[place].toFixed(1)}`);
    this.#quality.say([short(plot.data[0][idx], this.#found.duration_s), ...lines, `${apart >= 0 ? "+" : "−"}${Math.abs(apart).toFixed(1)} on the right`], left, 12);
  }

  #tellBits(plot) {
    const { left } = plot.cursor;
    if (left === undefined || left < 0) return this.#bits.say(null);
    const unit = unitAt(this.#found.bounds_s, plot.posToVal(left, "x"));
    const lines = this.#sides.map(({ way, rung }) => `${way} ${kbps(rung.unit_kbps[unit])}`);
    this.#bits.say([`Unit ${unit + 1} of ${this.#found.bounds_s.length - 1}`, ...lines], left, 8);
  }
}

/** The unit that a time lies in. */
function unitAt(bounds, seconds) {
  const after = bounds.findIndex((one) => one > seconds);
  return after < 0 ? bounds.length - 2 : Math.max(0, after - 1);
}

/** Round numbers on a logarithmic axis, as many as can be told apart. */
function rounds(from, to) {
  const found = [];
  const factors = to / from > 60 ? [1, 3] : to / from > 6 ? [1, 2, 5] : [1, 1.5, 2, 3, 4, 5, 6, 8];
  for (let power = Math.floor(Math.log10(from)); power <= Math.ceil(Math.log10(to)); power += 1) {
    for (const factor of factors) if (factor * 10 ** power >= from && factor * 10 ** power <= to) found.push(Number((factor * 10 ** power).toPrecision(3)));
  }
  return found;
}

export function kbps(value) { return `${value.toLocaleString("en", { maximumFractionDigits: value < 100 ? 1 : 0 })} kbps`; }

function short(seconds, duration) {
  const [minutes, rest] = [Math.floor(seconds / 60), seconds % 60];
  return `${minutes}:${rest.toFixed(duration < 20 ? 1 : 0).padStart(duration < 20 ? 4 : 2, "0")}`;
}
