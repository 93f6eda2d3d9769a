/**
 * Finds a cited snippet in the text of its document, and marks it there. Used by panel and text.
 *
 * The snippet is of the parsed document, the text of the file: markup, spaces and hyphens differ. So the longest
 * run of words that both have is the passage, with what goes on around it after a few other words.
 */

import { el } from "../dom.js";

const WORD = /[\p{L}\p{N}]+/gu;
const ENOUGH = 3; // words in a row, or all of a shorter snippet
const WIDEST = 4; // words that may differ before both go on alike
/** Pairs of such gaps, the narrowest first. */
const GAPS = Array.from({ length: (WIDEST + 1) ** 2 }, (_, at) => [at % (WIDEST + 1), Math.floor(at / (WIDEST + 1))]).sort(([a, b], [c, d]) => a + b - c - d);

/**
 * @param {string} text @param {string} snippet
 * @returns {{start: number, end: number} | null} offsets in the text
 */
export function findPassage(text, snippet) {
  const wanted = Array.from(snippet.matchAll(WORD), ([word]) => word.toLowerCase());
  const found = Array.from(text.matchAll(WORD));
  const words = found.map(([word]) => word.toLowerCase());
  const { length, last, lastWanted } = longestRun(words, wanted);
  if (length === 0 || length < Math.min(ENOUGH, wanted.length)) return null;
  const first = found[stretched(words, wanted, last - length + 1, lastWanted - length + 1, -1)];
  const end = found[stretched(words, wanted, last, lastWanted, 1)];
  return { start: first.index, end: end.index + end[0].length };
}

/**
 * Put the snippet's words below the node into `mark` elements.
 * @param {HTMLElement} root @param {string} snippet @returns {HTMLElement[]} in reading order; none if it is not there
 */
export function markPassage(root, snippet) {
  const isSaid = ({ parentElement }) => (parentElement.className === "unsaid" ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT);
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT, isSaid);
  const pieces = [];
  let text = "";
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    pieces.push({ node, from: text.length });
    text += `${node.data} `;
  }
  const passage = findPassage(text, snippet);
  if (!passage) return [];
  return pieces.flatMap(({ node, from }) => {
    const start = Math.max(0, passage.start - from);
    const end = Math.min(node.data.length, passage.end - from);
    const words = node.data.slice(start, end);
    const first = start + words.length - words.trimStart().length;
    return start < end && words.trim() ? [marked(node, first, first + words.trim().length)] : [];
  });
}

function marked(node, start, end) {
  const part = start > 0 ? node.splitText(start) : node;
  if (end - start < part.data.length) part.splitText(end - start);
  const mark = el("mark");
  part.replaceWith(mark);
  mark.append(part);
  return mark;
}

function longestRun(words, wanted) {
  const runs = new Uint16Array(wanted.length + 1); // runs[j + 1]: words in common that end here and at wanted[j]
  const best = { length: 0, last: -1, lastWanted: -1 };
  words.forEach((word, index) => {
    for (let j = wanted.length - 1; j >= 0; j -= 1) {
      runs[j + 1] = wanted[j] === word ? runs[j] + 1 : 0;
      if (runs[j + 1] > best.length) Object.assign(best, { length: runs[j + 1], last: index, lastWanted: j });
    }
  });
  return best;
}

/** How far both go on alike from words[i] and wanted[j], which are, with gaps: after one, two words in a row count. */
function stretched(words, wanted, i, j, step) {
  const alike = (a, b) => words[a] !== undefined && words[a] === wanted[b];
  for (;;) {
    const gap = GAPS.find(([skipped, missing]) => {
      const [a, b] = [i + step * (skipped + 1), j + step * (missing + 1)];
      return alike(a, b) && (skipped + missing === 0 || alike(a + step, b + step));
    });
    if (!gap) return i;
    i += step * (gap[0] + 1);
    j += step * (gap[1] + 1);
  }
}
