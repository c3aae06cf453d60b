// What lives in the console: work and events per second, from one stream of server-sent events. Rows are changed in
// place and the plot keeps its cursor, so that nothing under the pointer or the focus is ever replaced.
import { RatePlot } from "./plot.js";

const table = document.querySelector('[data-live="work"] tbody');
const nothing = document.querySelector('[data-live="no-work"]');
const board = document.querySelector('[data-live="rates"]');
const state = document.querySelector('[data-live="state"]');

if (table || board) {
  const plot = board ? new RatePlot(board) : null;
  await plot?.load();
  const source = new EventSource("/api/console/stream");
  source.addEventListener("live", (message) => {
    const { now_ms: now, rate, work } = JSON.parse(message.data);
    if (rate) plot?.add(rate);
    if (table) shown(work, now);
    if (state?.dataset.is !== "live") tell("live", "Live.");
  });
  source.addEventListener("error", () => tell("waiting", "The connection is gone; trying again."));
  addEventListener("pagehide", () => source.close());
}

function tell(is, text) {
  if (!state) return;
  state.dataset.is = is;
  state.textContent = text;
}

const number = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

function shown(work, now) {
  if (nothing) nothing.hidden = work.length > 0;
  table.parentElement.hidden = work.length === 0;
  const limit = table.closest("[data-limit]")?.dataset.limit ?? 50;
  const wanted = work.slice(0, limit);
  const ids = new Set(wanted.map((one) => `work-${one.id}`));
  for (const row of [...table.rows]) if (!ids.has(row.id) && !row.contains(document.activeElement)) row.remove();
  wanted.forEach((one, place) => {
    const row = document.getElementById(`work-${one.id}`) ?? fresh(one);
    if (table.rows[place] !== row) table.insertBefore(row, table.rows[place] ?? null);
    write(row, one, now);
  });
}

function fresh(one) {
  const row = document.createElement("tr");
  row.id = `work-${one.id}`;
  const cells = ["", "", "figure", "figure", ""].map((name) => Object.assign(document.createElement("td"), { className: name }));
  const label = one.label.charAt(0).toUpperCase() + one.label.slice(1);
  cells[0].append(label, Object.assign(document.createElement("span"), { className: "quiet small" }));
  const bar = Object.assign(document.createElement("progress"), { max: 100 });
  bar.setAttribute("aria-label", `Progress of ${label}`);
  cells[1].append(bar);
  cells[4].append(document.createElement("span"));
  row.append(...cells);
  return row;
}

function write(row, one, now) {
  const share = one.total ? Math.min(1, one.done / one.total) : null;
  const running = one.state === "running";
  const elapsed = ((running ? now : one.updated_ms) - one.started_ms) / 1000;
  const bar = row.querySelector("progress");
  if (share !== null) bar.value = Math.round(share * 100);
  else if (!running) bar.value = 0;
  const of = one.total ? ` of ${number.format(one.total)}` : "";
  put(row.cells[0].querySelector("span"), one.error || `${one.host}, process ${one.pid}`);
  put(row.cells[2], `${number.format(one.done)}${of} ${one.unit}`.trim());
  put(row.cells[3], running && share ? `${duration((elapsed * (1 - share)) / share)} left` : duration(elapsed));
  const mark = row.cells[4].querySelector("span");
  mark.className = `state ${one.state}`;
  put(mark, one.state);
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function duration(seconds) {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return [Math.floor(minutes / 60) && `${Math.floor(minutes / 60)} h`, minutes % 60 && `${minutes % 60} min`].filter(Boolean).join(" ");
}
