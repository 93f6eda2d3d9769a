/**
 * What can be done with a conversation besides reading it: another title, a file of it, its deletion.
 * Loaded by history on first use.
 *
 * @typedef {import("../types.d.ts").Conversation} Conversation
 * @typedef {import("../history.js").History} History
 */

import { deleteConversation, renameConversation } from "../changes.js";
import { el } from "../dom.js";
import { styles } from "../lazy.js";
import { undoable } from "../undo.js";

await Promise.all([styles("/chat/fields.css"), styles("/chat/history/actions.css")]);

/** Show or hide the row's actions. @param {History} history @param {Conversation} conversation @param {HTMLElement} row @param {HTMLElement} more */
export function toggle(history, conversation, row, more) {
  const shown = row.querySelector(".row-more");
  more.setAttribute("aria-expanded", String(!shown));
  if (shown) return shown.remove();
  const action = (label, act) => el("button", { class: "button small", onclick: () => history.try(act) }, label);
  const actions = el(
    "div",
    { class: "row-more", role: "group", "aria-label": conversation.title },
    action("Rename", () => rename(history, conversation, row)),
    action("Download", () => save(history, `${conversation.id}/export`, `${fileNameOf(conversation.title)}.md`)),
    action("Delete", () => remove(history, conversation, row)),
  );
  row.append(actions);
  actions.querySelector("button").focus();
}

/** Every conversation in one file. @param {History} history */
export function saveAll(history) {
  return save(history, "export", "conversations.jsonl");
}

/** The title becomes a box. Enter or Save keeps what is in it, Escape or Cancel does not. */
async function rename(history, conversation, row) {
  const box = el("input", { class: "field", dir: "auto", maxlength: 200, required: true, "aria-label": "Title of the conversation", value: conversation.title });
  const close = () => {
    row.classList.remove("is-renamed");
    form.remove();
    row.querySelector(".icon-button").click();
    row.querySelector(".row-name").focus();
  };
  const buttons = [el("button", { type: "submit", class: "button small primary" }, "Save"), el("button", { class: "button small", onclick: close }, "Cancel")];
  const form = el("form", { class: "rename" }, box, ...buttons);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const title = box.value.trim();
    if (!title) return;
    history.try(async () => {
      await renameConversation(history.api, conversation.id, title);
      await history.refresh();
      history.list.querySelector(`[data-id="${CSS.escape(conversation.id)}"]`)?.focus();
      history.around.announce("Renamed.");
    });
  });
  form.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    close();
  });
  row.classList.add("is-renamed");
  row.append(form);
  box.select();
}

async function save(history, path, name) {
  const response = await history.api.request("GET", `/api/conversations/${path}`, { accept: "*/*" });
  const url = URL.createObjectURL(await response.blob());
  el("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser may still be reading it
  history.around.announce("Downloaded.");
}

async function remove(history, { id, title }, row) {
  const wasOpen = history.around.current() === id;
  const next = (row.nextElementSibling ?? row.previousElementSibling)?.querySelector(".row-name");
  const back = () => {
    history.going.delete(id);
    history.show();
  };
  const deletion = undoable({
    words: `“${title}” is deleted.`,
    announce: history.around.announce,
    undo: () => {
      back();
      if (wasOpen) history.try(() => history.around.open(id));
      else history.list.querySelector(`[data-id="${CSS.escape(id)}"]`)?.focus();
    },
    commit: (keepalive) => history.try(async () => {
      try {
        await deleteConversation(history.api, id, keepalive);
        await history.refresh();
      } finally {
        back();
      }
    }),
  });
  history.going.set(id, deletion);
  history.show();
  if (wasOpen) history.around.begin();
  else next?.focus();
}

/** @param {string} title @returns {string} what every system takes as a name */
function fileNameOf(title) {
  return title.replace(/[<>:"/\\|?*\p{Cc}]+/gu, " ").trim().slice(0, 80) || "conversation";
}
