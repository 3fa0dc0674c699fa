// New posts arrive here without moving what somebody is reading. Without this script the pages work all the same.

const NEAR_THE_TOP = 100;
const HIDDEN_FOR_LONG = 5 * 60_000;
const TRY_AGAIN = [15_000, 45_000];

const language = document.documentElement.lang;
const main = document.getElementById("main");
const page = main.dataset;
const posts = document.getElementById("posts");
const pill = document.getElementById("pill");
const announcer = document.getElementById("announcer");
const title = document.title;

/** Posts that wait behind the pill: entry id to what arrived. */
const waiting = new Map();

// Times

const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });

function tellTimes() {
  for (const time of document.querySelectorAll("a.when time")) {
    time.title ||= time.textContent;
    const minutes = Math.round((Date.now() - Date.parse(time.dateTime)) / 60_000);
    if (minutes < 0 || minutes >= 12 * 60) time.textContent = time.title;
    else time.textContent = minutes < 60 ? relative.format(-minutes, "minute") : relative.format(-Math.round(minutes / 60), "hour");
  }
}

// Keeping the place

/** Change the page so that the post at the top of the window stays exactly where it is. */
function inPlace(change) {
  const seen = [...document.querySelectorAll(".post")].find((post) => post.getBoundingClientRect().bottom > 0);
  const before = seen?.getBoundingClientRect().top;
  change();
  const anchor = seen?.isConnected ? seen : document.getElementById(seen?.id);
  if (anchor && scrollY > NEAR_THE_TOP) scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: "instant" });
}

function isReading() {
  const selected = getSelection();
  return scrollY > NEAR_THE_TOP || posts.contains(document.activeElement) || (selected && !selected.isCollapsed);
}

// Posts

function article(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.querySelector("article");
}

function belongsHere(post) {
  const id = page.scopeId;
  switch (page.scope) {
    case "now": return post.root === null || document.getElementById(`post-${post.root}`) !== null;
    case "shift": return post.root === null ? String(post.shift) === id : document.getElementById(`post-${post.root}`) !== null;
    case "area": return post.root === null ? post.area === id : document.getElementById(`post-${post.root}`) !== null;
    default: return post.root !== null && document.getElementById(`post-${post.root}`) !== null;
  }
}

/** Put a post where it belongs: a new thread on top, an answer at the end of its thread. */
function insert(post) {
  const shown = article(post.html);
  const item = document.createElement("li");
  item.append(shown);
  if (post.root === null) {
    item.className = "thread";
    item.id = `thread-${post.entry}`;
    posts.prepend(item);
  } else {
    const thread = document.getElementById(`post-${post.root}`).closest("li.thread");
    let answers = thread.querySelector("ol.answers");
    if (!answers) {
      answers = document.createElement("ol");
      answers.className = "answers";
      thread.append(answers);
    }
    answers.append(item);
  }
  shown.classList.add("arrived");
  document.getElementById("empty").hidden = true;
  tellTimes();
  return shown;
}

function announce(sentence, shown) {
  const text = shown.querySelector(".text, .tombstone");
  announcer.lang = text.lang || language;
  announcer.textContent = sentence.replace("{text}", text.textContent);
}

function arrived(post) {
  if (!post.html) return;
  const there = document.getElementById(`post-${post.entry}`);
  if (there) {
    const shown = article(post.html);
    inPlace(() => there.replaceWith(shown));
    tellTimes();
    if (post.change !== "published") announce(page.announcedChange, shown);
  } else if (waiting.has(post.entry)) {
    waiting.set(post.entry, { ...waiting.get(post.entry), html: post.html });
  } else if (post.change === "published" && belongsHere(post)) {
    waiting.set(post.entry, post);
    if (isReading()) showPill();
    else announce(page.announced, insertWaiting().at(-1));
  }
}

function insertWaiting() {
  const shown = [];
  for (const post of waiting.values()) inPlace(() => shown.push(insert(post)));
  waiting.clear();
  showPill();
  return shown;
}

function showPill() {
  const n = waiting.size;
  pill.hidden = n === 0;
  const sentence = n === 1 ? page.one : page.other;
  if (n) pill.textContent = sentence.replace("{n}", n);
  document.title = n ? `(${n}) ${title}` : title;
}

function openPill() {
  const shown = insertWaiting();
  const newest = shown.reduce((one, other) => (one.getBoundingClientRect().top < other.getBoundingClientRect().top ? one : other));
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  newest.tabIndex = -1;
  newest.focus({ preventScroll: true });
  if (newest === posts.querySelector(".post")) scrollTo({ top: 0, behavior: still ? "instant" : "smooth" });
  else newest.scrollIntoView({ block: "center", behavior: still ? "instant" : "smooth" });
}

function shiftChanged(told) {
  const board = document.getElementById("board");
  const html = page.scope === "shift" ? (page.scopeId === String(told.shift) ? told.own : null) : told.now;
  if (html !== null) inPlace(() => { board.innerHTML = html; });
}

// The stream

let source = null;
let position = null;
let lost = null;

function connect() {
  const address = new URL(page.live, location.href);
  if (position) address.searchParams.set("after", position);
  source?.close();
  source = new EventSource(address);
  source.addEventListener("post", (event) => { position = event.lastEventId; arrived(JSON.parse(event.data)); });
  source.addEventListener("shift", (event) => { position = event.lastEventId; shiftChanged(JSON.parse(event.data)); });
  source.addEventListener("reload", () => reloadWhenFree());
  source.addEventListener("open", () => sayLost(false));
  source.addEventListener("error", () => {
    sayLost(true);
    if (source?.readyState === EventSource.CLOSED) setTimeout(connect, TRY_AGAIN[0] + Math.random() * (TRY_AGAIN[1] - TRY_AGAIN[0]));
  });
}

/** A short gap is not worth a word. */
function sayLost(now) {
  const line = document.getElementById("lost");
  clearTimeout(lost);
  if (now) lost = setTimeout(() => { line.textContent = line.dataset.text; }, 10_000);
  else line.textContent = "";
}

/** Too much happened meanwhile: whoever is reading decides when to load the page again. */
function reloadWhenFree() {
  source.close();
  if (!isReading()) return location.reload();
  pill.textContent = page.other.replace("{n}", "100+");
  pill.hidden = false;
  pill.onclick = () => location.reload();
}

function followWhileSeen() {
  let sleep = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(sleep);
    if (document.hidden) sleep = setTimeout(() => source?.close(), HIDDEN_FOR_LONG);
    else if (source?.readyState === EventSource.CLOSED) connect();
  });
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
}

tellTimes();
setInterval(tellTimes, 30_000);
if (page.live && posts) {
  pill.onclick = openPill;
  connect();
  followWhileSeen();
}
