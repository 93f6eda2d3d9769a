/**
 * The documents in the library: upload, list with live status, share, retry, delete. Made by app.
 *
 * @typedef {import("./api.js").Document} Document
 * @typedef {{open: (document: Document, opener: HTMLElement) => void, announce: (text: string) => void,
 *   removed: (id: string) => void, changed: (documents: Document[]) => void}} Around
 */

import { fileName } from "./answer.js";
import { confirmed } from "./confirm.js";
import { WORKING, documentRow } from "./document_row.js";
import { el, icon, note } from "./dom.js";
import { takeDrops } from "./drop.js";
import { inWords } from "./problems.js";
import { Uploads } from "./upload.js";

const BUSY = 1000; // ms between looks while something is being read
const IDLE = [5_000, 10_000, 20_000, 30_000]; // and when nothing is

export class Documents {
  /** @type {Document[]} */
  #documents = [];
  /** @type {string[]} uploaded from this page, latest first: on top of the list */
  #recent = [];
  /** @type {Map<string, {node: HTMLElement, source: string}>} */
  #rows = new Map();
  #pages = 1;
  #isOn = false;
  #timer = 0;
  #idleRounds = 0;
  #round = 0;

  constructor(root, api, around) {
    this.api = api;
    this.around = around;
    this.list = el("ul", { class: "rows" });
    this.uploading = el("ul", { class: "uploads", "aria-label": "Uploads" });
    this.note = el("div", { class: "library-note" });
    this.more = el("button", { class: "button quiet", hidden: true, onclick: () => this.#showMore() }, "Show more");
    this.parked = el("button", { class: "button", hidden: true, onclick: () => this.#change(() => this.api.retry()) }, icon("retry"), "Retry all parked");
    this.uploads = new Uploads(this.uploading, api, (accepted) => this.#accepted(accepted));
    this.picker = el("input", { type: "file", multiple: true, class: "unseen", tabindex: -1, "aria-label": "Choose documents to upload" });
    this.picker.addEventListener("change", () => {
      this.uploads.add(this.picker.files);
      this.picker.value = "";
    });
    const add = el("button", { class: "button primary", onclick: () => this.choose() }, icon("upload"), "Add documents");
    const drop = el("p", { class: "drop-hint" }, "or drop files anywhere on this page");
    root.replaceChildren(el("h2", { id: "documents-heading" }, "Documents"), add, this.picker, drop, this.uploading, this.parked, this.note, this.list, this.more);
    takeDrops(document.body, (files) => this.#isOn && this.uploads.add(files), around.announce);
    document.addEventListener("visibilitychange", () => !document.hidden && this.refresh());
  }

  choose() {
    this.picker.click();
  }

  start() {
    this.#isOn = true;
    this.note.replaceChildren(el("p", { class: "hint" }, "Loading the documents…"));
    return this.refresh();
  }

  /** Stop, and forget what only this user may see. */
  stop() {
    this.#isOn = false;
    clearTimeout(this.#timer);
    this.#round += 1;
    this.uploads.clear();
    this.#pages = 1;
    this.#recent = [];
    this.#documents = [];
    this.#rows.clear();
    this.list.replaceChildren();
    this.parked.hidden = true;
  }

  /** Look now; the next look follows by itself, sooner while something is being read. */
  async refresh() {
    if (!this.#isOn) return;
    clearTimeout(this.#timer);
    const round = (this.#round += 1);
    try {
      const documents = await this.#load();
      if (round === this.#round) this.#show(documents);
    } catch (error) {
      if (round === this.#round) this.#trouble(error);
    }
    if (round === this.#round && !document.hidden) this.#timer = setTimeout(() => this.refresh(), this.#pause());
  }

  #pause() {
    if (this.#documents.some(({ status }) => WORKING.has(status))) {
      this.#idleRounds = 0;
      return BUSY;
    }
    this.#idleRounds += 1;
    return IDLE[Math.min(this.#idleRounds, IDLE.length) - 1];
  }

  /** The first pages by name, and whatever was uploaded here, on whichever page it is. */
  async #load() {
    /** @type {Map<string, Document>} */
    const documents = new Map();
    let after = null;
    for (let page = 0; page < this.#pages; page += 1) {
      const { documents: found, next } = await this.api.documents(after);
      for (const document of found) documents.set(document.id, document);
      after = next;
      if (next === null) break;
    }
    this.more.hidden = after === null;
    const missing = after === null ? [] : this.#recent.filter((id) => !documents.has(id));
    for (const document of await Promise.all(missing.map((id) => this.api.document(id)))) documents.set(document.id, document);
    const recent = this.#recent.flatMap((id) => documents.get(id) ?? []);
    return [...new Set([...recent, ...documents.values()])];
  }

  #show(documents) {
    const before = new Map(this.#documents.map((document) => [document.id, document.status]));
    for (const document of documents) this.#tell(document, before.get(document.id));
    this.#documents = documents;
    this.parked.hidden = !documents.some((document) => document.is_parked && this.#canChange(document));
    const empty = el("p", { class: "empty" }, el("strong", {}, "No documents yet."), " Add PDF, Word, PowerPoint, Excel, HTML, Markdown, CSV or mail files: each can be asked about within seconds.");
    this.note.replaceChildren(...(documents.length ? [] : [empty]));
    const nodes = documents.map((document) => this.#row(document));
    if (nodes.some((node, index) => this.list.children[index] !== node)) this.#place(nodes);
    this.#rows = new Map([...this.#rows].filter(([, { node }]) => node.isConnected));
    this.around.changed(documents);
  }

  /** Put the rows in; the focus stays on the same button of the same document. @param {HTMLElement[]} nodes */
  #place(nodes) {
    const focused = this.list.querySelector(":focus");
    const { action } = focused?.dataset ?? {};
    const { id } = focused?.closest("li")?.dataset ?? {};
    this.list.replaceChildren(...nodes);
    if (id) nodes.find((node) => node.dataset.id === id)?.querySelector(`[data-action="${action}"]`)?.focus();
  }

  /** @param {Document} document @returns {HTMLElement} the row that is there already, if nothing changed */
  #row(document) {
    const source = JSON.stringify(document);
    const known = this.#rows.get(document.id);
    if (known?.source === source) return known.node;
    const node = documentRow(document, this.#canChange(document), {
      open: this.around.open,
      share: ({ id, readers }) => this.#change(() => this.api.share(id, toggled(readers))),
      retry: ({ id }) => this.#change(() => this.api.retry(id)),
      remove: (one) => this.#remove(one),
    });
    this.#rows.set(document.id, { node, source });
    return node;
  }

  #canChange({ is_owner }) {
    return is_owner || this.api.session.user?.is_administrator;
  }

  #tell({ name, status, reason }, before) {
    if (before === undefined || before === status) return;
    if (status === "indexed") this.around.announce(`${fileName(name)} is ready.`);
    if (status === "failed") this.around.announce(`${fileName(name)} failed: ${reason}`);
  }

  async #remove({ id, name }) {
    const words = "Its passages are no longer found, at once and for everyone. This cannot be undone.";
    if (!(await confirmed(`Delete ${fileName(name)}?`, words, "Delete"))) return;
    await this.#change(async () => {
      await this.api.deleteDocument(id);
      this.around.removed(id);
      this.around.announce(`${fileName(name)} is deleted.`);
    });
    this.picker.previousElementSibling?.focus();
  }

  async #change(change) {
    try {
      await change();
      await this.refresh();
    } catch (error) {
      this.#trouble(error);
    }
  }

  #accepted(accepted) {
    if (accepted) this.#recent = [accepted.id, ...this.#recent.filter((id) => id !== accepted.id)];
    this.#idleRounds = 0;
    this.refresh();
  }

  #showMore() {
    this.#pages += 1;
    this.refresh();
  }

  #trouble(error) {
    this.note.replaceChildren(note(inWords(error), () => this.refresh()));
  }
}

function toggled(readers) {
  return readers.includes("everyone") ? readers.filter((reader) => reader !== "everyone") : [...readers, "everyone"];
}
