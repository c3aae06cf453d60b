// What plots have in common: a place on the page, drawn on by uPlot in the colours of the style sheet.

export const DASHES = [undefined, [9, 4], [2, 4], [12, 4, 2, 4], [5, 3], [1, 3], [14, 5]]; // told apart without colour too

/** The name of a colour of the sequence in the style sheet. */
export function series(place) { return `--series-${(place % DASHES.length) + 1}`; }

export class Board {
  plot; board; tip;

  constructor(board) {
    this.board = board;
    this.tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    board.append(this.tip);
    new ResizeObserver(() => this.plot?.setSize(this.size())).observe(board);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  size() { return { width: Math.max(200, this.board.clientWidth), height: Math.max(120, this.board.clientHeight) }; }

  colour(name) {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    this.board.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  /** A colour of the sequence. */
  series(place) { return this.colour(series(place)); }

  axis(label) {
    const [text, line] = ["--quiet", "--line"].map((name) => this.colour(name));
    const font = "12px Inter, sans-serif";
    const named = label ? { label, labelFont: font, labelSize: 18, labelGap: 0 } : {};
    return { stroke: text, font, ...named, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1, size: 5 } };
  }

  make(options, data) {
    this.plot?.destroy();
    const bare = { cursor: { y: false, drag: { x: false, y: false } }, legend: { show: false } };
    this.plot = new uPlot({ ...this.size(), ...bare, ...options }, data, this.board.querySelector(".plot-canvas"));
  }

  /** Words beside a place of the plot, in pixels of its inside; none where there are no words. */
  say(lines, left = 0, top = 0) {
    this.tip.hidden = !lines;
    if (!lines) return;
    this.tip.replaceChildren(...lines.map((text, place) => Object.assign(document.createElement(place ? "span" : "b"), { textContent: text })));
    const over = this.plot.over.offsetLeft + left;
    const flip = over > this.board.clientWidth - this.tip.offsetWidth - 24;
    Object.assign(this.tip.style, {
      top: `${Math.max(4, top)}px`, left: flip ? "" : `${over + 14}px`, right: flip ? `${this.board.clientWidth - over + 14}px` : "",
    });
  }
}

/** What the colours stand for. */
export function keys(place, names, colours, dashes = DASHES) {
  place.replaceChildren(...names.map((name, number) => {
    const key = document.createElement("span");
    const sample = document.createElement("i");
    sample.style.borderColor = colours[number];
    sample.style.borderTopStyle = !dashes[number] ? "solid" : dashes[number][0] > 4 ? "dashed" : "dotted";
    key.append(sample, name);
    return key;
  }));
}
