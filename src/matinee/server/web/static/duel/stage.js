// The frame that both films stand in: the divider between them, by pointer and by keys, and how large the picture is.

const STEP = 2;
const LEAP = 10;
const PAN = 40;

export class Stage {
  #root; #divider; #divide = 50; #zoom = "fit"; #x = 0; #y = 0; #size;

  /** `size` is width and height of the original. */
  constructor(root, size) {
    [this.#root, this.#size] = [root, size];
    this.#divider = root.querySelector(".duel-divider");
    this.#divider.addEventListener("keydown", (event) => this.#key(event));
    root.addEventListener("pointerdown", (event) => this.#take(event));
    root.addEventListener("keydown", (event) => this.#pan(event));
    new ResizeObserver(() => this.#draw()).observe(root);
    this.names = ["left", "right"];
  }

  /** What stands on either side. */
  set names([left, right]) {
    this.#divider.setAttribute("aria-label", `Divider between ${left}, left, and ${right}, right`);
    this.#divider.dataset.left = left;
    this.#divider.dataset.right = right;
    this.#draw();
  }

  get zoom() { return this.#zoom; }

  /** `fit`, or how many pixels of the page a pixel of the original takes. */
  set zoom(zoom) {
    const before = this.#scale() || 1;
    this.#zoom = zoom;
    this.#root.classList.toggle("zoomed", zoom !== "fit");
    if (zoom === "fit") [this.#x, this.#y] = [0, 0];
    else [this.#x, this.#y] = [this.#x, this.#y].map((one) => (one / before) * Number(zoom));
    this.#draw();
  }

  #scale() { return this.#zoom === "fit" ? 0 : Number(this.#zoom); }

  #key(event) {
    const step = event.shiftKey ? LEAP : STEP;
    const to = {
      ArrowLeft: this.#divide - step, ArrowDown: this.#divide - step, ArrowRight: this.#divide + step, ArrowUp: this.#divide + step,
      PageDown: this.#divide - LEAP, PageUp: this.#divide + LEAP, Home: 0, End: 100,
    }[event.key];
    if (to === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    this.#divide = to;
    this.#draw();
  }

  #pan(event) {
    const [across, down] = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key] ?? [0, 0];
    if ((!across && !down) || this.#zoom === "fit" || event.target !== this.#root) return;
    event.preventDefault();
    this.#x += across * PAN;
    this.#y += down * PAN;
    this.#draw();
  }

  /** Drag the divider; where the picture is larger than the frame, what is taken beside the divider is the picture. */
  #take(event) {
    if (event.button !== 0) return;
    const divider = this.#zoom === "fit" || this.#divider.contains(event.target);
    const [fromX, fromY, x, y] = [event.clientX, event.clientY, this.#x, this.#y];
    const over = new AbortController();
    const move = (at) => {
      const box = this.#root.getBoundingClientRect();
      if (divider) this.#divide = ((at.clientX - box.left) / box.width) * 100;
      else [this.#x, this.#y] = [x + at.clientX - fromX, y + at.clientY - fromY];
      this.#draw();
    };
    event.preventDefault();
    this.#root.setPointerCapture(event.pointerId);
    (divider ? this.#divider : this.#root).focus({ preventScroll: true, focusVisible: false });
    this.#root.addEventListener("pointermove", move, { signal: over.signal });
    for (const end of ["pointerup", "pointercancel"]) this.#root.addEventListener(end, () => over.abort(), { signal: over.signal });
    if (divider) move(event);
  }

  #draw() {
    const { clientWidth, clientHeight } = this.#root;
    this.#divide = Math.max(0, Math.min(100, this.#divide));
    const { style } = this.#root;
    const scale = this.#scale();
    if (scale) {
      const [wide, high] = this.#size.map((one) => one * scale);
      this.#x = held(this.#x, wide, clientWidth);
      this.#y = held(this.#y, high, clientHeight);
      style.setProperty("--wide", `${wide}px`);
      style.setProperty("--high", `${high}px`);
    } else for (const name of ["--wide", "--high"]) style.removeProperty(name);
    style.setProperty("--x", `${this.#x}px`);
    style.setProperty("--y", `${this.#y}px`);
    style.setProperty("--divide", `${this.#divide}%`);
    const share = Math.round(this.#divide);
    const { left, right } = this.#divider.dataset;
    this.#divider.setAttribute("aria-valuenow", share);
    this.#divider.setAttribute("aria-valuetext", share === 50 ? "Half of each" : `${share} % ${left}, ${100 - share} % ${right}`);
    // A name goes where there is nothing left to be named.
    this.#root.querySelector('[data-label="left"]').classList.toggle("gone", share < 3);
    this.#root.querySelector('[data-label="right"]').classList.toggle("gone", share > 97);
  }
}

/** A place at which the picture still covers the frame, or stands in its middle where it is smaller. */
function held(place, picture, frame) {
  const room = Math.max(0, (picture - frame) / 2);
  return Math.max(-room, Math.min(room, place));
}
