/**
 * The rows of the library's list: one that shows the same as before stays the same node, however often the list
 * is loaded, so that focus and selection stay too. Made by documents.
 */

import { el } from "./dom.js";

export class DocumentList {
  #rows = new Map();
  node = el("ul", { class: "rows" });

  /** @param {import("./types.d.ts").Document[]} documents */
  show(documents, isWide, rowOf) {
    const rows = new Map();
    for (const document of documents) {
      const source = JSON.stringify([document, isWide]);
      const known = this.#rows.get(document.id);
      rows.set(document.id, known?.source === source ? known : { node: rowOf(document), source });
    }
    this.#rows = rows;
    this.#place([...rows.values()].map(({ node }) => node));
  }

  clear() {
    this.#rows.clear();
    this.node.replaceChildren();
  }

  /** @param {string} id @param {string} [action] of its controls */
  focus(id, action = "open") {
    const row = this.#rows.get(id)?.node;
    (row?.querySelector(`[data-action="${action}"]`) ?? row?.querySelector("button"))?.focus();
  }

  /** @param {string[]} ids of rows that go @returns {string | undefined} whose row the focus goes to */
  after(ids) {
    const all = [...this.#rows.keys()];
    const left = all.slice(all.indexOf(ids[0])).find((id) => !ids.includes(id));
    return left ?? all.findLast((id) => !ids.includes(id));
  }

  /** Move no more than has to be; the focus stays on the same control of the same document. @param {HTMLElement[]} nodes */
  #place(nodes) {
    const focused = this.node.querySelector(":focus");
    const id = focused?.closest("li").dataset.id;
    const kept = new Set(nodes);
    for (const row of [...this.node.children]) if (!kept.has(row)) row.remove();
    nodes.forEach((node, index) => {
      const there = this.node.children[index];
      if (there !== node) this.node.insertBefore(node, there ?? null);
    });
    if (id && document.activeElement !== focused) this.focus(id, focused.dataset.action);
  }
}
