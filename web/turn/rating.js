/**
 * Sends what somebody thinks of an answer, and asks for a word why. Loaded by turn with the first rating.
 *
 * @typedef {import("../types.d.ts").TurnActions} TurnActions
 */

import { el } from "../dom.js";
import { styles } from "../lazy.js";
import { inWords } from "../problems.js";

await styles("/chat/fields.css");

const ASKING = { up: "What was good about it?", down: "What was wrong with it?" };

/** @param {HTMLElement} button @param {TurnActions} actions @param {import("../types.d.ts").Answer} answer @param {"up" | "down"} rating */
export async function rate(button, actions, answer, rating) {
  try {
    await actions.rate(answer, rating);
  } catch (error) {
    return actions.announce(inWords(error));
  }
  const row = button.parentElement;
  for (const one of row.querySelectorAll("[aria-pressed]")) one.setAttribute("aria-pressed", String(one === button));
  actions.announce("Thank you for the feedback.");
  if (row.nextElementSibling?.matches(".why")) row.nextElementSibling.remove();
  row.after(askWhy(rating, (comment) => actions.rate(answer, rating, comment), actions.announce));
}

/** A line under the row of ratings, which nobody needs to fill. */
function askWhy(rating, send, announce) {
  const box = el("input", { class: "field", dir: "auto", maxlength: 4000, "aria-label": ASKING[rating], placeholder: ASKING[rating] });
  const form = el("form", { class: "why" }, box, el("button", { type: "submit", class: "button small" }, "Send"));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (!box.value.trim()) return box.focus();
    try {
      await send(box.value.trim());
      const thanks = el("p", { class: "hint why", tabindex: -1 }, "Thank you, that helps.");
      form.replaceWith(thanks);
      thanks.focus();
    } catch (error) {
      announce(inWords(error));
    }
  });
  return form;
}
