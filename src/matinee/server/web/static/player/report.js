// What the viewer did, sent in batches to /api/events. Every event has its own id, so a batch that may or may not
// have arrived is sent again without harm; what waits when the page is left goes with a request that outlives it.

const FLUSH_MS = 5000;
const PROGRESS_S = 10;
const QUALITY_S = 30;
const KEPT = 500; // events that may wait while the network is away

export function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Reporter {
  #film; #video; #player; #queue = []; #sending = false; #allowed; #play = null;
  #opened = performance.now(); #startup = null; #watched = 0; #ticked = 0; #sentAt = 0; #qualityAt = 0;
  #stalledAt = null; #stalled = 0; #before = { dropped: 0, switches: 0 };

  constructor(film, video, player) {
    [this.#film, this.#video, this.#player] = [film, video, player];
    this.#allowed = "viewer" in document.body.dataset;
    video.addEventListener("playing", () => this.#playing());
    video.addEventListener("timeupdate", () => this.#tick());
    video.addEventListener("pause", () => { if (!video.ended) this.#progress(); });
    video.addEventListener("ended", () => this.#stop());
    addEventListener("pagehide", () => this.#stop());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") { this.#progress(); this.#send(); }
    });
    setInterval(() => this.#send(), FLUSH_MS);
  }

  buffering(on) {
    if (!this.#play) return;
    if (on) this.#stalledAt ??= performance.now();
    else if (this.#stalledAt !== null) {
      this.#stalled += performance.now() - this.#stalledAt;
      this.#stalledAt = null;
    }
  }

  failed(error) {
    this.#play ??= newId();
    this.#put("quality", { ...this.#quality(), error });
    this.#send();
  }

  #playing() {
    this.#ticked = this.#video.currentTime;
    if (this.#play) return;
    this.#play = newId();
    this.#watched = 0;
    this.#startup ??= Math.round(performance.now() - this.#opened);
    this.#sentAt = this.#qualityAt = this.#video.currentTime;
    this.#put("play", { position_s: this.#video.currentTime, ...origin(this.#film.title_id) });
    this.#send();
  }

  #tick() {
    const now = this.#video.currentTime;
    const step = now - this.#ticked;
    this.#ticked = now;
    if (!this.#play) return;
    if (step > 0 && step < 2) this.#watched += step; // anything else is a jump
    if (Math.abs(now - this.#sentAt) >= PROGRESS_S) this.#progress();
    if (Math.abs(now - this.#qualityAt) >= QUALITY_S) {
      this.#qualityAt = now;
      this.#put("quality", this.#quality());
    }
  }

  #place() {
    const { duration, currentTime } = this.#video;
    return { position_s: currentTime, duration_s: Number.isFinite(duration) ? duration : 0 };
  }

  #progress() {
    if (!this.#play) return;
    this.#sentAt = this.#video.currentTime;
    this.#put("progress", this.#place());
  }

  #stop() {
    if (!this.#play) return;
    this.#put("quality", this.#quality());
    this.#put("stop", { ...this.#place(), watched_s: Math.round(this.#watched * 10) / 10 });
    this.#play = null;
    this.#send();
  }

  #quality() {
    const stats = this.#player.getStats();
    const switches = stats.switchHistory.filter((one) => one.type === "variant").length;
    const { buffered, currentTime } = this.#video;
    const ahead = buffered.length ? buffered.end(buffered.length - 1) - currentTime : 0;
    const count = (number) => Math.max(0, Math.round(number || 0));
    const found = {
      startup_ms: this.#startup,
      bitrate_kbps: count(stats.streamBandwidth / 1000),
      throughput_kbps: count(stats.estimatedBandwidth / 1000),
      buffer_ms: count(ahead * 1000),
      stalled_ms: count(this.#stalled),
      dropped_frames: count(stats.droppedFrames - this.#before.dropped),
      switches: count(switches - this.#before.switches),
    };
    this.#before = { dropped: stats.droppedFrames || 0, switches };
    this.#startup = null;
    this.#stalled = 0;
    return found;
  }

  #put(kind, fields) {
    if (!this.#allowed) return;
    const event = { kind, id: newId(), at_ms: Date.now(), title_id: this.#film.title_id, play: this.#play, ...fields };
    this.#queue.push(Object.fromEntries(Object.entries(event).filter(([, value]) => value !== null)));
    if (this.#queue.length > KEPT) this.#queue.splice(0, this.#queue.length - KEPT);
  }

  async #send() {
    if (this.#sending || !this.#queue.length) return;
    this.#sending = true;
    const batch = this.#queue.slice(0, 100);
    try {
      const response = await fetch("/api/events", {
        method: "POST",
        keepalive: true,
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(batch),
      });
      // What the server refuses it will refuse again; anything else is tried later.
      if (response.ok || (response.status >= 400 && response.status < 500 && response.status !== 429)) {
        this.#queue.splice(0, batch.length);
      }
    } catch {
      // the network is away; the next round tries again
    }
    this.#sending = false;
  }
}

/** The page and row that led here, as `site.js` noted them. */
function origin(titleId) {
  try {
    const came = JSON.parse(sessionStorage.getItem("matinee.origin") ?? "null");
    return came && came.title === titleId ? { page: came.page, row: came.row } : {};
  } catch {
    return {};
  }
}
