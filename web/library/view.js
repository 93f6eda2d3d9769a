/**
 * All documents as a view of its own: counted by state, searched, narrowed to a folder or a tag, and changed many
 * at a time. Loaded by documents when it is first opened.
 *
 * @typedef {import("../types.d.ts").Document} Document
 */

import { WORKING } from "../document_row.js";
import { el, icon } from "../dom.js";
import { load } from "./narrowed.js";
import { Selection } from "./selection.js";

/** @type {Record<string, {words: string, statuses: string[]}>} */
const STATES = {
  all: { words: "All", statuses: [] },
  ready: { words: "Ready", statuses: ["indexed"] },
  working: { words: "Being read", statuses: [...WORKING] },
  failed: { words: "Failed", statuses: ["failed"] },
};
const COMMON = /^(shared|organisations)\//; // folders that are nobody's own
const PAUSE = 250; // ms after the last letter of a search

export class View {
  #state = "all";
  #text = "";
  #folder = "";
  #tag = "";
  #typing = 0;
  /** @type {Record<string, number>} of documents by status */
  #counts = {};

  /** @param {HTMLElement} root @param {import("../documents.js").Documents} library */
  constructor(root, library) {
    this.library = library;
    this.selection = new Selection(library);
    this.search = el("input", { type: "search", class: "document-search", "aria-label": "Search documents by name", placeholder: "Search by name" });
    this.search.addEventListener("input", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#narrow({ text: this.search.value.trim() }), PAUSE);
    });
    this.folders = library.chooser("Choose a folder to upload", { webkitdirectory: true });
    const addFolder = el("button", { class: "button", onclick: () => this.folders.click() }, icon("upload"), "Add a folder");
    const entries = Object.entries(STATES);
    this.states = entries.map(([state, { words }]) => el("button", { class: "button small state", onclick: () => this.#narrow({ state }) }, words, el("span", { class: "count" })));
    this.within = el("p", { class: "within", hidden: true });
    const filters = el("div", { class: "states", role: "group", "aria-label": "Documents by state" }, ...this.states);
    root.replaceChildren(el("div", { class: "view-tools" }, this.search, addFolder, this.folders), filters, this.within, this.selection.bar);
    this.#mark();
  }

  get isNarrowed() {
    return this.#state !== "all" || Boolean(this.#text || this.#folder || this.#tag);
  }

  /** @returns {string} the folder that new files go to */
  get target() {
    const isOwn = !COMMON.test(this.#folder);
    return isOwn || this.library.mayKeep(this.#folder) ? this.#folder : "";
  }

  /** @param {number} pages how many are shown */
  async load(pages) {
    const { statuses } = STATES[this.#state];
    const wanted = { statuses, text: this.#text, prefix: this.#folder, tag: this.#tag };
    const [found, summary] = await Promise.all([load(this.library.api, wanted, pages), this.#summary()]);
    this.#mark(found.isPartial);
    this.#counts = this.#countsOf(summary.documents, found);
    return found;
  }

  /** @returns {HTMLElement | undefined} what an empty list says */
  nothing() {
    if (!this.isNarrowed) return undefined;
    const all = el("button", { class: "button small", onclick: () => this.#everything() }, "Show all documents");
    return el("p", { class: "note" }, el("span", {}, "No document fits."), all);
  }

  /** @param {Document[]} documents */
  shown(documents) {
    this.selection.shown(documents);
    this.#count();
  }

  /** Give a row what only the view has. @param {HTMLElement} row @param {Document} document */
  dress(row, document) {
    row.prepend(document.may_change ? this.selection.boxFor(document) : el("span", {}));
    const folder = document.name.slice(0, document.name.lastIndexOf("/") + 1);
    const place = row.querySelector(".row-folder");
    const isOurs = document.is_owner || COMMON.test(folder);
    if (place && isOurs) place.replaceWith(el("button", { class: "link folder", "data-action": "folder", dir: "auto", title: `Only what is in ${folder}`, onclick: () => this.#narrow({ folder }) }, folder.slice(0, -1)));
    const tags = document.tags.map((tag) => el("li", {}, el("button", { class: "tag", "data-action": `tag-${tag}`, dir: "auto", title: `Only what is filed under ${tag}`, onclick: () => this.#narrow({ tag }) }, tag)));
    const text = row.querySelector(".row-text");
    if (tags.length) text.append(el("ul", { class: "tags", "aria-label": "Tags" }, ...tags));
    const { readers } = document;
    if (document.may_change && readers.length) text.append(el("p", { class: "row-readers", dir: "auto" }, `Shared with ${readers.map(readerName).join(", ")}`));
    const name = document.name.slice(folder.length);
    if (document.may_change) row.querySelector(".row-actions").prepend(el("button", { class: "button quiet small", "data-action": "tags", "aria-haspopup": "dialog", "aria-label": `Tags of ${name}`, onclick: () => this.library.tag([document]) }, "Tags"));
  }

  async #summary() {
    return (await this.library.api.request("GET", "/api/documents/summary")).json();
  }

  /** An administrator's summary counts everybody's: then only what is all here. */
  #countsOf(summary, { documents, hasMore }) {
    if (!this.library.api.session.user?.is_administrator) return summary;
    if (this.isNarrowed || hasMore) return this.#counts;
    const count = (status) => documents.filter((each) => each.status === status).length;
    return Object.fromEntries(Object.keys(summary).map((status) => [status, count(status)]));
  }

  /** How many there are of each state, without what is being deleted. */
  #count() {
    const { shown, going } = this.library;
    const left = { ...this.#counts };
    for (const { id, status } of shown) if (going.has(id) && status in left) left[status] -= 1;
    const all = Object.keys(left);
    Object.values(STATES).forEach(({ statuses }, index) => {
      const count = (statuses.length ? statuses : all).reduce((sum, status) => sum + left[status], 0);
      this.states[index].lastElementChild.textContent = all.length ? String(count) : "";
    });
  }

  #everything() {
    this.search.value = "";
    this.#narrow({ state: "all", text: "", folder: "", tag: "" });
    this.search.focus();
  }

  #narrow({ state = this.#state, text = this.#text, folder = this.#folder, tag = this.#tag }) {
    [this.#state, this.#text, this.#folder, this.#tag] = [state, text, folder, tag];
    this.#mark();
    this.library.fromStart();
  }

  /** @param {boolean} [isPartial] whether names were left unsearched */
  #mark(isPartial = false) {
    Object.keys(STATES).forEach((state, index) => this.states[index].setAttribute("aria-pressed", String(state === this.#state)));
    const all = el("button", { class: "button small", onclick: () => this.#narrow({ folder: "", tag: "" }) }, "Everywhere");
    const words = [this.#folder && `in ${this.#folder.slice(0, -1)}`, this.#tag && `filed under ${this.#tag}`].filter(Boolean).join(", ");
    const told = [words && `Only what is ${words}.`, this.#folder && this.target && "New files go there.", isPartial && "Only the first 10,000 names are searched."].filter(Boolean).join(" ");
    if (this.within.dataset.told === told) return; // the button in it may have the focus
    this.within.dataset.told = told;
    this.within.hidden = !told;
    this.within.replaceChildren(el("bdi", {}, told), words ? all : "");
  }
}

function readerName(reader) {
  if (reader === "organisation") return "the organisation";
  return reader.replace(/^group:/, "");
}
