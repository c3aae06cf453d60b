// Chapters: their names, where they begin on the bar of time, a menu of them, and steps from one to the next.
import { clock } from "./seek.js";

const AGAIN_S = 3; // so long into a chapter, a step back goes to its own beginning
const LANGUAGE = "und";

export class Chapters {
  #root; #video; #all = []; #buttons = [];

  constructor(root, video) {
    [this.#root, this.#video] = [root, video];
    // Until what was jumped to has loaded, only "seeking" comes.
    for (const name of ["seeking", "timeupdate"]) video.addEventListener(name, () => this.#mark());
  }

  get any() { return this.#all.length > 0; }

  /** Read them from a WebVTT file. A film without one has none. */
  async read(player, address) {
    if (!address) return;
    try {
      await player.addChaptersTrack(address, LANGUAGE, "text/vtt");
      this.#all = await player.getChaptersAsync(LANGUAGE);
    } catch (error) {
      console.warn("The chapters could not be read.", error);
    }
    if (this.any) this.#draw();
  }

  /** The chapter at a time; nothing between or before them. */
  at(seconds) {
    return this.#all.find((one) => one.startTime <= seconds && seconds < one.endTime);
  }

  /** Go so many chapters on or back; says where that is. */
  step(by) {
    const now = this.#video.currentTime;
    const target = by > 0
      ? this.#all.find((one) => one.startTime > now)
      : this.#all.findLast((one) => one.startTime < now - AGAIN_S) ?? this.#all[0];
    if (!target) return "This is the last chapter";
    this.#video.currentTime = target.startTime;
    return target.title;
  }

  #draw() {
    const track = this.#root.querySelector(".track");
    for (const old of track.querySelectorAll("i")) old.remove();
    for (const one of this.#all.filter((one) => one.startTime > 0)) {
      const mark = document.createElement("i");
      mark.style.left = `${(one.startTime / this.#video.duration) * 100}%`;
      track.append(mark);
    }
    this.#buttons = this.#all.map((one) => this.#button(one));
    this.#root.querySelector('[data-list="chapters"]').replaceChildren(...this.#buttons.map((one) => one.parentElement));
    this.#root.querySelector('[data-menu="chapters"]').hidden = false;
    this.#mark();
  }

  #button(chapter) {
    const button = Object.assign(document.createElement("button"), { type: "button" });
    const time = Object.assign(document.createElement("span"), { className: "quiet", textContent: clock(chapter.startTime) });
    button.append(Object.assign(document.createElement("span"), { textContent: chapter.title }), " ", time);
    button.addEventListener("click", () => { this.#video.currentTime = chapter.startTime; });
    document.createElement("li").append(button);
    return button;
  }

  #mark() {
    const now = this.#all.indexOf(this.at(this.#video.currentTime));
    this.#buttons.forEach((button, i) => button.setAttribute("aria-current", String(i === now)));
  }
}
