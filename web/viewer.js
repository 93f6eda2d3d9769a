/**
 * Shows the content of a document, by its kind. Used by source.
 *
 * A blob: URL has this page's origin. So the browser shows only types that cannot run anything, whatever
 * the server names; all else is text, or a download.
 */

import { el } from "./dom.js";
import { findPassage } from "./passage.js";

const IMAGES = new Set(["image/png", "image/jpeg", "image/gif", "image/webp"]);
const TEXTS = /^(text\/|message\/rfc822|application\/([a-z.+-]*\+)?(json|xml|yaml|x-yaml)$)/;
const TEXT_NAMES = /\.(md|markdown|txt|csv|tsv|json|eml|html?|xml|ya?ml|rst|log)$/i;
const BLOCKS = /<\/?(p|div|h[1-6]|li|tr|dt|dd|br)\b[^>]*>/gi;
const MOST = 400_000; // characters shown of a long text

/**
 * @typedef {{file: Blob, canOpen: boolean, node: (url: string) => HTMLElement}} View `file` is safe to give an
 *   object URL, which `node` then shows
 */

/** @param {Blob} content @param {{document: string, page: number, snippet: string}} cited @returns {Promise<View>} */
export async function view(content, cited) {
  const type = content.type.split(";")[0].trim().toLowerCase();
  if (type === "application/pdf") return { file: new Blob([content], { type }), canOpen: true, node: (url) => pdf(url, cited) };
  if (IMAGES.has(type)) {
    return { file: new Blob([content], { type }), canOpen: true, node: (url) => el("img", { src: url, alt: cited.document }) };
  }
  if (TEXTS.test(type) || TEXT_NAMES.test(cited.document)) return textView(content, cited);
  const words = "The browser cannot show this kind of file. Download it to see the passage in its place.";
  return { file: new Blob([content], { type: "application/octet-stream" }), canOpen: false, node: () => el("p", { class: "hint" }, words) };
}

function pdf(url, { document, page }) {
  return el("iframe", { class: "source-frame", title: `${document}, page ${page}`, src: `${url}#page=${Math.max(page, 1)}&navpanes=0&view=FitH` });
}

/** @param {Blob} content @param {{document: string, snippet: string}} cited @returns {Promise<View>} */
async function textView(content, { document, snippet }) {
  const raw = decoded(await content.arrayBuffer());
  const text = /\.html?$/i.test(document) ? textOfHtml(raw) : raw;
  const file = new Blob([raw], { type: "text/plain;charset=utf-8" });
  return { file, canOpen: true, node: () => marked(text, snippet) };
}

function marked(text, snippet) {
  const passage = findPassage(text, snippet);
  const from = passage && text.length > MOST ? Math.max(0, passage.start - MOST / 2) : 0;
  const [start, end] = passage ? [passage.start, passage.end] : [from, from];
  const to = from + MOST;
  const node = el("pre", { class: "source-text", dir: "auto", tabindex: 0, role: "group", "aria-label": "Text of the document" });
  node.append(from > 0 ? "…\n" : "", text.slice(from, start), el("mark", { hidden: !passage }, text.slice(start, end)), text.slice(end, to), to < text.length ? "\n…" : "");
  return node;
}

function decoded(bytes) {
  const [first, second] = new Uint8Array(bytes);
  if (first === 0xff && second === 0xfe) return new TextDecoder("utf-16le").decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new TextDecoder("windows-1252").decode(bytes);
  }
}

// The one place where HTML is parsed: the headers let no other have a policy.
const parsed = window.trustedTypes?.createPolicy("parsed", { createHTML: (words) => words });

/** The words of a page. Its markup goes before the parser decodes the rest. */
function textOfHtml(html) {
  const words = html.replace(/<!--[^]*?-->|<(script|style|template)\b[^]*?<\/\1\s*>/gi, "").replace(BLOCKS, "\n").replace(/<\/t[dh]>/gi, " | ").replace(/<[^>]*>/g, "").replaceAll("<", "&lt;");
  const decoded = new DOMParser().parseFromString(parsed?.createHTML(words) ?? words, "text/html").body.textContent;
  return decoded.replace(/[ \t]+/g, " ").replace(/(\s*\n\s*){2,}/g, "\n\n").trim();
}
