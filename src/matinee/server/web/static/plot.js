// Events per second, drawn by uPlot in the colours of the style sheet.

const TOPICS = ["viewing", "impressions", "quality"];
const DASHES = [undefined, [8, 4], [2, 4]]; // told apart without colour too

export class RatePlot {
  #board; #seconds; #data = [[], [], [], []]; #plot; #tip; #keys;

  constructor(board) {
    this.#board = board;
    this.#seconds = Number(board.dataset.seconds);
    this.#tip = Object.assign(document.createElement("div"), { className: "tip", hidden: true });
    this.#keys = Object.assign(document.createElement("div"), { className: "keys-of-plot" });
    board.before(this.#keys);
    board.append(this.#tip);
    this.#draw();
    new ResizeObserver(() => this.#plot.setSize(this.#size())).observe(board);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { this.#plot.destroy(); this.#draw(); });
  }

  /** What this server saw before the page was opened. */
  async load() {
    const response = await fetch(`/api/console/events-rate?seconds=${this.#seconds}`);
    if (!response.ok) return;
    for (const rate of await response.json()) this.#push(rate);
    this.#show();
  }

  /** One more second. */
  add(rate) {
    if (rate.at_ms / 1000 <= (this.#data[0].at(-1) ?? 0)) return;
    this.#push(rate);
    this.#show();
  }

  #push(rate) {
    this.#data[0].push(rate.at_ms / 1000);
    TOPICS.forEach((topic, place) => this.#data[place + 1].push(rate.events[topic] ?? 0));
    const since = rate.at_ms / 1000 - this.#seconds;
    while (this.#data[0][0] < since) for (const column of this.#data) column.shift();
  }

  #show() {
    const { left, top } = this.#plot.cursor;
    this.#plot.setData(this.#data);
    this.#plot.setCursor({ left, top }); // the tooltip stays under the pointer, over the newest figures
    this.#legend();
  }

  #window() {
    const end = this.#data[0].at(-1) ?? Date.now() / 1000;
    return [end - this.#seconds, end];
  }

  #size() {
    return { width: Math.max(200, this.#board.clientWidth), height: Math.max(160, this.#board.clientHeight) };
  }

  #colour(name) {
    const probe = document.createElement("i");
    probe.style.color = `var(${name})`;
    this.#board.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  }

  #draw() {
    const [text, line] = ["--quiet", "--line"].map((name) => this.#colour(name));
    const font = "12px Inter, sans-serif";
    const axis = { stroke: text, font, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 } };
    const colours = TOPICS.map((_, place) => this.#colour(`--series-${place + 1}`));
    const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
    this.#plot = new uPlot({
      ...this.#size(),
      cursor: { y: false, points: { size: 8 }, drag: { x: false, y: false } },
      legend: { show: false },
      scales: { x: { time: true, range: () => this.#window() }, y: { range: (_, low, high) => [0, Math.max(1, high * 1.1)] } },
      axes: [{ ...axis, values: (_, times) => times.map((time) => clock.format(time * 1000)), space: 90 }, { ...axis, size: 56 }],
      series: [{}, ...TOPICS.map((label, place) => ({
        label, stroke: colours[place], width: 2, dash: DASHES[place], points: { show: false },
        fill: place ? undefined : colours[0].replace("rgb(", "rgba(").replace(")", ", .12)"),
      }))],
      hooks: { setCursor: [(plot) => this.#point(plot, clock)] },
    }, this.#data, this.#board.querySelector(".plot-canvas"));
    this.#keys.replaceChildren(...TOPICS.map((topic, place) => {
      const key = document.createElement("span");
      const sample = document.createElement("i");
      sample.style.borderColor = colours[place];
      sample.style.borderTopStyle = ["solid", "dashed", "dotted"][place];
      key.append(sample, topic, document.createElement("b"));
      return key;
    }));
    this.#legend();
  }

  #legend() {
    [...this.#keys.children].forEach((key, place) => {
      const text = (this.#data[place + 1].at(-1) ?? 0).toLocaleString("en");
      const value = key.querySelector("b");
      if (value.textContent !== text) value.textContent = text;
    });
  }

  #point(plot, clock) {
    const { idx, left } = plot.cursor;
    this.#tip.hidden = idx === null || idx === undefined || left < 0 || !this.#data[0].length;
    if (this.#tip.hidden) return;
    const lines = TOPICS.map((topic, place) => `${topic} ${(this.#data[place + 1][idx] ?? 0).toLocaleString("en")}`);
    this.#tip.replaceChildren(...[clock.format(this.#data[0][idx] * 1000), ...lines].map((text, place) =>
      Object.assign(document.createElement(place ? "span" : "b"), { textContent: text })));
    const over = plot.over.offsetLeft + left;
    const flip = over > this.#board.clientWidth - 170;
    Object.assign(this.#tip.style, { top: "12px", left: flip ? "" : `${over + 14}px`, right: flip ? `${this.#board.clientWidth - over + 14}px` : "" });
  }
}
