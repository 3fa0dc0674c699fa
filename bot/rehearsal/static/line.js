// The line to the program: one WebSocket that comes back by itself, and an outbox that nothing is lost from.

const PING = 15000;
const SLOWEST = 5000;
const KEPT = "rehearsal-outbox";

export class Line {
  constructor({ hear, changed }) {
    this.hear = hear;
    this.changed = changed;
    this.chats = new Set();
    this.silent = new Set();
    this.outbox = new Map(kept().map((form) => [form.nonce, form]));
    this.wait = 250;
    this.up = false;
  }

  open() {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/rehearsal/live`);
    this.socket.addEventListener("message", (event) => this.#heard(JSON.parse(event.data)));
    this.socket.addEventListener("close", () => this.#closed());
    this.socket.addEventListener("open", () => this.#opened());
  }

  // Ask for something that must happen exactly once; it is kept until the program says that it is done.
  ask(form) {
    this.outbox.set(form.nonce, form);
    this.#keep();
    this.#push(form);
  }

  // Say something that needs no memory.
  tell(form) {
    if (this.up) this.socket.send(JSON.stringify(form));
  }

  watch(chats) {
    this.chats = new Set(chats);
    this.#watch();
  }

  // A phone without signal neither sends nor hears; what it wrote waits.
  silence(chat, silent) {
    if (silent) this.silent.add(chat);
    else this.silent.delete(chat);
    this.#watch();
    if (!silent) this.#flush();
  }

  waiting(chat) {
    return [...this.outbox.values()].filter((form) => form.do === "send" && form.chat === chat);
  }

  #opened() {
    this.up = true;
    this.wait = 250;
    this.beat = setInterval(() => this.#ping(), PING);
    this.heardAt = Date.now();
    this.#watch();
    this.#flush();
    this.changed(true);
  }

  #closed() {
    clearInterval(this.beat);
    this.up = false;
    this.changed(false);
    setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(this.wait * 2, SLOWEST);
  }

  #ping() {
    if (Date.now() - this.heardAt > 3 * PING) this.socket.close();
    else this.tell({ do: "ping" });
  }

  #heard(event) {
    this.heardAt = Date.now();
    if (event.is === "done" || event.is === "refused") {
      this.outbox.delete(event.nonce);
      this.#keep();
    }
    if (event.is !== "pong") this.hear(event);
  }

  #watch() {
    this.tell({ do: "watch", chats: [...this.chats].filter((chat) => !this.silent.has(chat)) });
  }

  #flush() {
    for (const form of this.outbox.values()) this.#push(form);
  }

  #push(form) {
    if (!this.silent.has(form.chat)) this.tell(form);
  }

  #keep() {
    try { sessionStorage.setItem(KEPT, JSON.stringify([...this.outbox.values()])); } catch { /* Full or refused: then it lasts as long as the page. */ }
  }
}

function kept() {
  try { return JSON.parse(sessionStorage.getItem(KEPT)) ?? []; } catch { return []; }
}
