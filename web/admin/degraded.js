/** How many answers were less than what was asked for, read from the metrics. Used by usage. */

import { el } from "../dom.js";
import { counted, share } from "./words.js";

const KINDS = {
  smaller_model: "written by the smaller model",
  cached: "an earlier answer",
  extractive: "quotations, as no model could be reached",
  text_search: "searched by words alone",
};
const ANSWERS = /^rag_answers_total\{degraded="(\w+)"\} (\S+)$/gm;

/** @param {string} metrics in Prometheus's text format @returns {HTMLElement} */
export function degradedAnswers(metrics) {
  const counts = [...metrics.matchAll(ANSWERS)].map(([, kind, count]) => ({ kind, count: Number(count) }));
  const all = counts.reduce((sum, { count }) => sum + count, 0);
  const degraded = counts.filter(({ kind, count }) => kind !== "none" && count);
  const worse = degraded.reduce((sum, { count }) => sum + count, 0);
  if (!all) return el("p", { class: "hint" }, "The process that answers this page has answered no question since it began.");
  const kinds = degraded.map(({ kind, count }) => el("li", {}, `${share(count, all)} ${KINDS[kind] ?? kind}`));
  return el("div", {}, el("p", {}, `Degraded: ${share(worse, all)} of the ${counted(all, "answer")} that the process behind this page gave since it began.`), el("ul", { class: "admin-removed" }, ...kinds));
}
