/** Who writes the answers: the host's model or the documents' own words. Loaded by conversation where there is a choice. */

import { el } from "./dom.js";
import { styles } from "./lazy.js";

await styles("/chat/fields.css");

const KEY = "rag.model"; // the tab's choice

export class ModelChoice {
  /** @param {string[]} models ids; the first is the host's own */
  constructor(models) {
    const options = models.map((id) => el("option", { value: id }, id === "extractive" ? "Quotations only" : id));
    this.select = el("select", { id: "model" }, ...options);
    const kept = sessionStorage.getItem(KEY);
    if (models.includes(kept)) this.select.value = kept;
    this.select.addEventListener("change", () => sessionStorage.setItem(KEY, this.select.value));
    this.node = el("p", { class: "model-choice" }, el("label", { for: "model" }, "Answers by"), this.select);
  }

  /** @returns {string | null} null: the host's own, whichever it is by then */
  get id() {
    return this.select.selectedIndex === 0 ? null : this.select.value;
  }
}
