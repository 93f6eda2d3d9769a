/** Bars a day, drawn as SVG, with a read-out for pointer and keyboard and the same figures as a table. Made by usage. */

import { el } from "../dom.js";
import { plainTable } from "./table.js";
import { shortDay } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const GAP = 0.22; // of a day's width

/**
 * @param {{title: string, days: string[], parts: {name: string, values: number[]}[], format: (value: number) => string,
 *   tick?: (value: number) => string}} of parts lie on one another, the first at the bottom
 * @returns {HTMLElement}
 */
export function barChart({ title, days, parts, format, tick = format }) {
  const sums = days.map((_, day) => parts.reduce((sum, { values }) => sum + values[day], 0));
  const top = scaleTop(Math.max(...sums));
  const said = (day) => `${shortDay(days[day])}: ${parts.length > 1 ? parts.map(({ name, values }) => `${format(values[day])} ${name}`).join(", ") : format(sums[day])}`;
  const read = el("p", { class: "chart-read", "aria-hidden": "true" });
  const { svg, backs } = drawn(days, parts, top);
  const plot = el("div", { class: "chart-plot", tabindex: 0, role: "slider", "aria-label": `${title}: a day`, "aria-valuemin": 1, "aria-valuemax": days.length }, svg);
  makeReadable(plot, backs, (day) => (read.textContent = said(day)));

  const ticks = top ? [top, top / 2, 0] : [0];
  const legend = parts.length > 1 && el("ul", { class: "chart-legend", "aria-hidden": "true" }, ...parts.map(({ name }, part) => el("li", { class: `part-${part}` }, name)));
  return el(
    "figure",
    { class: "chart" },
    el("figcaption", {}, el("h3", {}, title), read),
    el("div", { class: "chart-ticks", "aria-hidden": "true" }, ...ticks.map((value) => el("span", {}, tick(value)))),
    plot,
    el("div", { class: "chart-days", "aria-hidden": "true" }, ...[0, (days.length - 1) >> 1, days.length - 1].map((day) => el("span", {}, shortDay(days[day])))),
    legend,
    asTable(title, days, parts, format),
  );
}

/** Pointer and keys choose a day. @param {HTMLElement} plot @param {SVGElement[]} backs one a day @param {(day: number) => string} say */
function makeReadable(plot, backs, say) {
  const last = backs.length - 1;
  let at = last;
  const show = (day) => {
    backs[at].classList.remove("is-read");
    at = Math.min(last, Math.max(0, day));
    backs[at].classList.add("is-read");
    plot.setAttribute("aria-valuenow", String(at + 1));
    plot.setAttribute("aria-valuetext", say(at));
  };
  plot.addEventListener("pointermove", ({ clientX }) => {
    const { left, width } = plot.getBoundingClientRect();
    show(Math.floor(((clientX - left) / width) * backs.length));
  });
  plot.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: at - 1, ArrowDown: at - 1, ArrowRight: at + 1, ArrowUp: at + 1, PageDown: at - 7, PageUp: at + 7, Home: 0, End: last }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
  show(at);
}

/** The end of the scale: the next of 2, 4, 6, 10, 20, …, whose halves are round too. @param {number} most */
export function scaleTop(most) {
  if (!(most > 0)) return 0;
  const power = 10 ** Math.floor(Math.log10(most));
  return ([1, 2, 4, 6, 10].find((step) => step * power >= most && (step > 1 || power > 1)) ?? 20) * power;
}

function drawn(days, parts, top) {
  const svg = shape("svg", { viewBox: `0 0 ${days.length} 100`, preserveAspectRatio: "none", "aria-hidden": "true" });
  const backs = days.map((_, day) => shape("rect", { class: "chart-day", x: day, y: 0, width: 1, height: 100 }));
  const lines = [0, 50].map((y) => shape("line", { class: "chart-line", x1: 0, x2: days.length, y1: y, y2: y }));
  svg.append(...backs, ...lines);
  for (const day of days.keys()) {
    let y = 100;
    for (const [part, { values }] of parts.entries()) {
      const height = top ? (100 * values[day]) / top : 0;
      y -= height;
      if (height) svg.append(shape("rect", { class: `part-${part}`, x: day + GAP / 2, y, width: 1 - GAP, height }));
    }
  }
  return { svg, backs };
}

function shape(name, attributes) {
  const node = document.createElementNS(SVG, name);
  for (const [attribute, value] of Object.entries(attributes)) node.setAttribute(attribute, String(value));
  return node;
}

function asTable(title, days, parts, format) {
  const rows = days.map((day, at) => [shortDay(day), ...parts.map(({ values }) => format(values[at]))]);
  return el("details", { class: "chart-table" }, el("summary", {}, "As a table"), plainTable(title, ["Day", ...parts.map(({ name }) => name)], rows));
}
