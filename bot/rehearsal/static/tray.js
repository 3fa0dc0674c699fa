// The files that one is about to send: uploaded at once, sent with the message.

import { h, icon, iconButton } from "/rehearsal/static/dom.js";
import { say, size } from "/rehearsal/static/words.js";

const MOST = 10;

export class Tray {
  constructor(phone, changed) {
    this.phone = phone;
    this.changed = changed;
    this.entries = [];
    this.asFile = h("input", { type: "checkbox" });
    this.list = h("ul", {});
    this.element = h("div", { class: "tray", hidden: true }, this.list,
      h("label", { class: "as-file" }, this.asFile, say(phone.language, "as_file")));
  }

  get empty() {
    return this.entries.length === 0;
  }

  add(files, asFile) {
    if (asFile !== undefined) this.asFile.checked = asFile;
    for (const file of files) {
      if (file.size > this.phone.stage.uploadBytes) this.phone.note(say(this.phone.language, "too_big"));
      else if (this.entries.length >= MOST) return this.phone.note(say(this.phone.language, "too_many"));
      else this.take(file);
    }
    this.draw();
    return this.phone.composer.field.focus();
  }

  take(file) {
    const picture = file.type.startsWith("image/");
    const entry = { file, picture, ref: null, failed: false, shown: picture ? URL.createObjectURL(file) : null };
    entry.done = this.upload(entry);
    this.entries.push(entry);
  }

  async upload(entry) {
    entry.failed = false;
    try {
      const response = await fetch(`/rehearsal/upload?chat=${encodeURIComponent(this.phone.account)}`, { method: "POST", body: entry.file });
      const told = await response.json();
      if (response.ok) entry.ref = told.ref;
      else this.refuse(entry, told.sentence);
    } catch {
      entry.failed = true;
    }
    this.draw();
  }

  refuse(entry, sentence) {
    this.phone.note(sentence);
    this.drop(entry);
  }

  drop(entry) {
    if (entry.shown) URL.revokeObjectURL(entry.shown);
    this.entries = this.entries.filter((other) => other !== entry);
    this.draw();
  }

  clear() {
    for (const entry of [...this.entries]) this.drop(entry);
    this.asFile.checked = false;
  }

  // What to send, once everything is uploaded; null if something could not be.
  async files() {
    await Promise.all(this.entries.map((entry) => entry.done));
    if (this.entries.some((entry) => entry.failed)) {
      this.phone.note(say(this.phone.language, "upload_failed"));
      return null;
    }
    return this.entries.map((entry) => ({ kind: this.kind(entry), ref: entry.ref, name: entry.file.name, size: entry.file.size }));
  }

  kind(entry) {
    if (this.asFile.checked) return "file";
    if (entry.picture) return "photo";
    return entry.file.type.startsWith("video/") ? "video" : "file";
  }

  draw() {
    this.element.hidden = this.empty;
    this.list.replaceChildren(...this.entries.map((entry) => this.row(entry)));
    this.changed();
  }

  row(entry) {
    const { language } = this.phone;
    const state = entry.failed ? "failed" : entry.ref ? "ready" : "loading";
    const again = () => { entry.done = this.upload(entry); this.draw(); };
    const shown = entry.shown ? h("img", { src: entry.shown, alt: "" }) : icon("file");
    if (entry.shown) shown.addEventListener("error", () => shown.replaceWith(icon("photo")), { once: true });
    return h("li", { class: state },
      h("span", { class: "thumb" }, shown),
      h("span", { class: "chip-text" }, h("span", { class: "chip-name" }, entry.file.name), h("small", {}, state === "ready" ? size(language, entry.file.size) : say(language, `upload.${state}`))),
      entry.failed && h("button", { type: "button", class: "again", onclick: again }, say(language, "again")),
      iconButton("close", say(language, "remove_file", { name: entry.file.name }), { class: "icon-button quiet", onclick: () => this.drop(entry) }));
  }
}
