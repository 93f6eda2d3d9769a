/** Which documents of the view are chosen, and what can be done with all of them. Made by view. */

import { fileName } from "../answer.js";
import { el } from "../dom.js";

export class Selection {
  /** @type {Set<string>} ids */
  #chosen = new Set();
  /** @type {import("../types.d.ts").Document[]} that may be chosen */
  #shown = [];

  /** @param {import("../documents.js").Documents} library */
  constructor(library) {
    this.library = library;
    this.all = el("input", { type: "checkbox", "aria-label": "Select all that are shown" });
    this.all.addEventListener("change", () => this.#choose(this.all.checked ? this.#shown : []));
    this.words = el("span", { role: "status" });
    const button = (words, act, look = "") => el("button", { class: `button small ${look}`, onclick: () => act(this.#documents()) }, words);
    this.actions = el(
      "div",
      { class: "selection-actions", hidden: true },
      button("Share", (documents) => library.share(documents)),
      button("Tags", (documents) => library.tag(documents)),
      button("Delete", (documents) => library.remove(documents), "danger"),
      button("Clear", () => this.#choose([])),
    );
    this.bar = el("div", { class: "selection", hidden: true }, el("label", { class: "check" }, this.all, this.words), this.actions);
  }

  /** @param {import("../types.d.ts").Document} document */
  boxFor({ id, name }) {
    const box = el("input", { type: "checkbox", class: "choose", "data-action": "choose", "aria-label": `Select ${fileName(name)}` });
    box.checked = this.#chosen.has(id);
    box.addEventListener("change", () => {
      if (box.checked) this.#chosen.add(id);
      else this.#chosen.delete(id);
      this.#draw();
    });
    return box;
  }

  /** @param {import("../types.d.ts").Document[]} documents */
  shown(documents) {
    this.#shown = documents.filter((document) => document.may_change);
    const ids = new Set(this.#shown.map(({ id }) => id));
    this.#chosen = new Set([...this.#chosen].filter((id) => ids.has(id)));
    this.#draw();
  }

  #documents() {
    return this.#shown.filter(({ id }) => this.#chosen.has(id));
  }

  #choose(documents) {
    this.#chosen = new Set(documents.map(({ id }) => id));
    for (const row of this.library.list.node.children) {
      const box = row.querySelector(".choose");
      if (box) box.checked = this.#chosen.has(row.dataset.id);
    }
    this.#draw();
    if (!documents.length) this.all.focus();
  }

  #draw() {
    const count = this.#chosen.size;
    this.bar.hidden = !this.#shown.length;
    this.actions.hidden = !count;
    this.bar.classList.toggle("has-chosen", count > 0); // stays in sight then
    this.words.textContent = count ? `${count} selected` : "Select all";
    this.all.checked = count > 0 && count === this.#shown.length;
    this.all.indeterminate = count > 0 && !this.all.checked;
  }
}
