// The networks' panel: what the public got, what one answers as a citizen, and trouble to switch on.

import { film, h, icon, nonce, publicImage } from "/rehearsal/static/dom.js";
import { clock, say } from "/rehearsal/static/words.js";

const SAMPLES = 4;

export class Public {
  constructor(stage) {
    this.stage = stage;
    this.open = new Set();
    this.drafts = new Map();
    this.name = "";
    this.troubles = h("fieldset", { class: "troubles" });
    this.posts = h("ol", { class: "public-posts" });
    this.element = h("div", { class: "public" }, this.troubles, this.posts);
    this.drawn = { troubles: "", posts: "" };
  }

  get language() {
    return this.stage.language;
  }

  say(key, fields) {
    return say(this.language, key, fields);
  }

  put({ posts, troubles }) {
    this.told = { posts, troubles };
    this.draw();
  }

  // Draw only what changed: a reply that somebody is writing keeps its focus.
  draw() {
    if (!this.told) return;
    const { posts, troubles } = this.told;
    const marks = { troubles: JSON.stringify([troubles, this.language]), posts: JSON.stringify([posts, this.language, [...this.open]]) };
    if (marks.troubles !== this.drawn.troubles) this.drawTroubles(troubles);
    if (marks.posts !== this.drawn.posts) this.drawPosts(posts);
    this.drawn = marks;
  }

  drawTroubles(troubles) {
    const focused = document.activeElement?.dataset?.trouble;
    const entries = Object.entries(troubles).map(([trouble, on]) => {
      const input = h("input", { type: "checkbox", role: "switch", checked: on, "data-trouble": trouble, onchange: () => this.stage.line.tell({ do: "switch", trouble, on: input.checked }) });
      return h("label", { class: "switch", title: this.say(`trouble.${trouble.replace(" ", "_")}.why`) }, input, h("span", {}, this.say(`trouble.${trouble.replace(" ", "_")}.name`)));
    });
    this.troubles.replaceChildren(h("legend", {}, this.say("troubles")), ...entries);
    this.troubles.classList.toggle("on", Object.values(troubles).some(Boolean));
    if (focused) this.troubles.querySelector(`[data-trouble="${CSS.escape(focused)}"]`)?.focus();
  }

  drawPosts(posts) {
    const focused = document.activeElement?.closest?.("[data-reply]") && { post: document.activeElement.closest("[data-reply]").dataset.reply, name: document.activeElement.name };
    const known = new Set(posts.flatMap((post) => [post.id, ...post.replies.map((reply) => reply.id)]));
    const below = (id) => posts.filter((post) => post.answers === id).reverse();
    const top = posts.filter((post) => !known.has(post.answers));
    this.posts.replaceChildren(...(top.length ? top.map((post) => this.post(post, below)) : [this.nothing()]));
    if (focused?.name) this.posts.querySelector(`[data-reply="${CSS.escape(focused.post)}"] [name="${focused.name}"]`)?.focus();
  }

  nothing() {
    return h("li", { class: "nothing" }, icon("people"), h("p", {}, this.say("nothing_public")));
  }

  post(post, below) {
    const replies = post.replies.map((reply) => h("li", { class: "reply" },
      h("p", { class: "by" }, h("b", {}, reply.name), h("time", { datetime: reply.at }, clock(this.language, reply.at))),
      h("p", { class: "text", dir: "auto" }, reply.text),
      thread(below(reply.id).map((answer) => this.post(answer, below)))));
    return h("li", { class: `public-post${post.withdrawn ? " withdrawn" : ""}`, id: `public-${post.id}` },
      h("p", { class: "by" }, h("b", {}, this.say("force")), h("span", {}, `${post.number}`), h("time", { datetime: post.at }, clock(this.language, post.at))),
      post.withdrawn && h("p", { class: "tombstone" }, this.say("withdrawn", { time: clock(this.language, post.withdrawn) })),
      h("p", { class: "text", dir: "auto", lang: post.language }, post.withdrawn ? h("s", {}, post.text) : post.text),
      !post.withdrawn && post.pictures.length > 0 && h("div", { class: `pictures count-${Math.min(post.pictures.length, 4)}` }, post.pictures.map((picture) =>
        picture.video ? film(picture) : h("button", { type: "button", class: "picture", onclick: () => this.stage.show(picture.src, picture.alt) }, publicImage(picture)))),
      h("ul", { class: "lengths", "aria-label": this.say("lengths") }, post.lengths.map((length) => this.length(length))),
      thread([...replies, ...below(post.id).map((answer) => this.post(answer, below))]),
      !post.withdrawn && this.answer(post));
  }

  length({ network, length, most }) {
    const over = length > most;
    return h("li", { class: over ? "over" : null, title: over ? this.say("over", { network }) : null },
      h("span", {}, network), h("meter", { min: "0", low: String(most * 0.9), high: String(most), max: String(most + 1), optimum: "0", value: String(Math.min(length, most + 1)), "aria-hidden": "true" }), h("span", {}, `${length}/${most}`));
  }

  answer(post) {
    const opener = h("button", { type: "button", class: "link", onclick: () => { this.open.add(post.id); this.draw(); this.focus(post); } }, icon("answer"), this.say("as_citizen"));
    return this.open.has(post.id) ? this.replyForm(post) : opener;
  }

  replyForm(post) {
    const name = h("input", { name: "name", autocomplete: "off", required: true, maxlength: "80", "aria-label": this.say("citizen_name"), placeholder: this.say("citizen_name"), value: this.name, oninput: () => { this.name = name.value; } });
    const text = h("textarea", { name: "text", rows: "2", required: true, maxlength: "2000", "aria-label": this.say("citizen_text"), placeholder: this.say("citizen_text"), value: this.drafts.get(post.id) ?? "", oninput: () => this.drafts.set(post.id, text.value) });
    const samples = Array.from({ length: SAMPLES }, (_, number) => {
      const sentence = this.say(`citizen.${number + 1}`);
      return h("button", { type: "button", class: "idea", onclick: () => { text.value = sentence; this.drafts.set(post.id, sentence); text.focus(); } }, sentence);
    });
    const submit = (event) => { event.preventDefault(); this.reply(post, name.value, text.value); };
    const leave = () => { this.open.delete(post.id); this.draw(); };
    return h("form", { class: "citizen", "data-reply": post.id, onsubmit: submit }, name, text,
      h("div", { class: "ideas" }, samples),
      h("div", { class: "deeds" }, h("button", { type: "button", class: "link", onclick: leave }, this.say("cancel")), h("button", { type: "submit", class: "primary" }, this.say("send_reply"))));
  }

  focus(post) {
    this.posts.querySelector(`[data-reply="${CSS.escape(post.id)}"] [name="${this.name ? "text" : "name"}"]`)?.focus();
  }

  reply(post, name, text) {
    this.stage.line.ask({ do: "reply", nonce: nonce(), post: post.id, name, text });
    this.drafts.delete(post.id);
    this.open.delete(post.id);
    this.draw();
  }
}

function thread(entries) {
  return entries.length > 0 && h("ol", { class: "thread" }, entries);
}
