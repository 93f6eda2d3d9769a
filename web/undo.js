/**
 * What is deleted goes from the page at once and from the server some seconds later: until then it can be
 * taken back. Loaded on the first deletion.
 *
 * @typedef {{words: string, announce: (words: string) => void, undo: () => void,
 *   commit: (keepalive: boolean) => Promise<void>}} Deletion `commit` tells what goes wrong by itself
 */

import { el } from "./dom.js";
import { styles } from "./lazy.js";

const TIME = 8_000; // ms; they stand still while the pointer or the focus is on the button

/** @type {Pending[]} the latest last */
const pending = [];
const place = el("section", { class: "toasts", "aria-label": "Deleted just now" });

class Pending {
  #timer = 0;
  #left = TIME;
  #since = 0;
  /** @type {Promise<void> | null} */
  #done = null;

  /** @param {Deletion} deletion */
  constructor(deletion) {
    this.deletion = deletion;
    this.button = el("button", { class: "button small", onclick: () => this.undo() }, "Undo");
    this.node = el("p", { class: "toast" }, el("span", { dir: "auto" }, deletion.words), this.button);
    for (const name of ["pointerenter", "focusin"]) this.node.addEventListener(name, () => this.#wait());
    this.node.addEventListener("pointerleave", () => this.node.matches(":focus-within") || this.run());
    this.node.addEventListener("focusout", () => this.node.matches(":hover") || this.run());
  }

  #wait() {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#left = Math.max(this.#left - (performance.now() - this.#since), 1_000);
  }

  /** Let the time pass, again. */
  run() {
    if (this.#timer || !pending.includes(this)) return;
    this.#since = performance.now();
    this.#timer = setTimeout(() => this.settle(), this.#left);
  }

  undo() {
    if (!this.#leave()) return;
    this.deletion.announce("It is back.");
    this.deletion.undo();
  }

  /** Delete it now. @param {boolean} [keepalive] where the page goes away meanwhile */
  settle(keepalive = false) {
    if (this.#leave()) this.#done = this.deletion.commit(keepalive);
    return this.#done;
  }

  /** @returns {boolean} whether it was still to be decided */
  #leave() {
    clearTimeout(this.#timer);
    const at = pending.indexOf(this);
    if (at < 0) return false;
    pending.splice(at, 1);
    this.node.remove();
    return true;
  }
}

/** @param {Deletion} deletion @returns {{settle: () => Promise<void> | null}} */
export function undoable(deletion) {
  if (!place.isConnected) document.body.append(place);
  const made = new Pending(deletion);
  pending.push(made);
  place.append(made.node);
  made.run();
  deletion.announce(`${deletion.words} To bring it back press Control Z, or Undo at the end of the page.`);
  return made;
}

addEventListener("pagehide", () => {
  for (const each of [...pending]) each.settle(true);
});

document.addEventListener("keydown", (event) => {
  const isUndo = (event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z";
  if (!isUndo || !pending.length || event.target.matches("input:not([type=checkbox]), textarea")) return;
  event.preventDefault();
  pending.at(-1)?.undo();
});

await styles("/chat/undo.css");
