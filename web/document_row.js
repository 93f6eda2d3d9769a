/** One document in the library's list. Made by documents, anew whenever the document changes. */

import { fileName } from "./answer.js";
import { el, iconButton } from "./dom.js";

export const WORKING = new Set(["queued", "parsing", "embedding"]);

const STATUS = {
  queued: "Waiting its turn…",
  parsing: "Reading the pages…",
  embedding: "Making it searchable…",
  indexed: "Ready",
};

/** @param {import("./types.d.ts").Document} document @param {import("./types.d.ts").RowActions} actions */
export function documentRow(document, canChange, actions) {
  const name = fileName(document.name);
  const folder = document.name.slice(0, -name.length);
  const open = el("button", { class: "row-name", "data-action": "open", dir: "auto", title: document.name }, el("span", {}, name));
  open.addEventListener("click", () => actions.open(document, open));
  return el(
    "li",
    { class: `row ${document.status}`, "data-status": document.status, "data-id": document.id },
    el("span", { class: "kind", "aria-hidden": "true" }, kindOf(name)),
    el("div", { class: "row-text" }, open, el("p", { class: "row-meta" }, folder && el("bdi", { class: "row-folder" }, folder.slice(0, -1)), folder && " · ", statusOf(document))),
    buttons(document, name, canChange, actions),
    document.status === "failed" && el("p", { class: "row-reason", dir: "auto" }, document.reason),
    WORKING.has(document.status) && el("progress", { "aria-label": `${name}: ${STATUS[document.status]}` }),
  );
}

function buttons(document, name, canChange, actions) {
  if (!canChange) return el("div", { class: "row-actions" });
  const look = document.readers.length ? "icon-button is-shared" : "icon-button";
  const share = iconButton("share", `Share ${name}`, () => actions.share([document]), { class: look, "aria-haspopup": "dialog", "data-action": "share" });
  const retry = iconButton("retry", `Try ${name} again`, () => actions.retry(document), { "data-action": "retry" });
  const remove = iconButton("trash", `Delete ${name}`, () => actions.remove([document]), { "data-action": "remove" });
  return el("div", { class: "row-actions" }, document.status === "failed" && retry, share, remove);
}

function statusOf(document) {
  if (document.status === "failed") return document.is_parked ? "Failed (parked)" : "Failed";
  if (document.status !== "indexed") return document.reason ? `Waiting: ${document.reason}` : STATUS[document.status];
  const count = document.pages > 0 ? `${document.pages} ${document.page_kind || "page"}${document.pages === 1 ? "" : "s"}` : STATUS.indexed;
  const shared = document.is_owner ? document.readers.length > 0 && "shared" : !document.name.startsWith("shared/") && "shared with you";
  return [count, sizeOf(document.size), shared].filter(Boolean).join(" · ");
}

function sizeOf(bytes) {
  if (bytes < 1000) return `${bytes} B`;
  const [unit, divisor] = bytes < 1e6 ? ["kB", 1e3] : ["MB", 1e6];
  const size = bytes / Number(divisor);
  return `${size < 10 ? size.toFixed(1) : Math.round(size)} ${unit}`;
}

function kindOf(name) {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(dot + 1, dot + 5).toUpperCase() : "FILE";
}
