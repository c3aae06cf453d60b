// The map of tastes: titles as points on a canvas. Drag, wheel, pinch or keys move it; pointing at a point names it.
// The list beside the map holds the same titles, so that nothing is to be had from the canvas alone.

const COLOURS = ["#e69f00", "#56b4e9", "#009e73", "#d55e00", "#cc79a7", "#0072b2", "#f0e442"]; // Okabe and Ito
const OTHER = "#8d8171";

class TasteMap {
  #atlas; #canvas; #pen; #tip; #said; #points; #colours; #liked; #view = { x: 0, y: 0, zoom: 1 };
  #pointers = new Map(); #chosen = null; #found = null; #hidden = new Set(); #drawing = 0; #moved = 0; #pinch = 0;

  constructor(atlas, data) {
    this.#atlas = atlas;
    this.#canvas = atlas.querySelector("canvas");
    this.#pen = this.#canvas.getContext("2d");
    this.#tip = atlas.querySelector(".tip");
    this.#said = atlas.querySelector("[role=status]");
    this.#liked = new Set(atlas.dataset.liked.split(",").filter(Boolean).map(Number));
    this.#points = data.title_ids.map((id, at) => ({
      id, name: data.names[at], genre: data.genres[at], x: data.x[at], y: data.y[at], size: 2 + 5 * Math.sqrt(data.popularity[at]),
    }));
    this.#keys();
    this.#listen();
    new ResizeObserver(() => this.#draw()).observe(this.#canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  // Colours by genre, the frequent ones first; a key shows and hides its genre.
  #keys() {
    const counts = new Map();
    for (const { genre } of this.#points) counts.set(genre, (counts.get(genre) ?? 0) + 1);
    const names = [...counts].sort((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]));
    this.#colours = new Map(names.map(([name], at) => [name, name && COLOURS[at] || OTHER]));
    const keys = names.slice(0, 24).map(([name, count]) => {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "atlas-key" });
      button.setAttribute("aria-pressed", "true");
      const swatch = document.createElement("i");
      swatch.style.background = this.#colours.get(name);
      button.append(swatch, name || "no genre", Object.assign(document.createElement("span"), { className: "quiet", textContent: count }));
      button.addEventListener("click", () => {
        const shown = this.#hidden.delete(name) || !this.#hidden.add(name);
        button.setAttribute("aria-pressed", String(shown));
        this.#draw();
      });
      const item = document.createElement("li");
      item.append(button);
      return item;
    });
    this.#atlas.querySelector(".atlas-keys").replaceChildren(...keys);
  }

  #listen() {
    const canvas = this.#canvas;
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.#zoom(Math.exp(-event.deltaY / 400), event.offsetX, event.offsetY);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.#pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
      this.#moved = 0;
      this.#pinch = this.#apart();
    });
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, (event) => {
      this.#pointers.delete(event.pointerId);
      if (name === "pointerup" && this.#moved < 6) this.#choose(this.#near(event.offsetX, event.offsetY), true);
    });
    canvas.addEventListener("pointerleave", () => this.#choose(null));
    canvas.addEventListener("keydown", (event) => this.#key(event));
    this.#atlas.querySelector("#atlas-find").addEventListener("input", (event) => this.#find(event.target.value));
    const acts = { in: () => this.#zoom(1.6), out: () => this.#zoom(1 / 1.6), all: () => this.#all() };
    for (const button of this.#atlas.querySelectorAll("[data-do]")) button.addEventListener("click", acts[button.dataset.do]);
    const list = this.#atlas.querySelector(".atlas-list");
    const ofItem = (event) => this.#points.find(({ id }) => id === Number(event.target.closest("[data-id]")?.dataset.id));
    for (const name of ["focusin", "mouseover"]) list.addEventListener(name, (event) => this.#choose(ofItem(event) ?? null));
  }

  #move(event) {
    const held = this.#pointers.get(event.pointerId);
    if (!held) return this.#choose(this.#near(event.offsetX, event.offsetY));
    this.#pointers.set(event.pointerId, [event.offsetX, event.offsetY]);
    const [dx, dy] = [event.offsetX - held[0], event.offsetY - held[1]];
    this.#moved += Math.abs(dx) + Math.abs(dy);
    if (this.#pointers.size === 1) return this.#pan(dx, dy);
    const apart = this.#apart();
    const [[ax, ay], [bx, by]] = [...this.#pointers.values()];
    if (this.#pinch) this.#zoom(apart / this.#pinch, (ax + bx) / 2, (ay + by) / 2);
    this.#pan(dx / 2, dy / 2);
    this.#pinch = apart;
  }

  #apart() {
    if (this.#pointers.size !== 2) return 0;
    const [[ax, ay], [bx, by]] = [...this.#pointers.values()];
    return Math.hypot(ax - bx, ay - by);
  }

  #key(event) {
    const acts = {
      ArrowLeft: () => this.#pan(60, 0), ArrowRight: () => this.#pan(-60, 0), ArrowUp: () => this.#pan(0, 60), ArrowDown: () => this.#pan(0, -60),
      "+": () => this.#zoom(1.4), "=": () => this.#zoom(1.4), "-": () => this.#zoom(1 / 1.4), 0: () => this.#all(),
    };
    if (!acts[event.key] || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    acts[event.key]();
  }

  #size() { return [this.#canvas.clientWidth, this.#canvas.clientHeight]; }

  #scale() { return (Math.min(...this.#size()) / 2 - 24) * this.#view.zoom; }

  #place({ x, y }) {
    const [width, height] = this.#size();
    return [width / 2 + (x - this.#view.x) * this.#scale(), height / 2 - (y - this.#view.y) * this.#scale()];
  }

  #pan(dx, dy) {
    this.#view.x -= dx / this.#scale();
    this.#view.y += dy / this.#scale();
    this.#draw();
  }

  #zoom(by, x = this.#size()[0] / 2, y = this.#size()[1] / 2) {
    const [width, height] = this.#size();
    const before = this.#scale();
    this.#view.zoom = Math.min(60, Math.max(0.6, this.#view.zoom * by));
    const gain = 1 / before - 1 / this.#scale();
    this.#view.x += (x - width / 2) * gain; // what is under the pointer stays there
    this.#view.y -= (y - height / 2) * gain;
    this.#draw();
  }

  #all() {
    this.#view = { x: 0, y: 0, zoom: 1 };
    this.#draw();
  }

  #near(x, y) {
    let best = null, least = 18;
    for (const point of this.#points) {
      if (this.#hidden.has(point.genre)) continue;
      const [px, py] = this.#place(point);
      const away = Math.hypot(px - x, py - y) - point.size;
      if (away < least) [best, least] = [point, away];
    }
    return best;
  }

  #choose(point, say = false) {
    if (point === this.#chosen && !say) return;
    this.#chosen = point;
    this.#tip.hidden = !point;
    if (point) {
      const genre = Object.assign(document.createElement("span"), { textContent: point.genre });
      const liked = this.#liked.has(point.id) ? [Object.assign(document.createElement("span"), { textContent: "liked" })] : [];
      this.#tip.replaceChildren(Object.assign(document.createElement("b"), { textContent: point.name }), genre, ...liked);
      if (say) {
        this.#said.textContent = [point.name, point.genre].filter(Boolean).join(", ");
        this.#atlas.querySelector(`.atlas-list [data-id="${point.id}"]`)?.scrollIntoView({ block: "nearest" });
      }
    }
    this.#draw();
  }

  #find(text) {
    const wanted = text.trim().toLowerCase();
    this.#found = wanted ? new Set(this.#points.filter(({ name }) => name.toLowerCase().includes(wanted)).map(({ id }) => id)) : null;
    for (const item of this.#atlas.querySelectorAll(".atlas-list [data-id]")) item.hidden = Boolean(this.#found) && !this.#found.has(Number(item.dataset.id));
    const count = this.#found?.size ?? this.#points.length;
    this.#said.textContent = `${count.toLocaleString("en")} ${count === 1 ? "title" : "titles"}${wanted ? ` called “${text.trim()}”` : ""}.`;
    if (this.#found?.size === 1) {
      const point = this.#points.find(({ id }) => this.#found.has(id));
      this.#view = { x: point.x, y: point.y, zoom: Math.max(4, this.#view.zoom) };
    }
    this.#draw();
  }

  #draw() {
    this.#drawing ||= requestAnimationFrame(() => { this.#drawing = 0; this.#paint(); });
  }

  #paint() {
    const [width, height] = this.#size();
    const dense = devicePixelRatio || 1;
    if (this.#canvas.width !== Math.round(width * dense) || this.#canvas.height !== Math.round(height * dense)) {
      Object.assign(this.#canvas, { width: Math.round(width * dense), height: Math.round(height * dense) });
    }
    const pen = this.#pen, style = getComputedStyle(this.#canvas);
    pen.setTransform(dense, 0, 0, dense, 0, 0);
    pen.clearRect(0, 0, width, height);
    const grow = Math.min(2.4, this.#view.zoom ** 0.3);
    const seen = [];
    for (const point of this.#points) {
      if (this.#hidden.has(point.genre)) continue;
      const [x, y] = this.#place(point);
      if (x < -30 || y < -30 || x > width + 30 || y > height + 30) continue;
      seen.push([point, x, y]);
      const dim = (this.#found && !this.#found.has(point.id)) || (!this.#found && this.#liked.size && !this.#liked.has(point.id));
      pen.globalAlpha = dim ? 0.25 : 0.88;
      pen.fillStyle = this.#colours.get(point.genre);
      pen.beginPath();
      pen.arc(x, y, point.size * grow, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
    for (const [point, x, y] of seen) if (this.#liked.has(point.id) || point === this.#chosen) this.#ring(x, y, point.size * grow + 3, style.color, point === this.#chosen ? 3 : 1.6);
    this.#name(seen, grow, style);
    if (this.#chosen) this.#putTip();
  }

  #ring(x, y, radius, colour, width) {
    Object.assign(this.#pen, { strokeStyle: colour, lineWidth: width });
    this.#pen.beginPath();
    this.#pen.arc(x, y, radius, 0, 7);
    this.#pen.stroke();
  }

  // Names where there is room for them, the most watched first.
  #name(seen, grow, style) {
    const pen = this.#pen, taken = [];
    Object.assign(pen, { font: "500 12px Inter, sans-serif", textBaseline: "middle", lineJoin: "round", lineWidth: 4, strokeStyle: style.backgroundColor, fillStyle: style.color });
    const wanted = seen.filter(([{ id }]) => !this.#found || this.#found.has(id)).sort(([a], [b]) => this.#liked.has(b.id) - this.#liked.has(a.id) || b.size - a.size);
    for (const [point, x, y] of wanted.slice(0, 160)) {
      const text = point.name.length > 30 ? `${point.name.slice(0, 29)}…` : point.name;
      const box = [x + point.size * grow + 5, y - 9, pen.measureText(text).width + 6, 18];
      if (taken.some(([bx, by, bw, bh]) => box[0] < bx + bw && bx < box[0] + box[2] && box[1] < by + bh && by < box[1] + box[3])) continue;
      taken.push(box);
      pen.strokeText(text, box[0], y);
      pen.fillText(text, box[0], y);
      if (taken.length > 46) return;
    }
  }

  #putTip() {
    const [x, y] = this.#place(this.#chosen);
    const [width] = this.#size();
    const flip = x > width - 190;
    Object.assign(this.#tip.style, { left: flip ? "" : `${x + 16}px`, right: flip ? `${width - x + 16}px` : "", top: `${this.#canvas.offsetTop + y + 14}px` });
  }
}

const atlas = document.querySelector(".atlas");
if (atlas) {
  const response = await fetch("/api/console/taste/map");
  if (response.ok) new TasteMap(atlas, await response.json());
}
