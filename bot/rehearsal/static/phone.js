// One phone: who holds it, what stands on it, and its signal.

import { drawCard, drawSent } from "/rehearsal/static/card.js";
import { Composer } from "/rehearsal/static/composer.js";
import { h, icon, iconButton, menu, nonce } from "/rehearsal/static/dom.js";
import { day, say } from "/rehearsal/static/words.js";

const TOAST = 5000;
const NEAR = 80;
const AT_ONCE = 150;

export class Phone {
  constructor(stage, account, person) {
    this.stage = stage;
    this.account = account;
    this.person = person;
    this.language = person.language;
    this.items = new Map();
    this.drawn = new Map();
    this.asked = new Set();
    this.unread = 0;
    this.signal = true;
    this.atBottom = true;
    this.top = 0;
    this.drawnAtMost = AT_ONCE;
    this.build();
  }

  get name() {
    const number = this.account.match(/\+(\d)$/)?.[1];
    return number ? say(this.language, "further_phone", { name: this.person.name, n: number }) : this.person.name;
  }

  get roles() {
    return this.person.roles.map((role) => say(this.language, `role.${role}`)).join(" · ");
  }

  build() {
    this.list = h("div", { class: "items", role: "log", "aria-live": "polite", "aria-label": say(this.language, "messages", { name: this.name }), tabindex: "0" });
    this.list.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.list.addEventListener("load", () => this.settle(), { capture: true });  // a picture that has come makes its card higher
    new ResizeObserver(() => this.settle()).observe(this.list);
    this.notes = h("div", { class: "notes", role: "status" });
    this.jump = h("button", { type: "button", class: "jump", hidden: true });
    this.composer = new Composer(this);
    this.head = h("header", { class: "phone-head" });
    this.element = h("section", { class: "phone", id: `phone-${this.account}`, "aria-label": this.name, lang: this.language },
      this.head, h("div", { class: "screen" }, this.list, this.jump, this.notes), this.composer.element);
    this.composer.catchFiles(this.element);
    this.drawAll();
  }

  refreshHead() {
    this.head.replaceChildren(...this.header());
    this.drawState();
  }

  // The program does not understand what this page asked for: tell it, rather than wait for ever.
  refused() {
    this.drawAll();
    this.note(say(this.language, "refused"));
  }

  header() {
    const more = iconButton("more", say(this.language, "phone_menu"));
    menu(more, () => this.entries());
    this.state = h("p", { class: "state" }, this.roles);
    const choose = h("select", { class: "who", "aria-label": say(this.language, "who"), onchange: () => this.stage.swap(this, choose.value) },
      this.stage.choices(this.account).map(([account, name]) => h("option", { value: account, selected: account === this.account }, name)));
    return [avatar(this.person), h("div", { class: "names" }, h("h2", {}, h("span", {}, this.name), icon("down"), choose), this.state), h("div", { class: "anchor" }, more)];
  }

  entries() {
    const base = this.account.replace(/\+\d$/, "");
    return [
      { icon: "signal", label: say(this.language, this.signal ? "signal_off" : "signal_on"), run: () => this.setSignal(!this.signal) },
      { icon: "phone", label: say(this.language, "second_phone"), run: () => this.stage.addFurther(base) },
      this.stage.phones.length > 1 && { icon: "close", label: say(this.language, "put_away"), run: () => this.stage.putAway(this) },
    ];
  }

  setSignal(signal) {
    this.signal = signal;
    this.element.classList.toggle("no-signal", !signal);
    this.stage.line.silence(this.account, !signal);
    this.drawState();
  }

  drawState() {
    const key = !this.stage.line.up ? "connecting" : this.signal ? null : "no_signal";
    this.state.textContent = key ? say(this.language, key) : this.roles;
  }

  // The program told everything that stands on this phone.
  reset(items) {
    this.items = new Map(items.map((item) => [item.id, item]));
    for (const item of items) if (item.card?.ask) this.asked.add(item.id);
    this.drawAll();
    this.toBottom();
  }

  put(item) {
    const before = this.items.get(item.id);
    const bottom = this.atBottom;
    this.items.set(item.id, item);
    if (before) this.redraw(item);
    else this.drawAll();
    if (bottom) this.toBottom();
    this.notice(item, before, bottom);
    this.engage(item);
  }

  gone(id) {
    this.items.delete(id);
    this.composer.forget(id);
    this.drawAll();
  }

  // A card that begins to ask puts its question into the composer, if nothing else is there.
  engage(item) {
    if (!item.card?.ask) return this.asked.delete(item.id);
    if (this.asked.has(item.id)) return null;
    this.asked.add(item.id);
    return this.composer.empty && this.composer.answer(item, false);
  }

  notice(item, before, bottom) {
    if (!item.card) return;
    if (!this.stage.isVisible(this)) this.stage.count(this, ++this.unread);
    const node = this.node(item.id);
    if (!node) return;
    if (before && !inView(node, this.list)) this.offer("up", "card_changed", () => node.scrollIntoView({ block: "nearest" }));
    else if (!before && !bottom) this.offer("down", "new_card", () => this.toBottom());
    if (before) flash(node);
  }

  offer(drawn, key, run) {
    this.jump.replaceChildren(icon(drawn), say(this.language, key));
    this.jump.hidden = false;
    this.jump.onclick = () => { this.jump.hidden = true; run(); };
  }

  // Only who scrolls up leaves the bottom; what grows below moves nobody away from it.
  scrolled() {
    const near = this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR;
    this.atBottom = near || (this.atBottom && this.list.scrollTop >= this.top);
    this.top = this.list.scrollTop;
    if (this.atBottom) this.jump.hidden = true;
  }

  seen() {
    this.unread = 0;
    this.stage.count(this, 0);
    this.toBottom();
  }

  tapped({ card, token, sentence }) {
    for (const button of this.node(card)?.querySelectorAll(`[data-token="${CSS.escape(token)}"]`) ?? []) button.removeAttribute("aria-busy");
    if (sentence) this.note(sentence);
  }

  note(sentence) {
    const note = h("p", { class: "note" }, sentence);
    this.notes.append(note);
    setTimeout(() => note.remove(), TOAST);
  }

  tap(card, token) {
    this.stage.line.ask({ do: "tap", chat: this.account, nonce: nonce(), card, token });
  }

  remove(message) {
    this.stage.line.ask({ do: "remove", chat: this.account, nonce: nonce(), message });
  }

  redraw(item) {
    const old = this.node(item.id);
    if (!old) return;
    const focused = old.contains(document.activeElement) ? document.activeElement : null;
    this.drawAll();
    const drawn = this.node(item.id);
    if (focused) (drawn.querySelector(`[data-token="${CSS.escape(focused.dataset.token ?? "")}"]`) ?? drawn.querySelector(".bubble")).focus({ preventScroll: true });
    for (const image of drawn.querySelectorAll("img, video")) {
      const there = [...old.querySelectorAll(image.tagName)].find((other) => other.src === image.src);
      if (there) image.replaceWith(there);
    }
  }

  draw(item) {
    return item.kind === "card" ? drawCard(this, item) : drawSent(this, item);
  }

  drawAll() {
    const items = [...this.items.values()].sort((one, other) => one.place - other.place);
    const there = new Set(items.map((item) => item.nonce));
    const waiting = this.stage.line.waiting(this.account).filter((form) => !there.has(form.nonce)).map(unsent);
    const nodes = [];
    const drawn = new Map();
    const keep = (key, item, draw) => {
      const before = this.drawn.get(key);
      const node = before && (before.item === item || item?.waiting) ? before.node : draw();
      drawn.set(key, { item, node });
      nodes.push(node);
    };
    let last = "";
    const all = [...items, ...waiting];
    if (all.length > this.drawnAtMost) keep("earlier", null, () => this.earlier());
    for (const item of all.slice(-this.drawnAtMost)) {
      const today = day(this.language, item.at);
      if (today !== last) keep(`day ${today}`, null, () => h("div", { class: "day" }, h("span", {}, today)));
      last = today;
      keep(item.id, item, () => this.draw(item));
    }
    if (nodes.length === 0) keep("welcome", null, () => this.welcome());
    this.drawn = drawn;
    arrange(this.list, nodes);
  }

  // A long night would make every new card slow: what is far back is drawn when asked for.
  earlier() {
    return h("div", { class: "day" }, h("button", { type: "button", class: "link", onclick: () => {
      const fromEnd = this.list.scrollHeight - this.list.scrollTop;
      this.drawnAtMost += AT_ONCE;
      this.drawAll();
      this.list.scrollTop = this.list.scrollHeight - fromEnd;
    } }, icon("up"), say(this.language, "earlier")));
  }

  welcome() {
    const start = this.stage.commands(this.person).slice(0, 3);
    return h("div", { class: "welcome" }, icon("shield"),
      h("p", {}, say(this.language, "welcome", { name: this.person.name })),
      h("div", { class: "starters" }, start.map((name) =>
        h("button", { type: "button", class: "starter", onclick: () => this.composer.send(`/${this.stage.commandName(this.language, name)}`) }, h("b", {}, `/${this.stage.commandName(this.language, name)}`), ` ${say(this.language, `command.${name}`)}`))));
  }

  node(id) {
    return this.list.querySelector(`[data-id="${CSS.escape(id)}"]`);
  }

  toBottom() {
    this.list.scrollTop = this.list.scrollHeight;
    this.top = this.list.scrollTop;
    this.atBottom = true;
  }

  // A picture has loaded or the composer grew: stay at the end if that is where the reader was.
  settle() {
    if (this.atBottom) this.toBottom();
  }

  lastOwn() {
    return [...this.items.values()].filter((item) => item.sent?.text).sort((one, other) => other.place - one.place)[0];
  }
}

// What somebody is here first of all: an officer who is also a sergeant is a sergeant.
export function station(person) {
  return person.roles.find((role) => role !== "officer") ?? "officer";
}

export function avatar(person) {
  const letters = person.name.split(/\s+/).map((word) => word[0]).slice(0, 2).join("");
  return h("span", { class: `avatar role-${station(person)}`, "aria-hidden": "true" }, letters);
}

function unsent(form) {
  return { id: form.nonce, kind: "sent", waiting: true, at: form.at, sent: { text: form.text, files: form.files, answers: form.answers, edited: false } };
}

// Put exactly these nodes into the list; what stays is not touched, so that focus and pictures stay as well.
function arrange(list, nodes) {
  const wanted = new Set(nodes);
  for (const node of [...list.children]) if (!wanted.has(node)) node.remove();
  let at = list.firstChild;
  for (const node of nodes) {
    if (node === at) at = at.nextSibling;
    else list.insertBefore(node, at);
  }
}

function inView(node, list) {
  const [one, other] = [node.getBoundingClientRect(), list.getBoundingClientRect()];
  return one.bottom > other.top + 40 && one.top < other.bottom - 40;
}

function flash(node) {
  node.classList.add("changed");
  node.addEventListener("animationend", () => node.classList.remove("changed"), { once: true });
}
