/** An answer as it grows: text, numbered chips in it, and the list of sources under it. Used by turn. */

import { el } from "./dom.js";
import { blocksOf, nodeOf } from "./markdown.js";

export class AnswerText {
  /** @type {Map<number, import("./types.d.ts").Citation>} */
  #citations = new Map();
  /** @type {string[]} what each block's node was made from */
  #shown = [];
  /** Blocks that no more text can change, and where in the text they end. */
  #settled = { blocks: 0, end: 0 };
  #frame = 0;
  text = "";

  constructor(openSource) {
    this.openSource = openSource;
    this.node = el("div", { class: "answer-text" });
  }

  /** What the markers may name: first every passage found, in the end those that are cited. */
  cite(citations) {
    const isKnown = citations.every(({ marker }) => this.#citations.has(marker));
    for (const citation of citations) this.#citations.set(citation.marker, citation);
    if (isKnown) return; // every chip is there already, and one of them may have the focus
    this.#shown = [];
    this.set(this.text);
  }

  /** Drawn once a frame, however fast the pieces come. */
  append(text) {
    this.text += bare(text);
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  /** The whole of it. */
  set(text) {
    this.text = bare(text);
    this.#settled = { blocks: 0, end: 0 };
    this.#draw();
  }

  /**
   * Only what is not settled is parsed, so that a long answer costs no more for each piece than a short one.
   * Nodes of finished blocks stay, and with them the focus and the selection in them.
   */
  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const { blocks: before, end } = this.#settled;
    const blocks = blocksOf(this.text.slice(end));
    blocks.forEach((block, index) => this.#show(block, before + index));
    const count = before + blocks.length;
    this.#shown.length = count;
    while (this.node.children.length > count) this.node.lastElementChild?.remove();
    // The last line may yet become anything; the block of the last whole line may grow.
    const lastLine = this.text.lastIndexOf("\n") + 1 - end;
    const growing = blocks.findLastIndex(({ start }) => start < lastLine);
    if (growing > 0) this.#settled = { blocks: before + growing, end: end + blocks[growing].start };
  }

  #show(block, index) {
    const source = `${block.kind}\n${block.lines.join("\n")}`;
    if (this.#shown[index] === source) return;
    const node = nodeOf(block, (marker) => this.#chip(marker));
    const old = this.node.children[index];
    if (old) grow(old, node);
    else this.node.append(node);
    this.#shown[index] = source;
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

/**
 * Make a block what it has become. The items, rows and words that it has already stay: to lay out a long list
 * anew for every piece of it would hold up the page.
 */
function grow(old, node) {
  const looks = (block) => `${block.tagName} ${block.querySelector("thead") !== null}`;
  if (looks(old) !== looks(node)) return old.replaceWith(node);
  const [there, made] = [old, node].map((block) => block.querySelector("tbody") ?? block);
  old.dir = node.dir;
  let same = 0;
  while (same < there.childNodes.length && made.childNodes[same]?.isEqualNode(there.childNodes[same])) same += 1;
  while (there.childNodes.length > same) there.lastChild.remove();
  there.append(...[...made.childNodes].slice(same));
}

/** Without the joiners, which are for clients with links. */
function bare(text) {
  return text.replaceAll("\u2060", "");
}

/** The list under an answer. @param {import("./types.d.ts").OpenSource} openSource */
export function sourceList(citations, openSource, heading = "Sources") {
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
  return el("section", { class: "citations", "aria-label": heading }, el("h3", {}, heading), el("ol", {}, ...items));
}

export function whereOf(citation) {
  return [fileName(citation.document), pageOf(citation)].filter(Boolean).join(", ");
}

/** `page 3`, in the words of the document's kind. */
export function pageOf({ page, page_kind: kind = "page" }) {
  return page > 0 ? `${kind} ${page}` : "";
}

export function fileName(name) {
  return name.slice(name.lastIndexOf("/") + 1);
}

/** A snippet without the marks of Markdown, in one line. */
export function plain(snippet) {
  return snippet
    .replace(/^\s*(#{1,6}|[-*•>]|\|)\s/gm, "")
    .replace(/\*\*|`|\|?\s*:?-{3,}:?\s*\|?/g, " ")
    .replace(/\|\s*$|(?<=^… )\|/g, "")
    .replace(/\s*\|\s*/g, " · ")
    .replace(/\s+/g, " ")
    .trim();
}
