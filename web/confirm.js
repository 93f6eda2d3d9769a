/** Asks before what cannot be undone. Used by documents and history. */

import { el } from "./dom.js";

/**
 * A modal dialog: the browser keeps the focus inside, closes it on Escape and gives it back.
 * @param {string} heading @param {string} words @param {string} action
 * @returns {Promise<boolean>}
 */
export function confirmed(heading, words, action) {
  const cancel = el("button", { type: "submit", class: "button", value: "no", autofocus: true }, "Cancel");
  const go = el("button", { type: "submit", class: "button danger", value: "yes" }, action);
  const form = el("form", { method: "dialog" }, el("h2", { id: "confirm-heading", dir: "auto" }, heading), el("p", {}, words), el("div", { class: "dialog-actions" }, cancel, go));
  const dialog = el("dialog", { class: "dialog", "aria-labelledby": "confirm-heading" }, form);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
  });
}
