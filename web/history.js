/** Earlier conversations in the library: open, delete, begin a new one. Made by app. */

import { confirmed } from "./confirm.js";
import { el, icon, iconButton } from "./dom.js";
import { inWords } from "./problems.js";

export class History {
  /**
   * @param {HTMLElement} root @param {Api} api
   * @param {{open: (id: string) => Promise<void>, begin: () => void, current: () => string | null}} around
   */
  constructor(root, api, around) {
    this.api = api;
    this.around = around;
    this.list = el("ul", { class: "rows" });
    const begin = el("button", { class: "button", onclick: () => this.#begin() }, icon("plus"), "New conversation");
    root.replaceChildren(el("h2", { id: "conversations-heading" }, "Conversations"), begin, this.list);
  }

  async refresh() {
    try {
      const conversations = await this.api.conversations();
      const rows = conversations.map((conversation) => this.#row(conversation));
      this.list.replaceChildren(...(rows.length ? rows : [el("li", { class: "empty" }, "Your questions and answers are kept here.")]));
    } catch (error) {
      this.list.replaceChildren(el("li", { class: "note error" }, inWords(error)));
    }
    this.mark();
  }

  /** Show which one is open. */
  mark() {
    for (const button of this.list.querySelectorAll("[data-id]")) {
      if (button.dataset.id === this.around.current()) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  clear() {
    this.list.replaceChildren();
  }

  #begin() {
    this.around.begin();
    this.mark();
  }

  #row({ id, title }) {
    const open = () => this.#try(() => this.around.open(id));
    const button = el("button", { class: "row-name", dir: "auto", "data-id": id, title, onclick: open }, el("span", {}, title || "Conversation"));
    const remove = iconButton("trash", `Delete the conversation ${title}`, () => this.#remove(id, title));
    return el("li", { class: "row conversation" }, button, el("div", { class: "row-actions" }, remove));
  }

  async #remove(id, title) {
    if (!(await confirmed("Delete this conversation?", `“${title}” and its answers will be gone.`, "Delete"))) return;
    await this.#try(async () => {
      await this.api.deleteConversation(id);
      if (this.around.current() === id) this.around.begin();
      await this.refresh();
    });
  }

  async #try(act) {
    try {
      await act();
      this.mark();
    } catch (error) {
      this.list.prepend(el("li", { class: "note error", role: "alert" }, inWords(error)));
    }
  }
}
