/** One index version: what it is, how far it is filled, what the comparison says, what can be done. Drawn by indexes. */

import { el } from "../dom.js";
import { rowButton } from "./rows.js";
import { plainTable } from "./table.js";
import { at, counted, expected, lasting, versionOf, whole } from "./words.js";

/** @param {any} index as the API tells it, with `previous`, `isBusy`, `seconds` and `stalled` of indexes */
export function indexCard(index, actions) {
  const { name, embedder, dimension, chunk_chars, chunk_overlap, documents, missing, chunks, isBusy } = index;
  const total = documents + missing;
  return [
    el("h3", {}, versionOf(name), " ", badge(index)),
    el("p", { class: "admin-wide hint" }, el("code", {}, name), ` · begun ${at(index.created_at)}`),
    el("p", { class: "admin-wide" }, `${embedder} (${whole(dimension)} dimensions), chunks of up to ${counted(chunk_chars, "character")} with ${whole(chunk_overlap)} of overlap · ${counted(documents, "document")}${missing ? `, ${whole(missing)} missing` : ""} · ${counted(chunks, "passage")}`),
    ...(index.state === "building" && missing ? [el("progress", { class: "admin-wide", max: total, value: documents, "aria-label": `${versionOf(name)}: documents filled` }), el("p", { class: "admin-wide" }, `Building: ${whole(documents)} of ${counted(total, "document")}. ${outlook(index)}`)] : []),
    ...(isBusy ? [el("progress", { class: "admin-wide", "aria-label": `${versionOf(name)} is being compared` }), el("p", { class: "admin-wide hint" }, "Comparing with the live version, by questions that people asked. This may take three minutes.")] : []),
    ...(index.gate ? [gateReport(index.gate, versionOf(name))] : []),
    buttons(index, actions),
  ];
}

function badge({ state, missing, stalled }) {
  if (state === "building") return el("span", { class: `badge ${stalled ? "bad" : missing ? "busy" : "good"}` }, stalled ? "Stalled" : missing ? "Building" : "Ready");
  return el("span", { class: `badge ${state === "live" ? "good" : ""}` }, state === "live" ? "Live" : "Kept to roll back to");
}

function outlook({ seconds, stalled }) {
  if (stalled) return `Nothing has moved for ${counted(stalled, "minute")}: Health tells what waits or fails.`;
  return seconds === undefined ? "The expected end is known in a moment." : `About ${lasting(seconds)} left; filled ${expected(seconds)}.`;
}

function buttons(index, { compare, promote, force, rollback, remove }) {
  const { state, missing, gate, previous, isBusy } = index;
  const of = versionOf(index.name);
  if (state === "live") return previous && el("div", { class: "admin-actions" }, rowButton("rollback", "Roll back…", `to ${versionOf(previous)}`, () => rollback(index)));
  const isFilled = !isBusy && (state === "standby" || !missing);
  return el(
    "div",
    { class: "admin-actions" },
    isFilled && rowButton("promote", "Promote…", of, () => promote(index), state === "building" && !gate?.refusal ? "primary" : ""),
    isFilled && rowButton("compare", "Compare", of, () => compare(index)),
    !isBusy && gate?.refusal && rowButton("force", "Promote anyway…", of, () => force(index), "danger"),
    !isBusy && rowButton("remove", "Remove…", of, () => remove(index)),
  );
}

/** What the last comparison found, a measure a row. */
function gateReport({ compared_with, judged_at, documents, missing, questions, live, other, refusal }, of) {
  const row = (what, before, after) => [what, before.toFixed(3), after.toFixed(3), signed(after - before)];
  const rows = [row("Cited pages found", live.recall, other.recall), row("Questions answered", live.answered, other.answered)];
  return el(
    "div",
    { class: "admin-wide gate" },
    el("p", { class: refusal ? "note error" : "note" }, el("span", {}, refusal ? `Must not be promoted: ${refusal}.` : "May be promoted: it is as good as the live one, within the margin that is set.")),
    questions > 0 && plainTable(`What the comparison found of ${of}`, ["Measure", "Live", "This", "Change"], rows),
    el("p", { class: "hint" }, `Compared with ${versionOf(compared_with)}, ${at(judged_at)}: ${whole(documents - missing)} of ${counted(documents, "document")} in it, ${questions ? counted(questions, "question") + " asked of both (recall@10)" : "no stored question to ask, so the documents alone were judged"}.`),
  );
}

function signed(difference) {
  return `${difference > 0 ? "+" : difference < 0 ? "−" : "±"}${Math.abs(difference).toFixed(3)}`;
}
