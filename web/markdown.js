/**
 * The little Markdown that answers are shown with: paragraphs, headings, lists, tables, code and bold.
 * All else stays text: no document may link or fetch anything here. Used by answer.
 *
 * @typedef {"paragraph" | "heading" | "bullets" | "numbers" | "table" | "code"} Kind
 * @typedef {{kind: Kind, lines: string[]}} Block
 * @typedef {(marker: number) => Node | null} Chip the button for a marker, null for one that names nothing
 */

import { el } from "./dom.js";

const KINDS = [
  ["heading", /^#{1,6}\s/],
  ["bullets", /^\s*[-*•]\s+/],
  ["numbers", /^\s*\d{1,3}[.)]\s+/],
  ["table", /^\s*\|.*\|\s*$/],
];
const FENCE = /^\s*```/;
const INLINE = /(`[^`\n]+`|\*\*[^*\n]+\*\*|\[\d{1,3}(?:,\s*\d{1,3})*\])/;

/** @param {string} text @returns {Block[]} the last one may still be growing */
export function blocksOf(text) {
  /** @type {Block[]} */
  const blocks = [];
  /** @type {Block | null} */
  let open = null;
  for (const line of text.split(/\r?\n/)) {
    if (FENCE.test(line)) {
      open = open?.kind === "code" ? null : { kind: "code", lines: [] };
      if (open) blocks.push(open);
    } else if (open?.kind === "code") {
      open.lines.push(line);
    } else if (!line.trim()) {
      open = null;
    } else {
      const kind = kindOf(line);
      if (open && continues(open.kind, kind, line)) open.lines.push(line);
      else blocks.push((open = { kind, lines: [line] }));
    }
  }
  return blocks;
}

/** @param {Block} block @param {Chip} chip @returns {HTMLElement} */
export function nodeOf({ kind, lines }, chip) {
  if (kind === "code") return el("pre", { tabindex: 0 }, el("code", {}, lines.join("\n")));
  if (kind === "table") return table(lines, chip);
  if (kind === "bullets") return el("ul", {}, ...items(lines, kind, chip));
  if (kind === "numbers") return el("ol", { start: parseInt(lines[0].trim(), 10) }, ...items(lines, kind, chip));
  if (kind === "heading") return el("p", { class: "heading", dir: "auto" }, ...inline(lines[0].replace(/^#+\s/, ""), chip));
  return el("p", { dir: "auto" }, ...inline(lines.join("\n"), chip));
}

/** @param {string} line @returns {Kind} */
function kindOf(line) {
  return KINDS.find(([, pattern]) => pattern.test(line))?.[0] ?? "paragraph";
}

function continues(open, next, line) {
  if (open === next) return next !== "heading";
  return (open === "bullets" || open === "numbers") && next === "paragraph" && /^\s/.test(line);
}

/** @param {string[]} lines @param {Kind} kind @param {Chip} chip @returns {HTMLElement[]} */
function items(lines, kind, chip) {
  const [, pattern] = KINDS.find(([name]) => name === kind);
  /** @type {string[]} */
  const texts = [];
  for (const line of lines) {
    if (pattern.test(line)) texts.push(line.replace(pattern, ""));
    else texts.push(`${texts.pop()} ${line.trim()}`);
  }
  return texts.map((text) => el("li", { dir: "auto" }, ...inline(text, chip)));
}

function table(lines, chip) {
  const rows = lines.map((line) => line.trim().slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|")));
  const hasHead = rows.length > 1 && rows[1].every((cell) => /^:?-+:?$/.test(cell));
  const row = (cells, tag) =>
    el("tr", {}, ...cells.map((cell) => el(tag, { dir: "auto", scope: tag === "th" && "col" }, ...inline(cell, chip))));
  const body = rows.slice(hasHead ? 2 : 0).map((cells) => row(cells, "td"));
  const head = hasHead && el("thead", {}, row(rows[0], "th"));
  const scroller = { class: "table", tabindex: 0, role: "group", "aria-label": "Table" };
  return el("div", scroller, el("table", {}, head, el("tbody", {}, ...body)));
}

/** @param {string} text @param {Chip} chip @returns {(Node | string)[]} */
function inline(text, chip) {
  return text.split(INLINE).flatMap((part, index) => {
    if (index % 2 === 0) return [part];
    if (part.startsWith("`")) return [el("code", {}, part.slice(1, -1))];
    if (part.startsWith("**")) return [el("strong", {}, ...inline(part.slice(2, -2), chip))];
    const chips = part.slice(1, -1).split(",").map((marker) => chip(Number(marker)));
    return chips.includes(null) ? [part] : chips;
  });
}
