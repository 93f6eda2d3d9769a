/** Earlier conversations in the library: open one, begin a new one; what else can be done is loaded on first use. Made by app. */

import { el, icon, iconButton } from "./dom.js";
import { inWords } from "./problems.js";

const PAGE = 50;
const PAGE_AT_MOST = 500; // as the API has it
const FEW = 5; // are found without a search

export class History {
  /** What is shown, and so not made anew. */
  rows = new Map();
  known = [];
  /** Where the list goes on. */
  next = null;
  /** Deleted here, and to be deleted there; each can be settled. */
  going = new Map();
  /** Where there are many. */
  #finding = null;

  /** @param {HTMLElement} root @param {Api} api @param {import("./types.d.ts").AroundHistory} around */
  constructor(root, api, around) {
    this.api = api;
    this.around = around;
    this.list = el("ul", { class: "rows" });
    const begin = el("button", { class: "button", onclick: () => this.#begin() }, icon("plus"), "New conversation");
    this.none = el("p", { class: "hint" }, "Your questions and answers are kept here.");
    this.save = iconButton("download", "Download all conversations", () => this.#act("saveAll"));
    const head = el("div", { class: "library-head" }, el("h2", { id: "conversations-heading" }, "Conversations"), this.save);
    this.note = el("div");
    root.replaceChildren(head, begin, this.note, this.list, this.none);
  }

  refresh() {
    return this.try(async () => {
      this.#take(await this.api.conversations(Math.min(Math.max(this.known.length, PAGE), PAGE_AT_MOST)), []);
      if (this.next || this.known.length > FEW) this.#finding ??= new (await import("./history/find.js")).Finding(this);
      await this.#finding?.refresh();
    });
  }

  async more(limit) {
    this.#take(await this.api.conversations(limit, this.next), this.known);
  }

  #take({ conversations, next }, before) {
    this.known = [...before, ...conversations];
    this.next = next;
    this.show();
  }

  /** What is known, without what is about to be deleted. */
  show() {
    const nodes = this.known.filter(({ id }) => !this.going.has(id)).map((one) => this.#row(one));
    const focused = document.activeElement;
    if (nodes.length !== this.list.children.length || nodes.some((node, at) => this.list.children[at] !== node)) this.list.replaceChildren(...nodes);
    if (this.list.contains(focused)) focused.focus();
    this.none.hidden = nodes.length > 0;
    this.save.hidden = !nodes.length;
    this.#finding?.show();
    this.mark();
  }

  /** Show which one is open. */
  mark() {
    for (const button of this.list.querySelectorAll("[data-id]")) {
      if (button.dataset.id === this.around.current()) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  /** Forget what only this user may see. */
  clear() {
    this.known = [];
    this.next = null;
    this.rows.clear();
    this.going.clear();
    this.#finding?.remove();
    this.#finding = null;
    this.show();
  }

  /** Delete now what may still be brought back. */
  async settle() {
    await Promise.all([...this.going.values()].map((going) => going.settle()));
  }

  #begin() {
    this.around.begin();
    this.mark();
  }

  #row(conversation) {
    const { id, title } = conversation;
    const shown = this.rows.get(id);
    if (shown?.title === title) return shown.node;
    const open = () => this.try(() => this.around.open(id));
    const name = el("button", { class: "row-name", dir: "auto", "data-id": id, title, onclick: open }, el("span", {}, title || "Conversation"));
    const more = iconButton("more", `Rename, download or delete ${title}`, () => this.#act("toggle", conversation, node, more), { "aria-expanded": "false" });
    const node = el("li", { class: "row conversation" }, name, more);
    this.rows.set(id, { node, title });
    return node;
  }

  #act(name, ...what) {
    return this.try(async () => (await import("./history/actions.js"))[name](this, ...what));
  }

  /** What goes wrong is said above the list. @param {() => Promise<void>} act */
  async try(act) {
    try {
      this.note.replaceChildren();
      await act();
      this.mark();
    } catch (error) {
      this.note.replaceChildren(el("p", { class: "note error", role: "alert" }, inWords(error)));
    }
  }
}
