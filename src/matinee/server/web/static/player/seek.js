// The bar of time: where the film is, what is loaded, and a picture of the place under the pointer.

export function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (number) => String(number).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

export class Seek {
  #root; #video; #player; #bar; #thumb; #held = false; #pictures = []; #nameAt;

  /** `nameAt` gives the name of the chapter at a time, or nothing. */
  constructor(root, video, player, nameAt) {
    [this.#root, this.#video, this.#player, this.#nameAt] = [root, video, player, nameAt];
    this.#bar = root.querySelector("#seek");
    this.#thumb = root.querySelector(".thumb");
    this.#bar.addEventListener("input", () => { this.#held = true; this.#show(Number(this.#bar.value)); this.#preview(Number(this.#bar.value)); });
    this.#bar.addEventListener("change", () => { this.#held = false; video.currentTime = Number(this.#bar.value); });
    this.#bar.addEventListener("pointermove", (event) => this.#preview(this.#at(event)));
    for (const name of ["pointerleave", "blur"]) this.#bar.addEventListener(name, () => { this.#thumb.hidden = true; });
    for (const name of ["timeupdate", "durationchange", "progress", "seeking", "seeked"]) video.addEventListener(name, () => this.#update());
    this.#update();
  }

  /** Read the storyboard: a WebVTT file whose cues name a part of a sprite. A film without one has no pictures. */
  async storyboard(address) {
    if (!address) return;
    try {
      const track = await this.#player.addThumbnailsTrack(address, "text/vtt");
      this.#pictures = (await this.#player.getAllThumbnails(track.id)) ?? [];
    } catch (error) {
      console.warn("The pictures for seeking could not be read.", error);
    }
  }

  #at(event) {
    const box = this.#bar.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width)) * Number(this.#bar.max);
  }

  #update() {
    const { duration, currentTime, buffered } = this.#video;
    if (!Number.isFinite(duration)) return;
    this.#bar.max = duration;
    this.#root.querySelector('[data-say="duration"]').textContent = clock(duration);
    if (!this.#held) {
      this.#bar.value = currentTime;
      this.#show(currentTime);
    }
    const end = buffered.length ? buffered.end(buffered.length - 1) : 0;
    this.#root.querySelector(".loaded").style.transform = `scaleX(${Math.min(1, end / duration)})`;
  }

  #show(seconds) {
    const duration = Number(this.#bar.max);
    this.#root.querySelector(".played").style.transform = `scaleX(${duration ? seconds / duration : 0})`;
    this.#root.querySelector('[data-say="position"]').textContent = clock(seconds);
    const name = this.#nameAt(seconds);
    this.#root.querySelector('[data-say="chapter"]').textContent = name ?? "";
    this.#bar.setAttribute("aria-valuetext", `${clock(seconds)} of ${clock(duration)}${name ? `, ${name}` : ""}`);
  }

  #preview(seconds) {
    const picture = this.#pictures.findLast((one) => one.startTime <= seconds) ?? this.#pictures[0];
    const box = this.#bar.getBoundingClientRect();
    const width = picture?.width ?? 60;
    const left = (seconds / Number(this.#bar.max)) * box.width;
    this.#thumb.hidden = false;
    this.#thumb.style.left = `${Math.max(width / 2, Math.min(box.width - width / 2, left))}px`;
    this.#thumb.querySelector(".thumb-time").textContent = clock(seconds);
    const name = this.#thumb.querySelector(".thumb-name");
    name.textContent = this.#nameAt(seconds) ?? "";
    name.hidden = !name.textContent;
    const frame = this.#thumb.querySelector(".thumb-picture");
    frame.hidden = !picture;
    if (!picture) return;
    Object.assign(frame.style, {
      width: `${picture.width}px`,
      height: `${picture.height}px`,
      backgroundImage: `url("${picture.uris[0].replace(/#.*/, "")}")`,
      backgroundPosition: `-${picture.positionX}px -${picture.positionY}px`,
    });
  }
}
