// Menus of subtitles and quality: groups of radio buttons, so that every browser and reader knows how they work.

const CAPTIONS = "matinee.captions";

function option(list, name, value, text, checked, choose) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), { type: "radio", name, value, checked });
  input.addEventListener("change", choose);
  label.append(input, Object.assign(document.createElement("span"), { textContent: text }));
  list.append(label);
}

/** Subtitles: off, or one of the film's languages. The choice is remembered on this device. */
export function captionsMenu(root, player, subtitles) {
  const tracks = distinct(player.getTextTracks());
  root.querySelector('[data-menu="captions"]').hidden = tracks.length === 0;
  const list = root.querySelector('[data-list="captions"]');
  list.replaceChildren();
  const wanted = remembered();
  const chosen = tracks.find((track) => track.language === wanted) ?? null;
  const choose = (track) => () => {
    player.selectTextTrack(track);
    remember(track?.language ?? "");
  };
  option(list, "captions", "", "Off", !chosen, choose(null));
  for (const track of tracks) {
    const label = subtitles.find((one) => one.language === track.language)?.label;
    option(list, "captions", track.language, label || track.label || nameOf(track.language), track === chosen, choose(track));
  }
  player.selectTextTrack(chosen);
}

/** Each language once: words that also come as IMSC are those of the WebVTT. */
function distinct(tracks) {
  const imsc = (track) => track.codecs?.startsWith("stpp");
  const plain = new Set(tracks.filter((track) => !imsc(track)).map((track) => track.language));
  return tracks.filter((track) => !imsc(track) || !plain.has(track.language));
}

/** Off, or the language that was chosen last, or the first. */
captionsMenu.toggle = (root) => {
  const inputs = [...root.querySelectorAll('[data-list="captions"] input')];
  if (inputs.length < 2) return;
  const off = inputs[0];
  const last = inputs.find((one) => one.value && one.value === captionsMenu.last) ?? inputs[1];
  const next = off.checked ? last : off;
  captionsMenu.last = inputs.find((one) => one.checked)?.value || captionsMenu.last;
  next.checked = true;
  next.dispatchEvent(new Event("change"));
  root.querySelector('[data-say="news"]').textContent = next === off ? "Subtitles off" : `Subtitles: ${next.parentElement.textContent}`;
};

/** Quality: what the network allows, or one rendition whatever it costs. */
export function qualityMenu(root, player) {
  const list = root.querySelector('[data-list="quality"]');
  const tallest = new Map();
  for (const track of player.getVariantTracks()) {
    const known = tallest.get(track.height);
    if (!known || known.bandwidth < track.bandwidth) tallest.set(track.height, track);
  }
  list.replaceChildren();
  option(list, "quality", "auto", "Auto", true, () => player.configure({ abr: { enabled: true } }));
  for (const track of [...tallest.values()].sort((a, b) => b.height - a.height)) {
    const text = `${track.height}p · ${(track.bandwidth / 1e6).toFixed(1)} Mbit/s`;
    option(list, "quality", String(track.height), text, false, () => {
      player.configure({ abr: { enabled: false } });
      player.selectVariantTrack(track, true, 2);
    });
  }
  const auto = list.querySelector("span");
  const tell = () => {
    const active = player.getVariantTracks().find((track) => track.active);
    auto.textContent = active ? `Auto (${active.height}p now)` : "Auto";
  };
  for (const name of ["adaptation", "variantchanged"]) player.addEventListener(name, tell);
  tell();
}

function nameOf(language) {
  try {
    return new Intl.DisplayNames(["en"], { type: "language" }).of(language);
  } catch {
    return language;
  }
}

/** The language of subtitles that was chosen last on this device; none is "". */
export function remembered() {
  try {
    return localStorage.getItem(CAPTIONS) ?? "";
  } catch {
    return "";
  }
}

function remember(language) {
  try {
    localStorage.setItem(CAPTIONS, language);
  } catch {
    // a private window forgets
  }
}
