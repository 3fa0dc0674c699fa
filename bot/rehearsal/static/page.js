// The stage: phones side by side, the public beside them; on a small screen one of them at a time.

import { h, icon, iconButton, menu, remember, remembered } from "/rehearsal/static/dom.js";
import { Line } from "/rehearsal/static/line.js";
import { Phone, avatar, station } from "/rehearsal/static/phone.js";
import { Public } from "/rehearsal/static/public.js";
import { known, learn, say } from "/rehearsal/static/words.js";

const THEMES = ["auto", "light", "dark"];
const RANKS = ["officer", "sergeant", "inspector", "press", "control", "tips", "records", "admin"];
const NARROW = matchMedia("(max-width: 760px)");

class Stage {
  constructor() {
    this.phones = [];
    this.people = [];
    this.language = "en";
    this.view = remembered("view", null);
    this.side = remembered("side", "page");
    this.line = new Line({ hear: (event) => this.hear(event), changed: () => this.phones.forEach((phone) => phone.drawState()) });
    this.public = new Public(this);
    this.setTheme(remembered("theme", "auto"));
    NARROW.addEventListener("change", () => this.choose(this.view));
    this.line.open();
  }

  hear(event) {
    const phone = this.phones.find((one) => one.account === event.chat);
    if (event.is === "hello") this.begin(event);
    else if (event.is === "history") phone?.reset(event.items);
    else if (event.is === "item") phone?.put(event.item);
    else if (event.is === "gone") phone?.gone(event.id);
    else if (event.is === "tapped") phone?.tapped(event);
    else if (event.is === "public") this.public.put(event);
    else if (event.is === "refused") phone?.refused();
  }

  begin({ people, commands, commandNames, words, uploadBytes }) {
    learn(words);
    this.uploadBytes = uploadBytes;
    this.allCommands = commands;
    this.commandNames = commandNames;
    people.sort((one, other) => RANKS.indexOf(station(one)) - RANKS.indexOf(station(other)));
    if (JSON.stringify(people) === JSON.stringify(this.people)) return;
    this.people = people;
    const wished = remembered("language", navigator.language.split("-")[0]);
    this.language = known().includes(wished) ? wished : "en";
    const accounts = remembered("phones", this.first()).filter((account) => this.person(account));
    this.setPhones(accounts.length > 0 ? accounts : this.first());
  }

  // An officer and a sergeant to begin with, of the reader's language where there are such.
  first() {
    const one = (role) => {
      const able = this.people.filter((person) => station(person) === role);
      return able.find((person) => person.language === this.language) ?? able[0];
    };
    return [one("officer"), one("sergeant")].filter(Boolean).map((person) => person.account);
  }

  person(account) {
    return this.people.find((person) => person.account === account.replace(/\+\d$/, ""));
  }

  say(key, fields) {
    return say(this.language, key, fields);
  }

  commands(person) {
    return this.allCommands[station(person)] ?? this.allCommands.officer;
  }

  // A command as people of a language type it.
  commandName(language, name) {
    return this.commandNames[language]?.[name] ?? name;
  }

  // Who can be put on a phone: everybody who has none yet.
  choices(account) {
    const taken = new Set(this.taken);
    taken.delete(account);
    const all = this.people.map((person) => [person.account, person.name]);
    const further = account.includes("+") ? [[account, say(this.person(account).language, "further_phone", { name: this.person(account).name, n: account.at(-1) })]] : [];
    return [...all, ...further].filter(([one]) => !taken.has(one));
  }

  setPhones(accounts) {
    const there = new Map(this.phones.map((phone) => [phone.account, phone]));
    this.taken = new Set(accounts);
    this.phones = accounts.map((account) => there.get(account) ?? new Phone(this, account, this.person(account)));
    remember("phones", accounts);
    this.draw();
    this.line.watch(accounts);
  }

  swap(phone, account) {
    this.view = account;
    this.setPhones(this.phones.map((one) => (one === phone ? account : one.account)));
  }

  add(account) {
    this.view = account;
    this.setPhones([...this.phones.map((phone) => phone.account), account]);
    document.getElementById(`phone-${account}`).scrollIntoView({ inline: "end", block: "nearest" });
  }

  addFurther(base) {
    const taken = new Set(this.phones.map((phone) => phone.account));
    const account = Array.from({ length: 8 }, (_, number) => `${base}+${number + 2}`).find((one) => !taken.has(one));
    if (account) this.add(account);
  }

  putAway(phone) {
    this.setPhones(this.phones.filter((one) => one !== phone).map((one) => one.account));
  }

  draw() {
    const focus = document.activeElement?.closest?.(".bar") ? document.activeElement.getAttribute("aria-label") : null;
    document.documentElement.lang = this.language;
    document.title = this.say("title");
    const page = document.querySelector("iframe") ?? h("iframe", { src: "/" });
    page.title = this.say("public_page");
    this.sides = { page: h("div", { class: "panel panel-page", role: "tabpanel", id: "panel-page", "aria-label": this.say("public_page") }, page), networks: h("div", { class: "panel", role: "tabpanel", id: "panel-networks", "aria-label": this.say("networks") }, this.public.element) };
    const aside = h("aside", { class: "side", "aria-label": this.say("public") }, this.sideTabs(), this.sides.page, this.sides.networks);
    const scroll = this.phones.map((phone) => phone.list.scrollTop);
    this.row = h("div", { class: "phones" }, this.phones.map((phone) => phone.element));
    document.body.replaceChildren(this.bar(), this.tabs(), h("main", { class: "stage" }, this.row, aside));
    this.phones.forEach((phone, number) => { phone.list.scrollTop = scroll[number]; phone.refreshHead(); });
    this.public.draw();
    this.choose(this.view);
    if (focus) document.querySelector(`.bar [aria-label="${CSS.escape(focus)}"]`)?.focus();
  }

  bar() {
    const add = h("button", { type: "button", class: "add", "aria-label": this.say("add_phone") }, icon("add"), h("span", {}, this.say("add_phone")));
    menu(add, () => this.choices("").map(([account, name]) => ({ icon: "phone", label: `${name} · ${this.roles(account)}`, run: () => this.add(account) })));
    const language = h("select", { "aria-label": this.say("language"), class: "language", onchange: () => this.setLanguage(language.value) },
      known().map((one) => h("option", { value: one, selected: one === this.language }, one.toUpperCase())));
    const theme = iconButton("theme", this.say(`theme.${this.theme}`), { onclick: () => { this.setTheme(THEMES[(THEMES.indexOf(this.theme) + 1) % THEMES.length]); this.draw(); } });
    return h("header", { class: "bar" },
      h("img", { src: "/rehearsal/static/icon.svg", alt: "", width: "32", height: "32" }),
      h("div", { class: "brand" }, h("h1", {}, "Tweet Patrol"), h("p", {}, this.say("tagline"))),
      h("div", { class: "anchor" }, add), language, theme);
  }

  roles(account) {
    return this.person(account).roles.map((role) => this.say(`role.${role}`)).join(", ");
  }

  // On a small screen: one tab for each phone, the public page and the networks.
  tabs() {
    const phones = this.phones.map((phone) => this.tab(phone.account, [avatar(phone.person), h("span", {}, phone.name.split(/\s+/).slice(0, 2).join(" "))], phone.name));
    const others = [this.tab("page", [icon("globe"), h("span", {}, this.say("public_page"))], this.say("public_page")), this.tab("networks", [icon("people"), h("span", {}, this.say("networks"))], this.say("networks"))];
    return h("nav", { class: "tabs", "aria-label": this.say("views") }, phones, others);
  }

  tab(view, content, label = null) {
    return h("button", { type: "button", class: "view", "data-view": view, "aria-label": label, onclick: () => this.choose(view) }, content, h("span", { class: "unread", hidden: true }));
  }

  sideTabs() {
    const one = (side, drawn, key) => h("button", { type: "button", role: "tab", "data-side": side, id: `tab-${side}`, "aria-controls": `panel-${side}`, onclick: () => this.chooseSide(side) }, icon(drawn), this.say(key));
    const keys = (event) => {
      if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
      this.chooseSide(this.side === "page" ? "networks" : "page");
      document.getElementById(`tab-${this.side}`).focus();
    };
    return h("div", { class: "side-tabs", role: "tablist", "aria-label": this.say("public"), onkeydown: keys }, one("page", "globe", "public_page"), one("networks", "people", "networks"));
  }

  choose(view) {
    const views = [...this.phones.map((phone) => phone.account), "page", "networks"];
    this.view = views.includes(view) ? view : views[0];
    remember("view", this.view);
    for (const phone of this.phones) phone.element.classList.toggle("chosen", phone.account === this.view);
    document.querySelector(".side").classList.toggle("chosen", !this.isPhone(this.view));
    for (const button of document.querySelectorAll(".view")) button.setAttribute("aria-current", String(button.dataset.view === this.view));
    document.querySelector('.view[aria-current="true"]').scrollIntoView({ inline: "center", block: "nearest" });
    this.chooseSide(this.isPhone(this.view) ? this.side : this.view);
    if (NARROW.matches) this.phones.find((phone) => phone.account === this.view)?.seen();
  }

  chooseSide(side) {
    this.side = side;
    remember("side", side);
    for (const [name, panel] of Object.entries(this.sides)) panel.hidden = name !== side;
    for (const button of document.querySelectorAll("[data-side]")) {
      button.setAttribute("aria-selected", String(button.dataset.side === side));
      button.tabIndex = button.dataset.side === side ? 0 : -1;
    }
  }

  openPublic(path) {
    document.querySelector("iframe").src = path;
    this.choose("page");
  }

  isPhone(view) {
    return this.phones.some((phone) => phone.account === view);
  }

  isVisible(phone) {
    return !NARROW.matches || phone.account === this.view;
  }

  count(phone, unread) {
    const badge = document.querySelector(`.view[data-view="${CSS.escape(phone.account)}"] .unread`);
    if (!badge) return;
    badge.hidden = unread === 0;
    badge.textContent = unread > 9 ? "9+" : String(unread);
  }

  setLanguage(language) {
    this.language = language;
    remember("language", language);
    this.draw();
  }

  setTheme(theme) {
    this.theme = theme;
    remember("theme", theme);
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }

  // A picture in full.
  show(source, alt) {
    const dialog = h("dialog", { class: "viewer", onclick: () => dialog.close(), onclose: () => dialog.remove() },
      h("img", { src: source, alt }), alt && h("p", {}, alt), iconButton("close", this.say("close")));
    document.body.append(dialog);
    dialog.showModal();
  }
}

new Stage();
