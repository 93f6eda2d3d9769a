/**
 * The little Markdown that answers are shown with: paragraphs, headings, lists, tables, code and bold.
 * All else stays text: no document may link or fetch anything here. Used by answer and the source's viewer.
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

/** The last block may still be growing; from the start of any block on the text gives the same blocks. @returns {import("./types.d.ts").Block[]} */
export function blocksOf(text) {
  const blocks = [];
  let open = null;
  let start = 0;
  for (const whole of text.split("\n")) {
    const line = whole.endsWith("\r") ? whole.slice(0, -1) : whole;
    if (FENCE.test(line)) {
      open = open?.kind === "code" ? null : { kind: "code", lines: [], start };
      if (open) blocks.push(open);
    } else if (open?.kind === "code") {
      open.lines.push(line);
    } else if (!line.trim()) {
      open = null;
    } else {
      const kind = kindOf(line);
      if (open && continues(open.kind, kind, line)) open.lines.push(line);
      else blocks.push((open = { kind, lines: [line], start }));
    }
    start += whole.length + 1;
  }
  return blocks;
}

/** @param {import("./types.d.ts").Block} block @param {import("./types.d.ts").Chip} chip @returns {HTMLElement} */
export function nodeOf({ kind, lines }, chip) {
  if (kind === "code") return el("pre", { tabindex: 0, dir: "ltr" }, el("code", {}, lines.join("\n")));
  const dir = directionOf(lines.join("\n"));
  if (kind === "table") return table(lines, dir, chip);
  if (kind === "bullets") return el("ul", { dir }, ...items(lines, kind, chip));
  if (kind === "numbers") return el("ol", { dir, start: parseInt(lines[0].trim(), 10) }, ...items(lines, kind, chip));
  if (kind === "heading") return el("p", { class: "heading", dir }, ...inline(lines[0].replace(/^#+\s/, ""), chip));
  return el("p", { dir }, ...inline(lines.join("\n"), chip));
}

/** The browser goes by the first letter; but many an Arabic sentence begins with a product's name. @param {string} text */
function directionOf(text) {
  const begin = text.slice(0, 500);
  const count = (letters) => begin.match(letters)?.length ?? 0;
  return count(/[\p{Script=Arabic}\p{Script=Hebrew}]/gu) * 2 > count(/\p{L}/gu) ? "rtl" : "auto";
}

function kindOf(line) {
  return KINDS.find(([, pattern]) => pattern.test(line))?.[0] ?? "paragraph";
}

function continues(open, next, line) {
  if (open === next) return next !== "heading";
  if (open === "table") return /^\s*\|/.test(line); // a row that is still being written
  return (open === "bullets" || open === "numbers") && next === "paragraph" && /^\s/.test(line);
}

function items(lines, kind, chip) {
  const [, pattern] = KINDS.find(([name]) => name === kind);
  const texts = [];
  for (const line of lines) {
    if (pattern.test(line)) texts.push(line.replace(pattern, ""));
    else texts.push(`${texts.pop()} ${line.trim()}`);
  }
  return texts.map((text) => el("li", {}, ...inline(text, chip)));
}

function table(lines, dir, chip) {
  const rows = lines.map((line) => line.trim().replace(/^\||(?<!\\)\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|")));
  const hasHead = rows.length > 1 && rows[1].every((cell) => /^:?-+:?$/.test(cell));
  const row = (cells, tag) =>
    el("tr", {}, ...cells.map((cell) => el(tag, { scope: tag === "th" && "col" }, ...inline(cell, chip))));
  const body = rows.slice(hasHead ? 2 : 0).map((cells) => row(cells, "td"));
  const head = hasHead && el("thead", {}, row(rows[0], "th"));
  const scroller = { class: "table", dir, tabindex: 0, role: "group", "aria-label": "Table" };
  return el("div", scroller, el("table", {}, head, el("tbody", {}, ...body)));
}

/** @returns {(Node | string)[]} */
function inline(text, chip) {
  return text.split(INLINE).flatMap((part, index) => {
    if (index % 2 === 0) return [part];
    if (part.startsWith("`")) return [el("code", { dir: "ltr" }, part.slice(1, -1))];
    if (part.startsWith("**")) return [el("strong", {}, ...inline(part.slice(2, -2), chip))];
    const chips = part.slice(1, -1).split(",").map((marker) => chip(Number(marker)));
    return chips.includes(null) ? [part] : chips;
  });
}
