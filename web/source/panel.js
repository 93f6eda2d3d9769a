/**
 * What the source panel shows: where the passage is from, the document with it, pages, and the file itself.
 * Loaded by source with the first source that is opened.
 */

import { fileName, pageOf, plain } from "../answer.js";
import { contentOf } from "../changes.js";
import { el, icon, iconButton, note } from "../dom.js";
import { inWords, isAbort } from "../problems.js";
import { markPassage } from "./passage.js";
import { viewOf } from "./views.js";

export class Panel {
  /** @type {string | null} the object URL in use, to give back */
  #url = null;
  /** @type {AbortController | null} */
  #loading = null;
  /** @type {{id: string, content: Blob} | null} the last document: its other passages open at once */
  #last = null;
  /** @type {import("./views.js").View | null} */
  #view = null;
  #page = 0;

  /** @param {HTMLElement} root @param {() => void} close */
  constructor(root, api, close) {
    this.root = root;
    this.api = api;
    this.close = close;
    this.body = el("div", { class: "source-body", onkeydown: (event) => this.#key(event) });
    this.said = el("p", { class: "unseen", role: "status" });
  }

  /** @param {import("../types.d.ts").Cited} cited */
  async open(cited) {
    this.clear();
    const loading = (this.#loading = new AbortController());
    this.cited = cited;
    this.place = el("p", { class: "source-page" }, pageOf(cited));
    this.tools = el("div", { class: "source-tools" });
    this.quote = quote(cited);
    this.links = el("p", { class: "source-links" });
    this.body.replaceChildren(el("p", { class: "hint", role: "status" }, "Opening the document…"));
    this.root.replaceChildren(this.#head(), this.quote, this.body, this.said);
    this.root.querySelector("h2").focus();
    try {
      const view = await viewOf(this.#given(cited, loading.signal));
      if (loading.signal.aborted) return view.close?.();
      this.#view = view;
      await this.#shown(view);
    } catch (error) {
      if (isAbort(error) || loading.signal.aborted) return;
      this.body.replaceChildren(note(inWords(error), () => this.open(cited)));
    }
  }

  /** Nothing of a document may outlive its deletion or the session. @param {string} [id] only this document */
  forget(id) {
    if (id !== undefined && this.#last?.id !== id && this.cited?.document_id !== id) return false;
    this.#last = null;
    return true;
  }

  clear() {
    this.#loading?.abort();
    this.#view?.close?.();
    this.#view = null;
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = null;
  }

  /** @param {import("./views.js").View} view */
  async #shown(view) {
    this.body.replaceChildren(view.node);
    if (view.file) this.#url = URL.createObjectURL(view.file);
    this.links.replaceChildren(...this.#links(view));
    if (view.show) await this.#turn(Math.min(Math.max(this.cited.page, 1), view.pages || 1));
    else this.#mark();
  }

  #mark() {
    const marks = this.#view.anchor ? [this.#view.anchor] : this.cited.snippet ? markPassage(this.#view.node, this.cited.snippet) : [];
    this.quote.hidden = !this.cited.snippet || marks.length > 0; // it stands in its place
    marks[0]?.scrollIntoView({ block: "center" });
  }

  async #turn(page) {
    const view = this.#view;
    this.#page = page;
    await view.show(page);
    if (view !== this.#view || page !== this.#page) return;
    const where = pageOf({ ...this.cited, page });
    this.place.textContent = view.pages > 1 ? `${where} of ${view.pages}` : where;
    this.tools.replaceChildren(...this.#tools(view));
    if (page === Math.max(this.cited.page, 1)) this.#mark();
    else this.quote.hidden = true;
  }

  /** @param {number} by pages from here */
  async #step(by) {
    const page = this.#page + by;
    if (page < 1 || page > this.#view.pages) return;
    const focused = this.tools.contains(document.activeElement) ? document.activeElement.dataset.step : "";
    try {
      await this.#turn(page);
      this.said.textContent = this.place.textContent;
      if (focused) (this.tools.querySelector(`[data-step="${focused}"]:not(:disabled)`) ?? this.tools.querySelector("[data-step]:not(:disabled)"))?.focus();
    } catch (error) {
      if (!isAbort(error)) this.body.replaceChildren(note(inWords(error), () => this.open({ ...this.cited, page })));
    }
  }

  #tools(view) {
    const kind = this.cited.page_kind ?? "page";
    const step = (by, label) => iconButton(by < 0 ? "back" : "next", label, () => this.#step(by), { disabled: this.#page + by < 1 || this.#page + by > view.pages, "data-step": String(by) });
    const pages = view.pages > 1 ? [step(-1, `Previous ${kind}`), step(1, `Next ${kind}`)] : [];
    const zoom = view.zoom ? [iconButton("minus", "Zoom out", () => view.zoom(1 / 1.25)), iconButton("plus", "Zoom in", () => view.zoom(1.25))] : [];
    return [...pages, ...zoom];
  }

  /** The page keys turn the page where there is no more to scroll; so do the arrows, as long as all of its width shows. */
  #key(event) {
    const scroller = this.#view?.pages > 1 ? event.target.closest(".pdf, .source-markdown") : null;
    if (!scroller || event.ctrlKey || event.metaKey || event.altKey) return;
    const isFitting = scroller.scrollWidth <= scroller.clientWidth + 1;
    const isAtEnd = scroller.scrollTop + scroller.clientHeight >= scroller.scrollHeight - 1;
    const by = { ArrowRight: isFitting, PageDown: isAtEnd }[event.key] ? 1 : { ArrowLeft: isFitting, PageUp: scroller.scrollTop === 0 }[event.key] ? -1 : 0;
    if (!by) return;
    event.preventDefault();
    this.#step(by);
  }

  /** @returns {import("./views.js").Given} */
  #given(cited, signal) {
    const path = `/api/documents/${encodeURIComponent(cited.document_id)}`;
    const json = async (more) => (await this.api.request("GET", path + more, { signal })).json();
    return {
      cited,
      content: () => this.#content(cited.document_id, signal),
      range: async (begin, end) => {
        const part = await this.api.request("GET", `${path}/content`, { accept: "*/*", signal, range: `bytes=${begin}-${end - 1}` });
        const bytes = await part.arrayBuffer();
        return part.status === 206 ? bytes : bytes.slice(begin, end);
      },
      document: () => json(""),
      text: (page) => json(`/pages/${page}`),
    };
  }

  async #content(id, signal) {
    if (this.#last?.id !== id) this.#last = { id, content: await contentOf(this.api, id, signal) };
    return this.#last.content;
  }

  #head() {
    const title = el("h2", { tabindex: -1, dir: "auto" }, fileName(this.cited.document));
    const close = iconButton("close", "Close the source", this.close, { class: "icon-button source-close" });
    return el("div", { class: "source-head" }, el("div", { class: "source-title" }, title, this.place), close, this.links, this.tools);
  }

  #links(view) {
    const name = fileName(this.cited.document);
    const at = view.file?.type === "application/pdf" ? `${this.#url}#page=${Math.max(this.cited.page, 1)}` : this.#url;
    const open = view.canOpen && this.#url && el("a", { href: at, target: "_blank", rel: "noopener" }, icon("open"), "Open in a new tab");
    const words = [icon("download"), "Download"];
    const download = this.#url ? el("a", { href: this.#url, download: name }, ...words) : el("button", { class: "link", onclick: () => this.#download(name) }, ...words);
    return [open, download].filter(Boolean);
  }

  async #download(name) {
    try {
      const content = await this.#content(this.cited.document_id, this.#loading.signal);
      this.#url ??= URL.createObjectURL(new Blob([content], { type: "application/octet-stream" }));
      el("a", { href: this.#url, download: name }).click();
    } catch (error) {
      if (!isAbort(error)) this.said.textContent = inWords(error);
    }
  }
}

function quote({ snippet }) {
  const words = plain(snippet);
  return el("figure", { class: "source-quote", hidden: !words }, el("figcaption", {}, "Cited passage"), el("blockquote", { dir: "auto" }, words));
}
