"use strict";
const simlab = (function () {
  const tabs = [...document.querySelectorAll(".tab")];
  const links = [...document.querySelectorAll("nav a")];
  const listeners = [];
  const opened = new Set();
  let current = null;

  const find = (id) => { try { return document.getElementById(decodeURIComponent(id)); } catch { return null; } };

  function place() {
    const [id, query] = location.hash.slice(1).split("?");
    const target = id && id !== "main" ? find(id) : null;
    return { target, tab: (target && target.closest(".tab")) || null, query: new URLSearchParams(query || "") };
  }

  function open(tab, query) {
    current = tab;
    tabs.forEach((one) => { one.hidden = one !== tab; });
    links.forEach((link) => {
      if (link.getAttribute("href") === "#" + tab.id) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    });
    const first = !opened.has(tab.id);
    opened.add(tab.id);
    listeners.forEach((listener) => listener(tab, first, query));
    if (!first) window.dispatchEvent(new Event("resize"));
  }

  function follow() {
    const { target, tab, query } = place();
    open(tab || tabs[0], query);
    if (target && target !== tab) target.scrollIntoView();
    else window.scrollTo(0, 0);
  }

  /* On a phone a table wider than the screen is set tighter, or stands as cards: a row below the other, each cell under its column. */
  const phone = window.matchMedia("(max-width: 40rem)"), MOST_CARDS = 25, widths = new Map();
  function fit(box) {
    const table = box.querySelector("table:not(.items, .matrix, .heat)");
    if (!box.clientWidth || !table || !table.tHead || table.tHead.rows.length !== 1 || table.rows.length > MOST_CARDS) return;
    if (widths.get(box) !== box.clientWidth) table.classList.remove("cards", "tight");
    widths.set(box, box.clientWidth);
    const fits = () => box.scrollWidth <= box.clientWidth + 1;
    if (!phone.matches || table.classList.contains("cards") || fits()) return;
    table.classList.add("tight");
    if (fits()) return;
    table.classList.remove("tight");
    const names = [...table.tHead.rows[0].cells].map((cell) => cell.textContent.trim());
    for (const row of table.tBodies[0].rows) [...row.cells].forEach((cell, at) => { cell.dataset.label = names[at] || ""; });
    table.classList.add("cards");
  }
  const fitting = new ResizeObserver((seen) => requestAnimationFrame(() => seen.forEach(({ target }) => fit(target.closest(".scroll")))));

  /* The first tab on one sheet: the largest size at which it fits, measured as paper lays it out. */
  const SHEET = { width: 695, height: 1000 }, SIZES = [0.8, 0.76, 0.72, 0.69, 0.66, 0.63, 0.6, 0.57, 0.54, 0.51, 0.48, 0.45];
  const onPaper = (query) => !query.includes("screen") && [...query.matchAll(/(min|max)-width: *([\d.]+)(rem|px)/g)].every(
    ([, end, size, unit]) => (SHEET.width - size * (unit === "rem" ? 16 : 1)) * (end === "min" ? 1 : -1) >= 0);
  function asOnPaper(measure) {
    const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules])
      .filter((rule) => rule instanceof CSSMediaRule && !rule.media.mediaText.includes("color-scheme"));
    const said = rules.map((rule) => rule.media.mediaText), body = document.body.style;
    rules.forEach((rule) => { rule.media.mediaText = onPaper(rule.media.mediaText) ? "all" : "not all"; });
    body.width = SHEET.width + "px";
    try { measure(); } finally {
      rules.forEach((rule, at) => { rule.media.mediaText = said[at]; });
      body.width = "";
    }
  }
  function fitSheet() {
    const first = tabs[0], below = first.nextElementSibling || document.querySelector("footer");
    if (tabs.length < 2) return;
    asOnPaper(() => SIZES.some((size) => {
      first.style.setProperty("--sheet", size);
      return below.getBoundingClientRect().top - document.body.getBoundingClientRect().top <= SHEET.height;
    }));
  }

  async function unpack(id) {
    const text = document.getElementById(id).textContent;
    const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  function run(text) {
    const script = document.createElement("script");
    script.textContent = text;
    document.head.append(script);
    script.remove();
  }

  const libraries = {};
  function library(id) {
    if (!libraries[id]) libraries[id] = unpack(id).then(run);
    return libraries[id];
  }

  function start() {
    document.documentElement.classList.add("tabbed");
    window.addEventListener("hashchange", follow);
    document.querySelector(".skip").addEventListener("click", (event) => {
      event.preventDefault();
      document.getElementById("main").focus();
    });
    document.querySelectorAll(".scroll:not(.items-scroll), .scroll:not(.items-scroll) > table").forEach((one) => fitting.observe(one));
    follow();
    window.addEventListener("beforeprint", fitSheet);
    document.documentElement.dataset.ready = "yes";
  }

  return { tabs, start, fitSheet, unpack, library, opening: (listener) => listeners.push(listener), tab: () => current };
})();
