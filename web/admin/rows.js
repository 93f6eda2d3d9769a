/** Lists that keep what did not change, and the focus, when they are drawn again. Used by the sections. */

import { el } from "../dom.js";

export class Rows {
  /** @type {Map<string, {node: HTMLElement, source: string}>} */
  #known = new Map();

  /**
   * @param {string} label @param {(item: any) => Node[]} draw what a row consists of
   * @param {(item: any) => string} key
   */
  constructor(label, draw, key = ({ id }) => id) {
    this.node = el("ul", { class: "admin-rows", "aria-label": label });
    this.draw = draw;
    this.key = key;
  }

  /** @param {object[]} items */
  show(items) {
    const focused = this.node.querySelector(":focus");
    const { action } = focused?.dataset ?? {};
    const row = focused?.closest("li");
    const nodes = items.map((item) => this.#row(item));
    if (nodes.length !== this.node.children.length || nodes.some((node, index) => this.node.children[index] !== node)) {
      this.node.replaceChildren(...nodes);
    }
    if (row && document.activeElement === document.body) refocus(nodes.find((node) => node.dataset.key === row.dataset.key), action);
    this.#known = new Map([...this.#known].filter(([, { node }]) => node.isConnected || nodes.includes(node)));
  }

  #row(item) {
    const key = this.key(item);
    const source = JSON.stringify(item);
    const known = this.#known.get(key);
    if (known?.source === source) return known.node;
    const node = el("li", { class: "admin-row", "data-key": key }, ...this.draw(item));
    this.#known.set(key, { node, source });
    return node;
  }
}

/** On the same button, or where it was. @param {HTMLElement | undefined} row @param {string | undefined} action */
function refocus(row, action) {
  if (!row) return;
  row.tabIndex = -1;
  (row.querySelector(`[data-action="${action}"]`) ?? row).focus();
}

/** A button of a row. @param {string} action a name for it, of its own in the row @param {string} of what the row is about, for who only hears it */
export function rowButton(action, words, of, onclick, look = "") {
  return el("button", { class: `button small ${look}`, "data-action": action, "aria-label": `${words} ${of}`, onclick }, words);
}
