/**
 * The panel beside the answer that shows where a citation comes from. Made by app; chips, citations and the
 * rows of the library open it.
 *
 * @typedef {{document_id: string, document: string, page: number, page_kind?: string, snippet: string}} Cited
 */

import { fileName, pageOf, plain } from "./answer.js";
import { el, icon, iconButton, note } from "./dom.js";
import { inWords, isAbort } from "./problems.js";
import { view } from "./viewer.js";

export class SourcePanel {
  /** @type {string | null} the object URL in use, to give back */
  #url = null;
  /** @type {AbortController | null} */
  #loading = null;
  /** @type {{id: string, content: Blob} | null} the last document: its other pages open at once */
  #last = null;
  /** @type {HTMLElement | null} */
  #opener = null;

  constructor(root, api, toggled) {
    this.root = root;
    this.api = api;
    this.toggled = toggled;
  }

  /** @param {Cited} cited @param {HTMLElement} opener gets the focus back */
  async open(cited, opener) {
    this.#clear();
    this.#opener = opener;
    const loading = (this.#loading = new AbortController());
    const body = el("div", { class: "source-body" }, el("p", { class: "hint", role: "status" }, "Opening the document…"));
    const head = this.#head(cited);
    this.root.replaceChildren(head, ...quote(cited), body);
    this.root.hidden = false;
    this.toggled(true);
    this.root.querySelector("h2")?.focus();
    try {
      const { node, file, canOpen } = await view(await this.#content(cited.document_id, loading.signal), cited);
      if (loading.signal.aborted) return;
      const url = (this.#url = URL.createObjectURL(file));
      body.replaceChildren(node(url));
      head.append(links(cited, file.type === "application/pdf" ? `${url}#page=${Math.max(cited.page, 1)}` : url, canOpen));
      body.querySelector("mark:not([hidden])")?.scrollIntoView({ block: "center" });
    } catch (error) {
      if (isAbort(error)) return;
      body.replaceChildren(note(inWords(error), () => this.open(cited, opener)));
    }
  }

  close() {
    if (this.root.hidden) return;
    this.#clear();
    this.root.hidden = true;
    this.root.replaceChildren();
    this.toggled(false);
    if (this.#opener?.isConnected) this.#opener.focus();
    this.#opener = null;
  }

  /** Nothing of a document may outlive its deletion or the session. @param {string} [id] only this document */
  forget(id) {
    if (id !== undefined && this.#last?.id !== id) return;
    this.#last = null;
    this.close();
  }

  async #content(id, signal) {
    if (this.#last?.id !== id) this.#last = { id, content: await this.api.content(id, signal) };
    return this.#last.content;
  }

  #head(cited) {
    const page = pageOf(cited);
    return el(
      "div",
      { class: "source-head" },
      el("div", { class: "source-title" }, el("h2", { tabindex: -1, dir: "auto" }, fileName(cited.document)), page && el("p", { class: "source-page" }, page)),
      iconButton("close", "Close the source", () => this.close(), { class: "icon-button source-close" }),
    );
  }

  #clear() {
    this.#loading?.abort();
    if (this.#url) URL.revokeObjectURL(this.#url);
    this.#url = null;
  }
}

function links(cited, url, canOpen) {
  const open = el("a", { href: url, target: "_blank", rel: "noopener" }, icon("open"), "Open in a new tab");
  const download = el("a", { href: url, download: fileName(cited.document) }, icon("download"), "Download");
  return el("p", { class: "source-links" }, canOpen && open, download);
}

function quote({ snippet }) {
  const words = plain(snippet);
  return words ? [el("figure", { class: "source-quote" }, el("figcaption", {}, "Cited passage"), el("blockquote", { dir: "auto" }, words))] : [];
}
