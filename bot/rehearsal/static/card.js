// One item on a phone: a card of ours, or what the person wrote.

import { film, h, icon, iconButton, menu } from "/rehearsal/static/dom.js";
import { clock, say, size } from "/rehearsal/static/words.js";

const DRAWN = { location: "pin", voice: "voice", file: "file", video: "photo", photo: "photo", other: "file" };

export function drawCard(phone, item) {
  const { card } = item;
  const label = card.tone === "plain" ? card.title : `${card.title} (${say(phone.language, `tone.${card.tone}`)})`;
  const body = [
    card.pictures.length > 0 && drawPictures(phone, card.pictures),
    card.quote && h("blockquote", { dir: "auto" }, card.quote.map((piece) => (piece.marked ? h("mark", {}, piece.text) : piece.text))),
    card.lines.length > 0 && h("ul", { class: "lines" }, card.lines.map((line) => h("li", {}, lively(phone, line)))),
    card.ask && drawAsk(phone, item),
  ].filter(Boolean);
  const buttons = card.rows.map((row) => h("div", { class: "row" }, row.map((button) => drawButton(phone, item, button))));
  const whole = body.length > 0 || buttons.length > 0;
  return h("div", { class: `item card tone-${card.tone}${whole ? "" : " sentence"}`, "data-id": item.id },
    h("article", { class: "bubble", "aria-label": label, tabindex: "-1" },
      h("h3", { class: "title" }, lively(phone, card.title)), body,
      h("footer", { class: "meta" }, whole && answerButton(phone, item), h("time", { datetime: item.at }, clock(phone.language, item.at)))),
    buttons.length > 0 && h("div", { class: "rows", role: "group", "aria-label": card.title }, buttons));
}

const LIVELY = /(https?:\/\/[^\s]*[^\s.,;:!?)]|(?<=^|\s)\/[a-z]+(?=[\s.,;:!?)]|$))/;

// Words with the links and commands in them ready to tap, as chat apps have them.
function lively(phone, text) {
  return text.split(LIVELY).map((piece, number) => (number % 2 === 0 ? piece : piece.startsWith("/") ? command(phone, piece) : link(phone, piece)));
}

function command(phone, piece) {
  return h("button", { type: "button", class: "command", onclick: () => phone.composer.fill(`${piece} `) }, piece);
}

// A link to the public page of this very program opens beside the phones.
function link(phone, piece) {
  if (!URL.canParse(piece)) return piece;
  const url = new URL(piece);
  const ours = url.port === location.port && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  const open = (event) => { if (ours) { event.preventDefault(); phone.stage.openPublic(url.pathname + url.hash); } };
  return h("a", { href: url.href, target: "_blank", rel: "noopener noreferrer", onclick: open }, url.host + url.pathname);
}

function drawPictures(phone, pictures) {
  const open = (picture) => phone.stage.show(picture.src, picture.alt);
  return h("div", { class: `pictures count-${Math.min(pictures.length, 4)}` }, pictures.map((picture) =>
    picture.video ? film(picture) : h("button", { type: "button", class: "picture", onclick: () => open(picture) },
      h("img", { src: picture.src, alt: picture.alt, onload: () => phone.settle() }))));
}

function drawAsk(phone, item) {
  return h("button", { type: "button", class: "ask", onclick: () => phone.composer.answer(item) },
    icon("answer"), h("span", {}, item.card.ask.label));
}

function answerButton(phone, item) {
  if (item.card.ask) return null;
  return iconButton("answer", say(phone.language, "answer_card"), { class: "icon-button quiet", onclick: () => phone.composer.answer(item) });
}

function drawButton(phone, item, button) {
  // Whoever lists the buttons of a page by their names hears of which card each is.
  const name = `${button.label} · ${item.card.title.split(" · ")[0]}`;
  const element = h("button", { type: "button", class: `tap weight-${button.weight}`, "data-token": button.token, "aria-label": name }, h("span", {}, button.label));
  element.addEventListener("click", () => {
    if (element.getAttribute("aria-busy")) return;
    element.setAttribute("aria-busy", "true");
    phone.tap(item.id, button.token);
  });
  return element;
}

export function drawSent(phone, item) {
  const { sent } = item;
  const answered = sent.answers && phone.items.get(sent.answers)?.card;
  return h("div", { class: "item mine", "data-id": item.id },
    h("article", { class: "bubble", tabindex: "-1" },
      answered && h("p", { class: "answered" }, icon("answer"), answered.ask?.label ?? answered.title),
      sent.files.length > 0 && h("div", { class: `pictures count-${Math.min(sent.files.length, 4)}` }, sent.files.map((file) => drawFile(phone, file))),
      sent.text && h("p", { class: "text", dir: "auto" }, sent.text),
      h("footer", { class: "meta" },
        sent.edited && h("span", {}, say(phone.language, "edited")),
        h("time", { datetime: item.at }, clock(phone.language, item.at)),
        drawTick(phone, item))),
    !item.waiting && moreButton(phone, item),
  );
}

function drawTick(phone, item) {
  const state = item.waiting ? "waiting" : item.taken ? "taken" : "sent";
  const drawn = { waiting: "clock", sent: "tick", taken: "ticks" }[state];
  return h("span", { class: `tick ${state}`, role: "img", "aria-label": say(phone.language, `tick.${state}`), title: say(phone.language, `tick.${state}`) }, icon(drawn));
}

function drawFile(phone, file) {
  const name = file.name || say(phone.language, `kind.${file.kind}`);
  const chip = h("span", { class: "chip" }, icon(DRAWN[file.kind]),
    h("span", { class: "chip-text" }, h("span", { class: "chip-name" }, name), file.size ? h("small", {}, size(phone.language, file.size)) : null));
  if (file.kind !== "photo" || !file.ref) return chip;
  const source = `/rehearsal/upload/${file.ref}`;
  const image = h("img", { src: source, alt: say(phone.language, "your_photo"), onload: () => phone.settle() });
  const button = h("button", { type: "button", class: "picture", onclick: () => phone.stage.show(source, image.alt) }, image);
  image.addEventListener("error", () => button.replaceWith(chip), { once: true });
  return button;
}

function moreButton(phone, item) {
  const button = iconButton("more", say(phone.language, "more"), { class: "icon-button quiet more" });
  menu(button, () => [
    item.sent.text && { icon: "edit", label: say(phone.language, "edit"), run: () => phone.composer.edit(item) },
    { icon: "remove", label: say(phone.language, "remove"), run: () => phone.remove(item.id) },
  ]);
  return h("div", { class: "anchor" }, button);
}
