/** What may be changed of one account: its rights, its password, its sessions. Opened by people. */

import { el } from "../dom.js";
import { askFor, openDialog, showOnce } from "./dialog.js";

/** Characters that look like no other, as the API takes them for the passwords that it makes. */
const SPOKEN = "abcdefghijkmnpqrstuvwxyz23456789";
const LENGTH = 20;

/** @param {import("./people.js").User} user @param {import("./section.js").Section} section */
export async function changeUser(user, section) {
  const isSelf = user.id === section.api.session.user.user_id;
  const path = `/api/users/${encodeURIComponent(user.id)}`;
  let next = null;
  const choose = (what) => () => {
    next = what;
    dialog.close();
  };
  const option = (words, hint, what, look = "") => el("li", {}, el("button", { class: `button ${look}`, onclick: choose(what) }, words), el("p", { class: "hint" }, hint));
  const options = [
    option("Sign out everywhere…", "Ends every session and revokes the personal access tokens.", () => endSessions(user, path, section)),
    !isSelf && option("Set a new password…", "One is made, and shown once. Every session ends.", () => setPassword(user, path, section)),
    !isSelf && option("What they may do…", "Administer, or sign in at all.", () => setRights(user, path, section)),
  ];
  const own = isSelf && el("p", {}, "This is your own account: nobody takes their own rights.");
  const dialog = openDialog(user.email, own, el("ul", { class: "admin-options" }, ...options.filter(Boolean)), el("div", { class: "dialog-actions" }, el("button", { class: "button", onclick: () => dialog.close() }, "Close")));
  await new Promise((resolve) => dialog.addEventListener("close", resolve));
  if (next) await next();
}

function endSessions(user, path, section) {
  return askFor({
    heading: `Sign ${user.email} out everywhere?`,
    words: "They can sign in again. Programs that use a personal access token of theirs need another one.",
    action: "Sign out everywhere",
    look: "danger",
    submit: async () => {
      await section.send("DELETE", `${path}/sessions`);
      section.around.announce(`${user.email} is signed out everywhere.`);
    },
  });
}

async function setPassword(user, path, section) {
  const password = madePassword();
  const isDone = await askFor({
    heading: `A new password for ${user.email}?`,
    words: "The one they have stops working, and they are signed out everywhere.",
    action: "Set a new password",
    look: "danger",
    submit: () => section.send("PATCH", path, { password }),
  });
  if (isDone) await showOnce(`New password of ${user.email}`, "It is shown this once. Hand it over; it can be changed after signing in.", password);
}

function setRights(user, path, section) {
  const claim = (name, words, hint) => {
    const id = `admin-claim-${name}`;
    return el("div", { class: "admin-claim" }, el("input", { type: "checkbox", id, name, checked: user[name], "aria-describedby": `${id}-hint` }), el("label", { for: id }, words), el("p", { class: "hint", id: `${id}-hint` }, hint));
  };
  const names = ["is_disabled", "manages_organisation", ...(section.api.session.user.is_administrator ? ["is_administrator"] : [])];
  const fields = [
    claim("is_disabled", "Disabled", "Signed out at once, and cannot sign in; personal access tokens rest."),
    claim("manages_organisation", "Manages the organisation", "Its accounts, groups and shared folder."),
    names.length > 2 && claim("is_administrator", "Administers the installation", "Everything in this view, in every organisation."),
  ].filter(Boolean);
  return askFor({
    heading: `What ${user.email} may do`,
    fields,
    action: "Save",
    submit: async (given) => {
      const changed = names.map((name) => [name, name in given]).filter(([name, is]) => user[name] !== is);
      if (changed.length) await section.send("PATCH", path, Object.fromEntries(changed));
      section.around.announce(`${user.email} is changed.`);
    },
  });
}

function madePassword() {
  const bytes = crypto.getRandomValues(new Uint8Array(LENGTH)); // 256 is a multiple of 32: no letter is likelier
  return [...bytes].map((byte) => SPOKEN[byte % SPOKEN.length]).join("");
}
