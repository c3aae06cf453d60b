// Small improvements over pages that work without them: the bar, the rows, the menu.

const bar = document.querySelector(".bar.over");
if (bar) {
  const hero = document.querySelector(".hero");
  const watch = new IntersectionObserver(([entry]) => bar.classList.toggle("over", entry.isIntersecting), {
    rootMargin: `-${bar.offsetHeight}px 0px 0px`,
  });
  watch.observe(hero);
}

// What no header tells the server: the hour here, and whether the screen is touched.
const touched = navigator.maxTouchPoints > 1 ? ".t" : "";
document.cookie = `matinee_here=${-new Date().getTimezoneOffset()}${touched}; path=/; max-age=34560000; samesite=lax`;

// Where a film was found, so that its playing can be traced to the page and the row.
document.addEventListener("click", (event) => {
  const shown = event.target.closest("[data-t]");
  const page = document.body.dataset.page;
  if (!shown || !page || !event.target.closest("a:not(.ask)")) return;
  const row = event.target.closest("[data-row]")?.dataset.row ?? "";
  try {
    sessionStorage.setItem("matinee.origin", JSON.stringify({ title: Number(shown.dataset.t), page, row }));
  } catch {
    // a private window forgets
  }
});

// Rows: Tab stops at one tile of each and at its question; arrows move within a row and between rows.
const rows = [...document.querySelectorAll(".strip")];
const TILE = ".tile > a:first-child";
const links = (row) => [...row.querySelectorAll(TILE)];
const stop = (link, index) => { link.tabIndex = link.nextElementSibling.tabIndex = index; };

function move(link, keyboard = true) {
  const row = link.closest(".strip");
  for (const other of links(row)) stop(other, other === link ? 0 : -1);
  if (keyboard) {
    link.focus({ preventScroll: true });
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    link.scrollIntoView({ block: "nearest", inline: "nearest", behavior: calm ? "auto" : "smooth" });
  }
}

function across(link, key) {
  const row = links(link.closest(".strip"));
  const at = row.indexOf(link);
  return { ArrowRight: row[at + 1], ArrowLeft: row[at - 1], Home: row[0], End: row.at(-1) }[key];
}

function between(link, key) {
  const at = rows.indexOf(link.closest(".strip")) + (key === "ArrowDown" ? 1 : -1);
  if (!rows[at]) return null;
  const centre = ({ left, width }) => left + width / 2;
  const from = centre(link.getBoundingClientRect());
  const distance = (other) => Math.abs(centre(other.getBoundingClientRect()) - from);
  return links(rows[at]).reduce((best, other) => (distance(other) < distance(best) ? other : best));
}

for (const row of rows) {
  links(row).forEach((link, place) => stop(link, place ? -1 : 0));
  row.addEventListener("focusin", (event) => { if (event.target.matches(TILE)) move(event.target, false); });
  row.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.matches(TILE)) return;
    const vertical = event.key === "ArrowDown" || event.key === "ArrowUp";
    const next = vertical ? between(event.target, event.key) : across(event.target, event.key);
    if (next) {
      event.preventDefault();
      move(next);
    }
  });
  turners(row);
}

// Buttons to turn a row with the mouse; the keyboard has its arrows, so they stay out of its way.
function turners(row) {
  const buttons = ["left", "right"].map((way) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", className: `turn ${way === "left" ? "back" : "on"}`, tabIndex: -1 });
    button.setAttribute("aria-hidden", "true");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "icon");
    svg.setAttribute("viewBox", "0 0 24 24");
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", way === "left" ? "m14.5 5-7 7 7 7" : "m9.5 5 7 7-7 7");
    svg.append(path);
    button.append(svg);
    button.addEventListener("click", () => {
      row.scrollBy({ left: (way === "left" ? -0.85 : 0.85) * row.clientWidth, behavior: "smooth" });
    });
    row.after(button);
    return button;
  });
  const update = () => {
    buttons[0].hidden = row.scrollLeft < 8;
    buttons[1].hidden = row.scrollLeft + row.clientWidth > row.scrollWidth - 8;
  };
  row.addEventListener("scroll", update, { passive: true });
  new ResizeObserver(update).observe(row);
}

// "Why this?" opens over the page; its address works as a page of its own.
const why = document.getElementById("why");
if (why) {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.ask");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    htmx.ajax("GET", link.getAttribute("href"), { target: "#why-body", swap: "innerHTML" }).then(() => {
      if (why.querySelector("#why-panel") && !why.open) why.showModal();
    });
  });
  why.addEventListener("click", (event) => { if (event.target === why) why.close(); });
  why.addEventListener("close", () => document.getElementById("why-body").replaceChildren());
}

// The menu closes on Escape and on a click elsewhere.
const menu = document.getElementById("menu");
if (menu) {
  document.addEventListener("click", (event) => { if (!menu.contains(event.target)) menu.open = false; });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

// A notice at the foot goes by itself, unless somebody is reading it.
const toast = document.getElementById("toast");
if (toast) {
  let leaving = 0;
  new MutationObserver(() => {
    clearTimeout(leaving);
    if (toast.textContent.trim()) leaving = setTimeout(() => { if (!toast.matches(":hover")) toast.replaceChildren(); }, 8000);
  }).observe(toast, { childList: true });
}
