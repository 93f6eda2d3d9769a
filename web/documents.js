/**
 * The documents in the library: a list with live status in the side bar, and under #documents a view of its own.
 * What only some visits need (uploads, sharing, tags, deletion, the view) is loaded on first use. Made by app.
 */

import { fileName } from "./answer.js";
import { DocumentList } from "./document_list.js";
import { WORKING, documentRow } from "./document_row.js";
import { byId, el, icon, note } from "./dom.js";
import { takeDrops } from "./drop.js";
import { styles } from "./lazy.js";
import { inWords } from "./problems.js";

const BUSY = 1000; // ms between looks while something is being read
const IDLE = [5_000, 10_000, 20_000, 30_000]; // and when nothing is
const SHARE = 10; // and at least this many times what a look takes
const RECENT = 8; // of what was uploaded from this page stand on top
const EMPTY = " Add PDF, Word, PowerPoint, Excel, HTML, Markdown, CSV or mail files: each can be asked about within seconds.";

export class Documents {
  shown = [];
  /** Uploaded from this page, latest first. */
  #recent = [];
  /** Deleted here, and to be deleted there; each can be settled. */
  going = new Map();
  /** While it is open. */
  view = null;
  #pages = 1;
  #isOn = false;
  #timer = 0;
  #idleRounds = 0;
  #round = 0;

  constructor(root, api, around) {
    this.api = api;
    this.around = around;
    this.heading = el("h2", { id: "documents-heading", tabindex: -1 }, "Documents");
    this.list = new DocumentList();
    this.uploading = el("div", { class: "uploading" });
    this.tools = el("div", { class: "library-tools" });
    this.note = el("div", { class: "library-note" });
    this.more = el("button", { class: "button quiet more", hidden: true, onclick: () => this.#showMore() }, "Show more");
    this.parked = el("button", { class: "button", hidden: true, onclick: () => this.#change(() => this.api.retry()) }, icon("retry"), "Retry all parked");
    this.picker = this.chooser("Choose documents to upload", { multiple: true });
    const add = el("button", { class: "button primary", onclick: this.choose }, icon("upload"), "Add documents");
    const drop = el("p", { class: "drop-hint" }, "or drop files and folders anywhere on this page");
    root.replaceChildren(this.heading, el("div", { class: "library-add" }, add, drop), this.picker, this.uploading, this.tools, this.parked, this.note, this.list.node, this.more);
    takeDrops(document.body, (dropped) => this.#isOn && this.add(dropped));
    document.addEventListener("visibilitychange", () => !document.hidden && this.refresh());
    addEventListener("hashchange", () => this.#route());
  }

  choose = () => this.picker.click();

  /** An unseen input for files. @param {string} label @param {object} attributes */
  chooser(label, attributes) {
    const input = el("input", { type: "file", class: "unseen", tabindex: -1, "aria-label": label, ...attributes });
    input.addEventListener("change", () => {
      this.add([...input.files]);
      input.value = "";
    });
    return input;
  }

  start() {
    this.#isOn = true;
    this.note.replaceChildren(el("p", { class: "hint" }, "Loading the documents…"));
    return Promise.all([this.refresh(), this.#route()]);
  }

  /** Stop, and forget what only this user may see. */
  stop() {
    this.#isOn = false;
    clearTimeout(this.#timer);
    this.#round += 1;
    this.uploads?.clear();
    this.#narrow();
    this.#recent = [];
    this.shown = [];
    this.going.clear();
    this.list.clear();
    this.parked.hidden = true;
    this.around.announce("");
  }

  /** Delete now what may still be brought back. */
  async settle() {
    await Promise.all([...this.going.values()].map((going) => going.settle()));
  }

  /** Look now; the next look follows, sooner while something is being read. */
  async refresh() {
    if (!this.#isOn) return;
    clearTimeout(this.#timer);
    const round = (this.#round += 1);
    const began = performance.now();
    try {
      const found = await (this.view?.load(this.#pages) ?? this.#load());
      if (round === this.#round) this.#show(found);
    } catch (error) {
      if (round === this.#round) this.trouble(error);
    }
    const pause = Math.max(this.#pause(), SHARE * (performance.now() - began));
    if (round === this.#round && !document.hidden) this.#timer = setTimeout(() => this.refresh(), pause);
  }

  #pause() {
    if (this.shown.some(({ status }) => WORKING.has(status))) {
      this.#idleRounds = 0;
      return BUSY;
    }
    this.#idleRounds += 1;
    return IDLE[Math.min(this.#idleRounds, IDLE.length) - 1];
  }

  /** The first pages by name, and on top what was uploaded here, on whichever page it is. */
  async #load() {
    const documents = new Map();
    let next = null;
    for (let page = 0; page < this.#pages && (page === 0 || next !== null); page += 1) {
      const found = await this.api.documents({ after: next });
      for (const document of found.documents) documents.set(document.id, document);
      next = found.next;
    }
    const missing = next === null ? [] : this.#recent.filter((id) => !documents.has(id));
    for (const document of await Promise.all(missing.map((id) => this.api.document(id)))) documents.set(document.id, document);
    const recent = this.#recent.flatMap((id) => documents.get(id) ?? []);
    return { documents: [...new Set([...recent, ...documents.values()])], hasMore: next !== null };
  }

  #show({ documents, hasMore }) {
    const before = new Map(this.shown.map((document) => [document.id, document.status]));
    for (const document of documents) this.#tell(document, before.get(document.id));
    this.shown = documents;
    this.more.hidden = !hasMore;
    this.draw();
    if (!this.view?.isNarrowed) this.around.changed(documents);
  }

  /** What was loaded last, but what is being deleted. */
  draw() {
    const documents = this.shown.filter(({ id }) => !this.going.has(id));
    this.parked.hidden = !documents.some((document) => document.is_parked && document.may_change);
    this.note.replaceChildren(...(documents.length ? [] : [this.view?.nothing() ?? el("p", { class: "empty" }, el("strong", {}, "No documents yet."), EMPTY)]));
    if (documents.some(({ status }) => WORKING.has(status))) this.#change(() => styles("/chat/progress.css"), false);
    this.list.show(documents, Boolean(this.view), (document) => this.#row(document));
    this.view?.shown(documents);
  }

  #row(document) {
    const node = documentRow(document, document.may_change, {
      open: this.around.open,
      share: this.share,
      retry: ({ id }) => this.#change(() => this.api.retry(id)),
      remove: this.remove,
    });
    this.view?.dress(node, document);
    return node;
  }

  /** Put documents there? @param {string} name of a folder */
  mayKeep(name) {
    const user = this.api.session.user;
    const own = `organisations/${user?.organisation?.id}/`;
    return user?.is_administrator || (user?.manages_organisation && name.startsWith(own));
  }

  #tell({ name, status, reason }, before) {
    if (before === undefined || before === status) return;
    if (status === "indexed") this.around.announce(`${fileName(name)} is ready.`);
    if (status === "failed") this.around.announce(`${fileName(name)} failed: ${reason}`);
  }

  /** @param {(File | FileSystemEntry)[]} items */
  add = (items) => this.#act("add", items);
  /** @param {import("./types.d.ts").Document[]} documents */
  share = (documents) => this.#act("share", documents);
  tag = (documents) => this.#act("tag", documents);
  remove = (documents) => this.#act("remove", documents);

  async #act(name, what) {
    await this.#change(async () => (await import("./library/actions.js"))[name](this, what));
  }

  /** @param {{id: string} | null} uploaded null where only the storage has heard of it */
  accepted(uploaded) {
    if (uploaded) this.#recent = [...new Set([uploaded.id, ...this.#recent])].slice(0, RECENT);
    this.#idleRounds = 0;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.refresh(), 100); // hundreds may come at once
  }

  async #change(change) {
    try {
      await change();
      await this.refresh();
    } catch (error) {
      this.trouble(error);
    }
  }

  /** Show the first page of what is wanted now. */
  fromStart() {
    this.#pages = 1;
    return this.refresh();
  }

  #showMore() {
    this.#pages += 1;
    this.refresh();
  }

  /** @param {unknown} error */
  trouble(error) {
    this.note.replaceChildren(note(inWords(error), () => this.refresh()));
  }

  /** Side bar or view, as the address says. */
  async #route() {
    if (!this.#isOn) return;
    if (location.hash !== "#documents") return this.#narrow();
    await this.#change(async () => {
      const [{ View }] = await Promise.all([import("./library/view.js"), styles("/chat/library/view.css")]);
      if (location.hash !== "#documents" || this.view || !this.#isOn) return;
      this.view = new View(this.tools, this);
      this.#widened(true);
      this.around.widened();
      this.heading.focus();
    });
  }

  #narrow() {
    const wasWide = Boolean(this.view);
    this.view = null;
    this.tools.replaceChildren();
    this.#widened(false);
    if (wasWide) this.refresh();
  }

  #widened(isWide) {
    this.#pages = 1;
    byId("workspace").classList.toggle("has-documents", isWide);
  }
}
