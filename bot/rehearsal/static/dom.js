// Building the page's elements; text only ever becomes text.

const SVG = "http://www.w3.org/2000/svg";

const PATHS = {
  attach: "M20 11.5 12.300 19.200a5 5 0 0 1-7.100-7.100l8.200-8.200a3.300 3.300 0 0 1 4.700 4.700l-8.100 8.100a1.700 1.700 0 0 1-2.400-2.400l7.200-7.100",
  send: "M4 12 3.500 4.500 21 12 3.500 19.500zM4 12h8",
  close: "M6 6l12 12M18 6 6 18",
  more: "M12 5.500v.01M12 12v.01M12 18.500v.01",
  photo: "M4 6.500h16v12H4zM4 15.500l4.500-4 4 3.500 3-2.500 4.500 4M15.500 10v.01",
  file: "M7 3.500h7l4 4v13H7zM14 3.500v4h4",
  pin: "M12 21c4.500-5 6.500-8.300 6.500-11a6.500 6.500 0 0 0-13 0c0 2.700 2 6 6.500 11zM12 10v.01",
  voice: "M12 4a2.500 2.500 0 0 1 2.500 2.500v5a2.500 2.500 0 0 1-5 0v-5A2.500 2.500 0 0 1 12 4zM6.500 11.500a5.500 5.500 0 0 0 11 0M12 17v3.500",
  ideas: "M9.500 17.500h5M10 20.500h4M12 3.500a6 6 0 0 1 3.500 10.900V17h-7v-2.600A6 6 0 0 1 12 3.500z",
  edit: "M5 19l1-4L16 5l3 3L9 18z",
  remove: "M5 7h14M10 7V4.500h4V7M7 7l1 13h8l1-13",
  answer: "M10 6 4 12l6 6v-4c5 0 8 1.500 10 5 0-6-3.500-9-10-9z",
  down: "M6 10l6 6 6-6",
  up: "M6 14l6-6 6 6",
  add: "M12 5v14M5 12h14",
  theme: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  phone: "M8 3.500h8a1.500 1.500 0 0 1 1.500 1.500v14a1.500 1.500 0 0 1-1.500 1.500H8A1.500 1.500 0 0 1 6.500 19V5A1.500 1.500 0 0 1 8 3.500zM11 17.800h2",
  signal: "M4 19v-3M9 19v-6M14 19V9M19 19V5",
  clock: "M12 4.500a7.500 7.500 0 1 0 0 15 7.500 7.500 0 0 0 0-15zM12 8v4.200l2.800 1.800",
  tick: "M5 12.500l4.500 4.500L19 7.500",
  ticks: "M2.500 12.500 7 17l9.500-9.500M12 16.500l.8.600L22 7.800",
  globe: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM4 12h16M12 4c5 5 5 11 0 16M12 4c-5 5-5 11 0 16",
  people: "M9 11.500a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM3.500 19c.5-3.500 2.500-5 5.500-5s5 1.500 5.500 5M16 6a2.700 2.700 0 0 1 0 5.300M17 14.200c2 .5 3.200 2 3.500 4.800",
  shield: "M12 3.500 19 6v5.500c0 4.500-3 7.500-7 9-4-1.500-7-4.500-7-9V6z",
};

export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  for (const [key, value] of Object.entries({ viewBox: "0 0 24 24", class: `icon icon-${name}`, "aria-hidden": "true" })) {
    svg.setAttribute(key, value);
  }
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function iconButton(name, label, properties = {}) {
  return h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, ...properties }, icon(name));
}

// A menu below or above a button. Entries: {icon, label, run} or null for none.
export function menu(opener, makeEntries) {
  let list = null;
  const close = (refocus) => {
    if (!list) return;
    list.remove();
    list = null;
    opener.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", outside, true);
    if (refocus) opener.focus();
  };
  const outside = (event) => {
    if (!list.contains(event.target) && !opener.contains(event.target)) close(false);
  };
  const keys = (event) => {
    const entries = [...list.querySelectorAll("button")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") close(true);
    else if (event.key === "Tab") close(false);
    else if (step) {
      event.preventDefault();
      entries.at((entries.indexOf(document.activeElement) + step) % entries.length).focus();
    }
  };
  const open = () => {
    const entries = makeEntries().filter(Boolean);
    list = h("div", { class: "menu", role: "menu", onkeydown: keys });
    for (const entry of entries) {
      const run = () => { close(true); entry.run(); };
      list.append(h("button", { type: "button", role: "menuitem", onclick: run }, icon(entry.icon), h("span", {}, entry.label)));
    }
    opener.after(list);
    opener.setAttribute("aria-expanded", "true");
    document.addEventListener("pointerdown", outside, true);
    list.querySelector("button")?.focus();
  };
  opener.setAttribute("aria-haspopup", "menu");
  opener.setAttribute("aria-expanded", "false");
  opener.addEventListener("click", () => (list ? close(true) : open()));
}

const LOOKS_AGAIN = 5;

// A network may show a post a moment before the timeline does, where its picture is kept.
export function publicImage(picture) {
  let left = LOOKS_AGAIN;
  return h("img", { src: picture.src, alt: picture.alt, onerror: (event) => {
    if (left-- > 0) setTimeout(() => { event.target.src = picture.src; }, 1000);
  } });
}

// A covered video behind its poster; nothing of it is loaded before somebody plays it.
export function film(picture) {
  return h("video", { class: "film", src: picture.video, poster: picture.src, "aria-label": picture.alt, controls: "", preload: "none", playsinline: "" });
}

export function nonce() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function remember(key, value) {
  try { localStorage.setItem(`rehearsal-${key}`, JSON.stringify(value)); } catch { /* Private windows may refuse: then it is not remembered. */ }
}

export function remembered(key, otherwise) {
  try { return JSON.parse(localStorage.getItem(`rehearsal-${key}`)) ?? otherwise; } catch { return otherwise; }
}
