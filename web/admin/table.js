/** Tables: wide ones scroll by themselves, and some are sorted by the column whose heading is pressed. Used by usage, chart and index_card. */

import { el } from "../dom.js";

/**
 * @param {string} caption @param {string[]} heads @param {[name: string, ...values: string[]][]} rows
 * @returns {HTMLElement}
 */
export function plainTable(caption, heads, rows) {
  const head = el("tr", {}, ...heads.map((words) => el("th", { scope: "col" }, words)));
  const body = rows.map(([name, ...values]) => el("tr", {}, el("th", { scope: "row" }, name), ...values.map((value) => el("td", {}, value))));
  return scrolling(caption, head, el("tbody", {}, ...body));
}

/**
 * @typedef {{title: string, of: (row: any) => string | number, shown?: (row: any) => Node | string}} Column
 *   the first names the row
 * @param {string} caption @param {Column[]} columns @param {object[]} rows
 * @param {number} by the column that it is sorted by at first, the largest on top
 * @returns {HTMLElement}
 */
export function sortedTable(caption, columns, rows, by) {
  const body = el("tbody");
  let sign = -1;
  const heads = columns.map(({ title }, index) => el("th", { scope: "col" }, el("button", { class: "admin-sort", onclick: () => sort(index) }, title)));

  const draw = () => {
    const { of } = columns[by];
    const sorted = [...rows].sort((a, b) => sign * (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : 0));
    body.replaceChildren(...sorted.map((row) => el("tr", {}, ...columns.map((column, index) => cell(column, index, row)))));
    heads.forEach((head, index) => (head.ariaSort = index === by ? (sign > 0 ? "ascending" : "descending") : null));
  };
  const sort = (index) => {
    sign = index === by ? -sign : index === 0 ? 1 : -1;
    by = index;
    draw();
  };
  draw();
  return scrolling(caption, el("tr", {}, ...heads), body);
}

/** The keyboard scrolls what it can focus. */
function scrolling(caption, head, body) {
  const table = el("table", {}, el("caption", { class: "unseen" }, caption), el("thead", {}, head), body);
  return el("div", { class: "admin-table", tabindex: 0, role: "region", "aria-label": caption }, table);
}

function cell({ of, shown = of }, index, row) {
  const content = shown(row);
  const child = content instanceof Node ? content : String(content);
  return index === 0 ? el("th", { scope: "row" }, child) : el("td", {}, child);
}
