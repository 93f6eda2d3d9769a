/** Finds a conversation among many: a search in their titles, and the way to the older ones. Made by history. */

import { el } from "../dom.js";
import { styles } from "../lazy.js";

await styles("/chat/fields.css");

const PAGE = 50;
const PAGE_AT_MOST = 500; // as the API has it

export class Finding {
  /** @param {import("../history.js").History} history */
  constructor(history) {
    this.history = history;
    this.search = el("input", { type: "search", class: "field", dir: "auto", "aria-label": "Search the conversations", placeholder: "Search", oninput: () => this.#find() });
    this.nothing = el("p", { class: "hint", role: "status" });
    this.older = el("button", { class: "button quiet", onclick: () => history.try(() => history.more(PAGE)) }, "Older conversations");
    history.note.before(this.search);
    history.list.after(this.nothing, this.older);
    this.show();
  }

  /** What is listed and has the words. */
  show() {
    const words = this.search.value.trim().toLocaleLowerCase();
    let found = 0;
    for (const { node, title } of this.history.rows.values()) {
      node.hidden = !title.toLocaleLowerCase().includes(words);
      if (!node.hidden && node.isConnected) found += 1;
    }
    this.nothing.textContent = words && !found ? "No conversation has these words in its title." : "";
    this.older.hidden = this.history.next === null;
  }

  /** Whoever searches means the older ones too. */
  async refresh() {
    while (this.search.value && this.history.next !== null) await this.history.more(PAGE_AT_MOST);
  }

  remove() {
    for (const node of [this.search, this.nothing, this.older]) node.remove();
  }

  #find() {
    this.show();
    return this.history.try(() => this.refresh());
  }
}
