/**
 * An answer as it grows: text, numbered chips in it, and the list of sources under it. Used by turn.
 *
 * @typedef {import("./api.js").Citation} Citation
 * @typedef {(citation: Citation, opener: HTMLElement) => void} OpenSource
 */

import { el } from "./dom.js";
import { blocksOf, nodeOf } from "./markdown.js";

export class AnswerText {
  /** @type {Map<number, Citation>} */
  #citations = new Map();
  /** @type {string[]} what each block's node was made from */
  #shown = [];
  #frame = 0;
  text = "";

  constructor(openSource) {
    this.openSource = openSource;
    this.node = el("div", { class: "answer-text" });
  }

  /** What the markers may name: first every passage found, in the end those that are cited. @param {Citation[]} citations */
  cite(citations) {
    const isKnown = citations.every(({ marker }) => this.#citations.has(marker));
    for (const citation of citations) this.#citations.set(citation.marker, citation);
    if (isKnown) return; // every chip is there already, and one of them may have the focus
    this.#shown = [];
    this.#draw();
  }

  /** Drawn once a frame, however fast the pieces come. @param {string} text */
  append(text) {
    this.text += text;
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** @param {string} text the whole of it */
  set(text) {
    this.text = text;
    this.#draw();
  }

  /** Nodes of finished blocks stay, and with them the focus and the selection in them. */
  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const blocks = blocksOf(this.text.replaceAll("\u2060", "")); // joiners are for clients with links
    blocks.forEach((block, index) => {
      const source = `${block.kind}\n${block.lines.join("\n")}`;
      if (this.#shown[index] === source) return;
      const node = nodeOf(block, (marker) => this.#chip(marker));
      const old = this.node.children[index];
      if (old) old.replaceWith(node);
      else this.node.append(node);
      this.#shown[index] = source;
    });
    this.#shown.length = blocks.length;
    while (this.node.children.length > blocks.length) this.node.lastElementChild?.remove();
  }

  #chip(marker) {
    const citation = this.#citations.get(marker);
    if (!citation) return null;
    const open = () => this.openSource(this.#citations.get(marker) ?? citation, chip);
    const label = `Source ${marker}: ${whereOf(citation)}`;
    const chip = el("button", { class: "chip", "aria-label": label, title: whereOf(citation), onclick: open }, String(marker));
    return chip;
  }
}

/** The list under an answer. @param {Citation[]} citations @param {OpenSource} openSource */
export function sourceList(citations, openSource) {
  const items = citations.map((citation) => {
    const card = el(
      "button",
      { type: "button", class: "citation" },
      el("span", { class: "citation-marker", "aria-hidden": "true" }, String(citation.marker)),
      el("span", { class: "citation-where" }, el("bdi", { class: "citation-name" }, fileName(citation.document)), " · ", el("span", { class: "citation-page" }, pageOf(citation))),
      el("span", { class: "citation-snippet", dir: "auto" }, plain(citation.snippet)),
    );
    card.addEventListener("click", () => openSource(citation, card));
    return el("li", {}, card);
  });
  return el("section", { class: "citations", "aria-label": "Sources" }, el("h3", {}, "Sources"), el("ol", {}, ...items));
}

export function whereOf(citation) {
  return [fileName(citation.document), pageOf(citation)].filter(Boolean).join(", ");
}

/** `page 3`, in the words of the document's kind. @param {{page: number, page_kind?: string}} citation */
export function pageOf({ page, page_kind: kind = "page" }) {
  return page > 0 ? `${kind} ${page}` : "";
}

/** @param {string} name @returns {string} its last part */
export function fileName(name) {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** A snippet without the marks of Markdown, in one line. @param {string} snippet */
export function plain(snippet) {
  return snippet
    .replace(/^\s*(#{1,6}|[-*•>]|\|)\s/gm, "")
    .replace(/\*\*|`|\|?\s*:?-{3,}:?\s*\|?/g, " ")
    .replace(/\s*\|\s*/g, " · ")
    .replace(/\s+/g, " ")
    .trim();
}
