// The player: Shaka plays, this page shows and reports. Each part of it is a module beside this one.
import { Chapters } from "./chapters.js";
import { Reporter } from "./report.js";
import { Seek, clock } from "./seek.js";
import { captionsMenu, qualityMenu, remembered } from "./menus.js";

const root = document.getElementById("player");
const film = JSON.parse(root.dataset.film);
// Shaka resolves what a manifest or storyboard names against its address, which must be whole for that.
for (const one of [film, ...film.subtitles]) {
  for (const key of ["manifest", "web", "licence", "storyboard", "chapters", "url"]) {
    if (one[key]) one[key] = new URL(one[key], location.href).href;
  }
}
const video = root.querySelector("video");
const news = root.querySelector('[data-say="news"]');
// Browsers by Apple, and all others on its phones, do not show pictures whose size changes within a rendition.
const APPLE = navigator.vendor.startsWith("Apple");
const SKIP_S = 10;
const IDLE_MS = 3000;

const icon = (name) => (button) => {
  const use = button.querySelector("use");
  use.setAttribute("href", use.getAttribute("href").replace(/#.*/, `#${name}`));
};
const all = (selector) => [...root.querySelectorAll(selector)];
const say = (text) => { news.textContent = text; };

let player = null;
let seek = null;
let chapters = null;
let report = null;

async function start(at = film.start_s) {
  if (!window.shaka?.Player.isBrowserSupported()) {
    return fault("This browser cannot play streams. Open the page in a current one.");
  }
  shaka.polyfill.installAll();
  player = new shaka.Player();
  player.setVideoContainer(root.querySelector(".captions"));
  player.configure({
    abr: { restrictToElementSize: true },
    streaming: { bufferingGoal: 30, rebufferingGoal: 1.5 },
    drm: { servers: film.licence ? { "org.w3.clearkey": film.licence } : {} },
    // Shaka learns how an HLS film's words lie on its time from pictures that arrive after the words were first asked
    // for. Asked for once the last pictures are here, they would be fetched and never shown: ask at once.
    preferredText: [remembered(), ...film.subtitles.map((one) => one.language)].map((language) => ({ language })),
  });
  player.addEventListener("error", (event) => failed(event.detail));
  player.addEventListener("buffering", (event) => {
    root.classList.toggle("waiting", event.buffering);
    report?.buffering(event.buffering);
  });
  await player.attach(video);
  report = new Reporter(film, video, player);
  try {
    await player.load(film.web && !APPLE ? film.web : film.manifest, at > 1 ? at : null);
  } catch (error) {
    return failed(error);
  }
  root.classList.remove("waiting");
  chapters = new Chapters(root, video);
  seek = new Seek(root, video, player, (seconds) => chapters.at(seconds)?.title);
  await Promise.all([extras(), seek.storyboard(film.storyboard), chapters.read(player, film.chapters)]);
  try {
    await video.play();
  } catch {
    say("Press play to begin.");
  }
}

async function extras() {
  const known = new Set(player.getTextTracks().map((track) => track.language));
  for (const one of film.subtitles.filter((one) => !known.has(one.language))) {
    try {
      await player.addTextTrackAsync(one.url, one.language, "subtitles", "text/vtt", "", one.label);
    } catch {
      say(`Subtitles in ${one.label} could not be read.`);
    }
  }
  captionsMenu(root, player, film.subtitles);
  qualityMenu(root, player);
}

function failed(error) {
  if (error.code === 7000) return; // loading was interrupted by leaving
  report?.failed(`${error.category}.${error.code}`);
  const cause = error.code === 6007 ? error.data?.[0] : error; // a licence was refused: by what, says the inner error
  const status = cause?.code === 1001 ? cause.data?.[1] : 0;
  if (status === 401) return location.assign(`/sign-in?next=${encodeURIComponent(location.pathname)}`);
  const words = {
    1: "The film could not be fetched. Check the connection and try again.",
    3: "This browser cannot decode the film.",
    4: "The film's stream cannot be read. The operator should encode it again.",
    6: "The film is encrypted, and this browser was not given its key. Browsers use keys only over https.",
  };
  const gone = status === 404 && cause === error;
  fault(gone ? "The film is no longer here." : (words[error.category] ?? "The film could not be played."));
}

function fault(text) {
  root.classList.remove("waiting");
  root.classList.add("faulty");
  const notice = document.getElementById("fault");
  notice.querySelector("p").textContent = text;
  notice.hidden = false;
  notice.querySelector("button").focus();
}

const actions = {
  toggle: () => (video.paused ? video.play().catch(() => {}) : video.pause()),
  back: () => jump(-SKIP_S),
  on: () => jump(SKIP_S),
  mute: () => { video.muted = !video.muted; },
  full: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen?.()),
  again: () => { video.currentTime = 0; video.play(); },
  captions: () => captionsMenu.toggle(root),
  louder: () => volume(0.1),
  quieter: () => volume(-0.1),
  later: () => say(chapters.step(1)),
  earlier: () => say(chapters.step(-1)),
  keys: () => document.getElementById("keys").togglePopover(),
  retry: async () => {
    const at = video.currentTime || film.start_s;
    document.getElementById("fault").hidden = true;
    root.classList.remove("faulty");
    await player?.destroy();
    await start(at);
  },
};

function jump(seconds) {
  const end = Number.isFinite(video.duration) ? video.duration : 0;
  video.currentTime = Math.max(0, Math.min(end, video.currentTime + seconds));
  say(clock(video.currentTime));
}

function volume(change) {
  video.muted = false;
  video.volume = Math.max(0, Math.min(1, video.volume + change));
  say(`Volume ${Math.round(video.volume * 100)} per cent`);
}

const KEYS = {
  " ": "toggle", k: "toggle", ArrowLeft: "back", ArrowRight: "on", ArrowUp: "louder", ArrowDown: "quieter",
  f: "full", m: "mute", c: "captions", "?": "keys", PageUp: "later", PageDown: "earlier",
};

document.addEventListener("keydown", (event) => {
  wake();
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("[popover]")) return;
  const onButton = event.target.closest("button, a") && (event.key === " " || event.key === "Enter");
  const onVolume = event.target.id === "volume" && event.key.startsWith("Arrow");
  const noChapters = event.key.startsWith("Page") && !chapters?.any;
  if (onButton || onVolume || noChapters) return;
  if (/^[0-9]$/.test(event.key) && Number.isFinite(video.duration)) {
    video.currentTime = (video.duration * Number(event.key)) / 10;
  } else if (KEYS[event.key]) {
    actions[KEYS[event.key]]();
  } else {
    return;
  }
  event.preventDefault();
});

root.addEventListener("click", (event) => {
  const name = event.target.closest("[data-do]")?.dataset.do;
  if (name) actions[name]();
  else if (event.target === video || event.target.closest(".captions")) actions.toggle();
});
root.addEventListener("dblclick", (event) => { if (event.target === video) actions.full(); });

// Controls fade while the film runs and nobody touches anything.
let idle = 0;
function wake() {
  root.classList.remove("idle");
  clearTimeout(idle);
  idle = setTimeout(() => {
    const busy = video.paused || root.querySelector(":popover-open") || root.querySelector(".controls:hover");
    if (!busy) root.classList.add("idle");
  }, IDLE_MS);
}
for (const name of ["pointermove", "pointerdown", "focusin"]) root.addEventListener(name, wake);

for (const name of ["play", "pause"]) {
  video.addEventListener(name, () => {
    root.classList.toggle("paused", video.paused);
    for (const button of all('[data-do="toggle"]')) {
      icon(video.paused ? "play" : "pause")(button);
      button.setAttribute("aria-label", video.paused ? "Play" : "Pause");
    }
    document.getElementById("end").hidden = true;
    wake();
  });
}
video.addEventListener("volumechange", () => {
  const silent = video.muted || video.volume === 0;
  for (const button of all('[data-do="mute"]')) {
    icon(silent ? "mute" : "sound")(button);
    button.setAttribute("aria-label", silent ? "Sound on" : "Mute");
  }
  const slider = document.getElementById("volume");
  slider.value = video.muted ? 0 : video.volume;
  slider.style.setProperty("--share", slider.value);
});
document.getElementById("volume").addEventListener("input", (event) => {
  video.muted = false;
  video.volume = Number(event.target.value);
});
video.addEventListener("ended", () => {
  const end = document.getElementById("end");
  end.hidden = false;
  end.querySelector("a, button").focus();
});
document.addEventListener("fullscreenchange", () => {
  const full = Boolean(document.fullscreenElement);
  for (const button of all('[data-do="full"]')) {
    icon(full ? "shrink" : "expand")(button);
    button.setAttribute("aria-label", full ? "Leave full screen" : "Full screen");
  }
});

root.classList.add("waiting");
start();
