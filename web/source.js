/**
 * The panel beside the answer that shows where a citation comes from. Made by app; chips, citations and the
 * rows of the library open it. What it shows comes out of source/, which is loaded with the first of them.
 */

import { el, note } from "./dom.js";
import { styles } from "./lazy.js";
import { inWords, unreachable } from "./problems.js";

export class SourcePanel {
  #panel = null;
  #opener = null;

  constructor(root, api, toggled) {
    this.root = root;
    this.api = api;
    this.toggled = toggled;
  }

  /** @param {import("./types.d.ts").Cited} cited @param {HTMLElement} opener gets the focus back */
  async open(cited, opener) {
    this.#opener = opener;
    this.root.hidden = false;
    this.toggled(true);
    try {
      this.#panel ??= await this.#loaded();
    } catch (error) {
      this.root.replaceChildren(note(inWords(error), () => this.open(cited, opener)), el("button", { class: "button", onclick: () => this.close() }, "Close"));
      return;
    }
    if (this.#opener === opener) await this.#panel.open(cited);
  }

  close() {
    if (this.root.hidden) return;
    this.#panel?.clear();
    this.root.hidden = true;
    this.root.replaceChildren();
    this.toggled(false);
    if (this.#opener?.isConnected) this.#opener.focus();
    this.#opener = null;
  }

  /** Nothing of a document may outlive its deletion or the session. @param {string} [id] only this document */
  forget(id) {
    if (this.#panel ? this.#panel.forget(id) : id === undefined) this.close();
  }

  async #loaded() {
    const module = import("./source/panel.js").catch(() => Promise.reject(unreachable()));
    const [{ Panel }] = await Promise.all([module, styles("/chat/source/source.css")]);
    return new Panel(this.root, this.api, () => this.close());
  }
}
