// Two films on one clock. The left one leads; the right one is sped up or slowed down by what it is off, and set anew
// where that is far. Neither goes on while the other waits for data.

const NEAR_S = 0.008; // what is left alone: less than a frame of any film
const FAR_S = 0.25;
const PULL = 1.5; // of the difference that is made good in a second
const READY = HTMLMediaElement.HAVE_FUTURE_DATA;

export class Clock extends EventTarget {
  #films; #rate; #last; #wanted = false; #held = false; #target = null; #seeking = false; #loading = 0; #fault = "";

  /** `rate` is frames a second, `duration` seconds. */
  constructor(films, rate, duration) {
    super();
    [this.#films, this.#rate] = [films, rate];
    this.#last = Math.max(0, Math.round(duration * rate) - 1);
    for (const film of films) {
      for (const name of ["waiting", "stalled", "canplay", "canplaythrough", "seeked", "loadeddata"]) film.addEventListener(name, () => this.#weigh());
      film.addEventListener("ended", () => this.pause());
      film.addEventListener("error", () => { if (film.getAttribute("src")) this.#broken(film); });
    }
    const tick = () => {
      if (this.playing) this.#pull();
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  /** Show other films, at the place where these are. Nothing is shown for empty addresses. */
  load(addresses) {
    const frame = this.frame;
    this.#loading += 1;
    this.#fault = "";
    this.#seeking = false;
    this.#target = null;
    this.#films.forEach((film, place) => {
      if (film.getAttribute("src") === addresses[place] && !film.error) return;
      if (addresses[place]) film.src = addresses[place];
      else {
        film.removeAttribute("src");
        film.load(); // lets go of what was there
      }
    });
    if (!addresses.every(Boolean)) this.#wanted = false;
    else this.seek(frame);
    this.#tell();
  }

  get wanted() { return this.#wanted; }
  get playing() { return this.#wanted && !this.#held && !this.#seeking; }
  get waiting() { return this.there && !this.#fault && (this.#seeking || this.#films.some((film) => film.readyState < (this.#wanted ? READY : 2))); }
  get there() { return this.#films.every((film) => film.getAttribute("src")); }
  get fault() { return this.#fault; }
  get rate() { return this.#rate; }
  get last() { return this.#last; }

  /** The frame that is shown, from 0. */
  get frame() {
    const at = this.#target ?? Math.floor(this.#films[0].currentTime * this.#rate + 1e-4);
    return Math.max(0, Math.min(this.#last, at));
  }

  get time() { return this.#target === null ? this.#films[0].currentTime : this.#target / this.#rate; }

  play() {
    if (!this.there || this.#fault) return;
    if (this.frame >= this.#last) this.seek(0);
    this.#wanted = true;
    this.#weigh();
  }

  pause() {
    if (!this.#wanted) return;
    this.#wanted = false;
    for (const film of this.#films) film.pause();
    this.seek(this.frame); // both on the very same frame
  }

  toggle() { if (this.#wanted) this.pause(); else this.play(); }

  step(frames) {
    const to = this.frame + frames;
    this.pause();
    this.seek(to);
  }

  /** Go to a frame; of many places asked for in a row only the last is gone to. */
  seek(frame) {
    this.#target = Math.max(0, Math.min(this.#last, Math.round(frame)));
    if (this.there && !this.#seeking) this.#go();
    this.#tell();
  }

  seekTime(seconds) { this.seek(Math.floor(seconds * this.#rate + 1e-4)); }

  #go() {
    this.#seeking = true;
    for (const film of this.#films) film.pause();
    const [target, loading] = [this.#target, this.#loading];
    // The middle of a frame is that frame, however times are rounded.
    Promise.all(this.#films.map((film) => at(film, (target + 0.5) / this.#rate))).then(() => {
      if (loading !== this.#loading) return;
      this.#seeking = false;
      if (this.#target !== target) this.#go();
      else this.#target = null;
      this.#weigh();
    }, () => {});
  }

  /** Let both go on, or none. */
  #weigh() {
    const ready = this.#films.every((film) => film.readyState >= READY || film.ended || (film.readyState >= 2 && this.frame >= this.#last));
    this.#held = !ready;
    if (this.#wanted && !this.#seeking) {
      for (const film of this.#films) {
        if (!ready) film.pause();
        else if (film.paused && !film.ended) film.play().catch(() => {}); // a seek or another film came in between
      }
    }
    this.#tell();
  }

  #pull() {
    const [lead, other] = this.#films;
    const off = other.currentTime - lead.currentTime;
    if (Math.abs(off) > FAR_S && !other.seeking) other.currentTime = lead.currentTime;
    other.playbackRate = Math.abs(off) < NEAR_S ? 1 : Math.max(0.8, Math.min(1.25, 1 - off * PULL));
    this.#tell();
  }

  #broken(film) {
    this.#wanted = false;
    this.#seeking = false;
    this.#fault = film.error?.code === MediaError.MEDIA_ERR_NETWORK ? "network" : "codec";
    this.#tell();
  }

  #tell() { this.dispatchEvent(new Event("change")); }
}

/** The film, once it shows this time. */
async function at(film, seconds) {
  if (film.readyState < HTMLMediaElement.HAVE_METADATA) await once(film, "loadedmetadata");
  film.playbackRate = 1;
  film.currentTime = seconds;
  await once(film, "seeked");
}

function once(film, name) {
  return new Promise((resolve, reject) => {
    const over = new AbortController();
    film.addEventListener(name, () => { over.abort(); resolve(); }, { signal: over.signal });
    film.addEventListener("error", () => { over.abort(); reject(film.error); }, { signal: over.signal });
  });
}
