/**
 * A dialog with a list of words to add to and to take from. Each change is made at once. Used by share and tags.
 *
 * @typedef {{value: string, words: string, detail?: string}} Entry
 * @typedef {{heading: string, words: string, above?: HTMLElement, label: string, none: string, suggestions: string[],
 *   entries: () => Entry[], add: (typed: string) => Promise<string>, remove: (entry: Entry) => Promise<string>}} Content
 *   `add` and `remove` answer what to announce
 */

import { el, iconButton } from "../dom.js";
import { styles } from "../lazy.js";
import { inWords } from "../problems.js";

export class EntriesDialog {
  /** @param {Content} content */
  constructor(content) {
    this.content = content;
    this.list = el("ul", { class: "entries" });
    this.said = el("p", { class: "unseen", role: "status" });
    this.error = el("p", { class: "note error", id: "entries-error", role: "alert", hidden: true });
    const options = content.suggestions.map((value) => el("option", { value }));
    this.box = el("input", { id: "entries-box", type: "text", list: "entries-options", autocomplete: "off", maxlength: 320, autofocus: true, "aria-describedby": "entries-error" });
    this.submit = el("button", { type: "submit", class: "button primary" }, "Add");
    const form = el("form", { class: "entries-form" }, el("label", { for: "entries-box" }, content.label), this.box, el("datalist", { id: "entries-options" }, ...options), this.submit);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#add();
    });
    const done = el("button", { class: "button", onclick: () => this.dialog.close() }, "Done");
    const heading = el("h2", { id: "entries-heading", dir: "auto" }, content.heading);
    this.dialog = el("dialog", { class: "dialog entries-dialog", "aria-labelledby": "entries-heading" }, heading, el("p", {}, content.words), form, this.error, content.above, this.list, this.said, el("div", { class: "dialog-actions" }, done));
  }

  /** @returns {Promise<void>} once it is closed */
  async open() {
    await Promise.all([styles("/chat/dialog.css"), styles("/chat/library/entries.css")]);
    this.draw();
    document.body.append(this.dialog);
    this.dialog.showModal();
    await new Promise((resolve) => this.dialog.addEventListener("close", resolve));
    this.dialog.remove();
  }

  draw() {
    const entries = this.content.entries();
    const rows = entries.map((entry) => {
      const remove = iconButton("close", `Remove ${entry.words}`, () => this.change(() => this.content.remove(entry)));
      return el("li", {}, el("bdi", {}, entry.words), entry.detail && el("span", { class: "hint" }, entry.detail), remove);
    });
    this.list.replaceChildren(...(rows.length ? rows : [el("li", { class: "hint" }, this.content.none)]));
  }

  async #add() {
    const typed = this.box.value.trim();
    if (typed && (await this.change(() => this.content.add(typed)))) this.box.value = "";
  }

  /** @param {() => Promise<string>} change @returns {Promise<boolean>} whether it was made */
  async change(change) {
    this.dialog.ariaBusy = "true";
    this.submit.disabled = true;
    this.error.hidden = true;
    try {
      this.said.textContent = await change();
      return true;
    } catch (error) {
      this.error.hidden = false;
      this.error.textContent = inWords(error);
      return false;
    } finally {
      this.dialog.ariaBusy = null;
      this.submit.disabled = false;
      this.draw();
      if (!this.dialog.contains(document.activeElement)) this.box.focus();
    }
  }
}
