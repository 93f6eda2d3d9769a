/** Dialogs of the administrator's view: forms that stay open with the reason when they are refused. */

import { el, icon } from "../dom.js";
import { inWords } from "../problems.js";

/**
 * A modal dialog; the browser keeps the focus inside and gives it back. It is gone when it is closed.
 * @param {string} heading @param {...(Node | false | null | undefined)} children
 * @returns {HTMLDialogElement} open
 */
export function openDialog(heading, ...children) {
  const dialog = el("dialog", { class: "dialog admin-dialog", "aria-labelledby": "admin-dialog-heading" }, el("h2", { id: "admin-dialog-heading", dir: "auto" }, heading), ...children);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * @param {{heading: string, words?: string, fields?: Node[], action: string, look?: string,
 *   submit: (given: Record<string, string>) => Promise<unknown>}} form
 * @returns {Promise<boolean>} whether it was done
 */
export function askFor({ heading, words, fields = [], action, look = "primary", submit }) {
  const refusal = el("div", { role: "alert" });
  const cancel = el("button", { class: "button", onclick: () => dialog.close() }, "Cancel");
  const go = el("button", { type: "submit", class: `button ${look}` }, action);
  const form = el("form", { class: "admin-form" }, words && el("p", {}, words), ...fields, refusal, el("div", { class: "dialog-actions" }, cancel, go));
  const dialog = openDialog(heading, form);
  (form.querySelector("input, select") ?? cancel).focus();
  return new Promise((resolve) => {
    let isDone = false;
    dialog.addEventListener("close", () => resolve(isDone));
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      go.disabled = true;
      refusal.replaceChildren();
      try {
        await submit(Object.fromEntries([...new FormData(form)].map(([name, value]) => [name, String(value).trim()])));
        isDone = true;
        dialog.close();
      } catch (error) {
        refusal.replaceChildren(el("p", { class: "note error" }, inWords(error)));
      }
      go.disabled = false;
    });
  });
}

/** A labelled input. @param {string} label @param {object} attributes of the input @param {string} [hint] */
export function field(label, attributes, hint) {
  const id = `admin-field-${attributes.name}`;
  const input = el("input", { id, autocomplete: "off", ...attributes, "aria-describedby": hint && `${id}-hint` });
  return el("div", { class: "admin-field" }, el("label", { for: id }, label), input, hint && el("p", { class: "hint", id: `${id}-hint` }, hint));
}

/** @param {string} label @param {string} name @param {[value: string, words: string][]} options @param {string} [chosen] */
export function choice(label, name, options, chosen, onchange) {
  const id = `admin-field-${name}`;
  const select = el("select", { id, name, onchange }, ...options.map(([value, words]) => el("option", { value, selected: value === chosen }, words)));
  return el("div", { class: "admin-field" }, el("label", { for: id }, label), select);
}

/** Something that is shown this once. @param {string} heading @param {string} words @param {string} secret */
export function showOnce(heading, words, secret) {
  const shown = el("output", { class: "admin-secret" }, secret);
  const copied = el("span", { role: "status" });
  const copy = el("button", { class: "button" }, icon("copy"), "Copy");
  copy.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(secret);
      copied.textContent = "Copied.";
    } catch {
      getSelection()?.selectAllChildren(shown); // no right to the clipboard: it is marked for Ctrl-C
      copied.textContent = "Press Ctrl+C to copy.";
    }
  });
  const close = el("button", { class: "button primary", onclick: () => dialog.close() }, "Done");
  const dialog = openDialog(heading, el("p", {}, words), shown, el("div", { class: "dialog-actions" }, copied, copy, close));
  copy.focus();
  return new Promise((resolve) => dialog.addEventListener("close", resolve));
}
