// Where one writes: words, files, commands; new, as a change of an earlier message, or as the answer to a card.

import { h, icon, iconButton, menu, nonce } from "/rehearsal/static/dom.js";
import { Suggestions } from "/rehearsal/static/suggestions.js";
import { Tray } from "/rehearsal/static/tray.js";
import { say } from "/rehearsal/static/words.js";

const SAMPLES = 4;

export class Composer {
  constructor(phone) {
    this.phone = phone;
    this.mode = null;
    this.tray = new Tray(phone, () => this.drawn());
    this.field = h("textarea", { rows: "1", "aria-label": this.say("write"), placeholder: this.say("write"), dir: "auto", enterkeyhint: "send" });
    this.suggestions = new Suggestions(phone, this.field, (command) => this.fill(`/${command} `));
    this.bar = h("div", { class: "mode", hidden: true });
    this.button = iconButton("send", this.say("send"), { class: "icon-button send", type: "submit" });
    this.form = h("form", { class: "write", onsubmit: (event) => { event.preventDefault(); this.submit(); } },
      h("div", { class: "anchor" }, this.attach()), this.field, h("div", { class: "anchor" }, this.ideas()), this.button);
    this.element = h("div", { class: "composer" }, this.bar, this.tray.element, this.suggestions.element, this.form);
    this.field.addEventListener("keydown", (event) => this.keys(event));
    this.field.addEventListener("input", () => this.drawn());
    this.field.addEventListener("paste", (event) => this.paste(event));
    this.drawn();
  }

  say(key, fields) {
    return say(this.phone.language, key, fields);
  }

  get empty() {
    return !this.mode && !this.field.value && this.tray.empty;
  }

  attach() {
    const button = iconButton("attach", this.say("attach"));
    menu(button, () => [
      { icon: "photo", label: this.say("attach_photo"), run: () => this.pick("image/*,video/*", false) },
      { icon: "file", label: this.say("attach_file"), run: () => this.pick("", true) },
      { icon: "pin", label: this.say("attach_pin"), run: () => this.send("", [{ kind: "location" }]) },
      { icon: "voice", label: this.say("attach_voice"), run: () => this.send("", [{ kind: "voice" }]) },
    ]);
    return button;
  }

  ideas() {
    const button = iconButton("ideas", this.say("samples"));
    menu(button, () => Array.from({ length: SAMPLES }, (_, number) => {
      const sentence = this.say(`sample.${number + 1}`);
      return { icon: "answer", label: sentence, run: () => this.fill(sentence) };
    }));
    return button;
  }

  pick(accept, asFile) {
    const input = h("input", { type: "file", accept: accept || null, multiple: true, onchange: () => this.tray.add(input.files, asFile) });
    input.click();
  }

  paste(event) {
    const files = event.clipboardData?.files ?? [];
    if (files.length === 0) return;
    event.preventDefault();
    this.tray.add(files);
  }

  catchFiles(element) {
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    const hover = (on) => element.classList.toggle("drop", on);
    element.dataset.drop = this.say("drop");
    element.addEventListener("dragover", (event) => { if (carries(event)) { event.preventDefault(); hover(true); } });
    element.addEventListener("dragleave", (event) => { if (!element.contains(event.relatedTarget)) hover(false); });
    element.addEventListener("drop", (event) => {
      hover(false);
      if (!carries(event)) return;
      event.preventDefault();
      this.tray.add(event.dataTransfer.files);
    });
  }

  keys(event) {
    if (this.suggestions.keys(event)) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && !matchMedia("(pointer: coarse)").matches) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && this.mode) {
      this.leave();
    } else if (event.key === "ArrowUp" && this.empty) {
      const last = this.phone.lastOwn();
      if (last) { event.preventDefault(); this.edit(last); }
    }
  }

  answer(item, focus = true) {
    const label = item.card.ask?.label ?? item.card.title;
    this.enter({ kind: "answer", id: item.id }, this.say("answering"), label);
    if (item.card.ask?.prefill && !this.field.value) this.fill(item.card.ask.prefill, focus);
    else if (focus) this.field.focus();
  }

  edit(item) {
    this.enter({ kind: "edit", id: item.id }, this.say("editing"), item.sent.text);
    this.fill(item.sent.text);
  }

  enter(mode, title, words) {
    this.mode = mode;
    const leave = iconButton("close", this.say("cancel"), { onclick: () => this.leave() });
    this.bar.replaceChildren(icon(mode.kind === "edit" ? "edit" : "answer"), h("p", { id: `mode-${this.phone.account}` }, h("b", {}, title), h("span", {}, words)), leave);
    this.bar.hidden = false;
    this.field.setAttribute("aria-describedby", `mode-${this.phone.account}`);
  }

  leave() {
    this.mode = null;
    this.bar.hidden = true;
    this.field.removeAttribute("aria-describedby");
    this.fill("");
  }

  forget(id) {
    if (this.mode?.id === id) this.leave();
  }

  fill(text, focus = true) {
    this.field.value = text;
    if (focus) { this.field.focus(); this.field.setSelectionRange(text.length, text.length); }
    this.drawn();
  }

  drawn() {
    this.field.style.height = "auto";
    if (this.field.value) this.field.style.height = `${Math.min(this.field.scrollHeight + 2, 160)}px`;
    this.form.classList.toggle("ready", Boolean(this.field.value.trim()) || !this.tray.empty);
    this.suggestions.offer(this.field.value);
  }

  async submit() {
    const text = this.field.value.trim();
    const { mode } = this;
    if (mode?.kind === "edit") {
      if (text) this.phone.stage.line.ask({ do: "edit", chat: this.phone.account, nonce: nonce(), message: mode.id, text });
      return this.leave();
    }
    const files = await this.tray.files();
    if (!files || (!text && files.length === 0)) return null;
    this.tray.clear();
    this.leave();
    return this.send(text, files, mode?.id);
  }

  send(text, files = [], answers = null) {
    const sent = files.map(({ kind, ref = "", name = "", size = 0 }) => ({ kind, ref, name, size }));
    const form = { do: "send", chat: this.phone.account, nonce: nonce(), text, files: sent, answers, at: new Date().toISOString() };
    this.phone.stage.line.ask(form);
    this.phone.drawAll();
    this.phone.toBottom();
  }
}
