// The commands that fit what one has begun to write, as a list above the field.

import { h } from "/rehearsal/static/dom.js";
import { say } from "/rehearsal/static/words.js";

export class Suggestions {
  constructor(phone, field, choose) {
    this.phone = phone;
    this.field = field;
    this.choose = choose;
    this.names = [];
    this.at = 0;
    this.id = `commands-${phone.account}`;
    this.element = h("ul", { class: "suggestions", role: "listbox", id: this.id, "aria-label": say(phone.language, "commands"), hidden: true });
    for (const [name, value] of Object.entries({ "aria-autocomplete": "list", "aria-controls": this.id })) field.setAttribute(name, value);
  }

  offer(text) {
    const begun = text.match(/^\/(\w*)$/)?.[1];
    const all = begun === undefined ? [] : this.phone.stage.commands(this.phone.person);
    this.names = all.filter((name) => this.local(name).startsWith(begun.toLowerCase()) || name.startsWith(begun.toLowerCase()));
    if (this.names.length === 1 && this.local(this.names[0]) === begun) this.names = [];
    this.at = 0;
    this.draw();
  }

  keys(event) {
    if (this.names.length === 0) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) this.at = (this.at + step + this.names.length) % this.names.length;
    else if (event.key === "Escape") this.names = [];
    else if (event.key === "Tab" || (event.key === "Enter" && !this.whole())) this.choose(this.local(this.names[this.at]));
    else return false;
    event.preventDefault();
    this.draw();
    return true;
  }

  whole() {
    return this.names.some((name) => [name, this.local(name)].includes(this.field.value.slice(1)));
  }

  local(name) {
    return this.phone.stage.commandName(this.phone.language, name);
  }

  draw() {
    this.element.hidden = this.names.length === 0;
    this.element.replaceChildren(...this.names.map((name, number) => this.option(name, number)));
    if (this.names.length > 0) this.field.setAttribute("aria-activedescendant", `${this.id}-${this.at}`);
    else this.field.removeAttribute("aria-activedescendant");
    this.element.children[this.at]?.scrollIntoView({ block: "nearest" });
  }

  option(name, number) {
    const run = (event) => { event.preventDefault(); this.choose(this.local(name)); };
    return h("li", { role: "option", id: `${this.id}-${number}`, "aria-selected": String(number === this.at), onpointerdown: run },
      h("b", {}, `/${this.local(name)}`), h("span", {}, say(this.phone.language, `command.${name}`)));
  }
}
