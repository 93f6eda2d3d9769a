/** A CSV or TSV file as a table, with the row that is cited. Used by views. */

import { el } from "../dom.js";
import { findPassage } from "./passage.js";

const MOST = 400; // rows shown
const WORDS = /[\p{L}\p{N}]+/gu;

/** @param {string} text @param {string} name @param {string} snippet @returns {import("./views.js").View} */
export function tableView(text, name, snippet) {
  const [head, ...rows] = rowsOf(text, delimiterOf(text, name));
  const cited = rowOf(rows, snippet);
  const from = Math.max(0, Math.min(cited - MOST / 2, rows.length - MOST));
  const shown = rows.slice(from, from + MOST);
  const row = (cells, number) => {
    const attributes = { class: number === cited && "is-cited", "aria-current": number === cited && "true" };
    return el("tr", attributes, el("th", { scope: "row" }, String(number + 1)), ...cells.map((cell) => el("td", { dir: "auto" }, cell)));
  };
  const header = el("tr", {}, el("th", { scope: "col" }, "Row"), ...head.map((cell) => el("th", { scope: "col", dir: "auto" }, cell)));
  const body = el("tbody", {}, ...shown.map((cells, index) => row(cells, from + index)));
  const scroller = el("div", { class: "table source-table", tabindex: 0, role: "group", "aria-label": "Table" }, el("table", {}, el("thead", {}, header), body));
  const note = shown.length < rows.length && el("p", { class: "hint" }, `Rows ${from + 1} to ${from + shown.length} of ${rows.length}. Download the file to see all of them.`);
  return { node: el("div", { class: "source-rows" }, note, scroller), anchor: body.querySelector(".is-cited") };
}

/** The first row that stands in the snippet; -1 if none does. */
function rowOf(rows, snippet) {
  const lines = snippet.split("\n").filter((line) => /\p{L}|\p{N}/u.test(line) && !/^\s*\|?[\s:|-]+$/.test(line));
  for (const line of lines) {
    const at = rows.findIndex((cells) => isWithin(cells, line));
    if (at >= 0) return at;
  }
  return -1;
}

/** Whether the line has the row's words, nearly all of them and in their order. */
function isWithin(cells, line) {
  const words = cells.join(" ").match(WORDS) ?? [];
  const found = words.length > 1 ? findPassage(line, words.join(" ")) : null;
  return found !== null && (line.slice(found.start, found.end).match(WORDS) ?? []).length >= words.length * 0.8;
}

function delimiterOf(text, name) {
  if (/\.tsv$/i.test(name)) return "\t";
  const line = text.slice(0, text.search(/[\r\n]|$/));
  return [",", ";", "\t", "|"].map((mark) => ({ mark, count: line.split(mark).length })).sort((a, b) => b.count - a.count)[0].mark;
}

/** RFC 4180: quoted fields may have delimiters, line ends and doubled quotes. @returns {string[][]} */
export function rowsOf(text, delimiter) {
  const rows = [[]];
  let at = text.startsWith("\ufeff") ? 1 : 0;
  while (at < text.length) {
    let value = "";
    if (text[at] === '"') {
      const end = closing(text, at);
      value = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
    }
    const next = nextEnd(text, at, delimiter);
    rows.at(-1).push((value + text.slice(at, next)).trim());
    at = next;
    if (text[at] === delimiter) at += 1;
    else if (at < text.length) {
      at += text.startsWith("\r\n", at) ? 2 : 1;
      rows.push([]);
    }
  }
  return rows.filter((cells) => cells.some(Boolean));
}

/** Where the quoted field that begins here ends: at its quote, or with the text. */
function closing(text, start) {
  let end = text.indexOf('"', start + 1);
  while (end >= 0 && text[end + 1] === '"') end = text.indexOf('"', end + 2);
  return end < 0 ? text.length : end;
}

/** The next delimiter or line end. */
function nextEnd(text, start, delimiter) {
  let at = start;
  while (at < text.length && text[at] !== delimiter && text[at] !== "\n" && text[at] !== "\r") at += 1;
  return at;
}
