/**
 * How a document is shown, by its name. Used by panel.
 *
 * A blob: URL has this page's origin. So the browser is given only types that cannot run anything, whatever the
 * server names; all else is text, or a download. What a browser cannot show is shown as the text that was indexed.
 *
 * @typedef {object} View
 * @property {HTMLElement} node
 * @property {Blob} [file] of a type that is safe to give an object URL; without it a download fetches it
 * @property {boolean} [canOpen] whether a tab of its own shows the file
 * @property {HTMLElement | null} [anchor] what is cited, where the view has marked it
 * @property {number} [pages] how many there are, for a view that shows one at a time
 * @property {(page: number) => Promise<void>} [show] one of them
 * @property {(factor: number) => void} [zoom]
 * @property {() => void} [close]
 *
 * @typedef {object} Given
 * @property {import("../types.d.ts").Cited} cited
 * @property {() => Promise<Blob>} content the whole file
 * @property {(begin: number, end: number) => Promise<ArrayBuffer>} range
 * @property {() => Promise<import("../types.d.ts").Document>} document
 * @property {(page: number) => Promise<{text: string}>} text of a page, as it was indexed
 */

import { el } from "../dom.js";
import { indexedView } from "./indexed.js";
import { tableView } from "./table.js";
import { decoded, htmlView, jsonView, markdownView, textView } from "./text.js";

const IMAGES = { png: "image/png", jpg: "image/jpeg", jpeg: "image/jpeg", gif: "image/gif", webp: "image/webp" };
const TEXTS = {
  md: markdownView,
  markdown: markdownView,
  html: htmlView,
  htm: htmlView,
  xhtml: htmlView,
  json: jsonView,
  csv: (text, snippet, name) => tableView(text, name, snippet),
  tsv: (text, snippet, name) => tableView(text, name, snippet),
};
const INDEXED = /^(do[ct][mx]?|pp[ts][mx]?|xls[bmx]?|od[pst]|rtf|msg|eml|mbox|epub|zip|tar|t?gz|tiff?|bmp)$/;

/** @param {Given} given @returns {Promise<View>} */
export async function viewOf(given) {
  const suffix = /\.([^./]+)$/.exec(given.cited.document)?.[1].toLowerCase() ?? "";
  if (suffix === "pdf") return (await import("./pdf.js")).pdfView(given);
  if (INDEXED.test(suffix)) return indexedView(given);
  const content = await given.content();
  if (suffix in IMAGES) return imageView(content, IMAGES[suffix], given.cited.document);
  const bytes = await content.arrayBuffer();
  if (isBinary(bytes)) return indexedView(given);
  const text = decoded(bytes);
  const { snippet, document } = given.cited;
  const file = new Blob([text], { type: "text/plain;charset=utf-8" });
  return { ...(TEXTS[suffix] ?? textView)(text, snippet, document), file, canOpen: true };
}

/** @returns {View} */
function imageView(content, type, name) {
  const file = new Blob([content], { type });
  const url = URL.createObjectURL(file);
  const node = el("img", { src: url, alt: name });
  return { node, file, canOpen: true, close: () => URL.revokeObjectURL(url) };
}

/** Text has no zero bytes, but for UTF-16, which says so. */
function isBinary(bytes) {
  const head = new Uint8Array(bytes.slice(0, 4096));
  return head.includes(0) && !((head[0] ^ head[1]) === 1 && head[0] >= 0xfe);
}
