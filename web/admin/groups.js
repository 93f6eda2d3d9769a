/** Groups that documents are shared with: make, rename, remove, who is in them. Made by view. */

import { el, icon } from "../dom.js";
import { askFor, choice, field } from "./dialog.js";
import { showMembers } from "./members.js";
import { Rows, rowButton } from "./rows.js";
import { Section } from "./section.js";
import { at } from "./words.js";

export class Groups extends Section {
  #organisation = "";

  constructor(api, around) {
    super(api, around);
    this.#organisation = api.session.user.organisation.id;
    this.rows = new Rows("Groups", (group) => this.#row(group));
    this.make = el("button", { class: "button primary", onclick: () => this.#create() }, icon("plus"), "Make a group");
    this.empty = el("p", { class: "empty" }, el("strong", {}, "No groups yet."), " Documents can be shared with a group: whoever is in it at the time reads them.");
  }

  async look() {
    const mayAll = this.api.session.user.is_administrator;
    const [{ groups }, { organisations }] = await Promise.all([
      this.get(`/api/groups?${new URLSearchParams({ organisation_id: this.#organisation })}`),
      mayAll ? this.get("/api/organisations") : { organisations: [] },
    ]);
    return { groups, organisations };
  }

  draw({ groups, organisations }) {
    if (!this.rows.node.isConnected) {
      const change = (event) => {
        this.#organisation = event.target.value;
        this.refresh();
      };
      const of = organisations.length > 1 && choice("Organisation", "organisation", organisations.map(({ id, name }) => [id, name]), this.#organisation, change);
      this.body.replaceChildren(el("div", { class: "admin-tools" }, of, this.make), this.empty, this.rows.node);
    }
    this.empty.hidden = groups.length > 0;
    this.rows.show(groups);
  }

  #row(group) {
    const buttons = [rowButton("members", "Members…", `of ${group.name}`, () => showMembers(group, this)), rowButton("rename", "Rename…", group.name, () => this.#rename(group)), rowButton("remove", "Remove…", group.name, () => this.#remove(group))];
    return [el("strong", { dir: "auto" }, group.name), el("div", { class: "admin-actions" }, ...buttons), el("p", { class: "admin-wide hint" }, `since ${at(group.created_at)}`, group.is_member && " · you are in it")];
  }

  async #create() {
    const submit = ({ name }) => this.send("POST", "/api/groups", { name, organisation_id: this.#organisation });
    await askFor({ heading: "Make a group", words: "Nobody is in it yet.", fields: [nameField()], action: "Make the group", submit });
    await this.refresh();
  }

  async #rename({ id, name }) {
    await askFor({ heading: `Rename ${name}`, words: "What is shared with it stays shared.", fields: [nameField(name)], action: "Rename", submit: (given) => this.send("PATCH", groupPath(id), given) });
    await this.refresh();
  }

  async #remove({ id, name }) {
    const words = "What is shared with it is no longer read by its members, from their next question on. Documents stay.";
    if (await askFor({ heading: `Remove ${name}?`, words, action: "Remove", look: "danger", submit: () => this.send("DELETE", groupPath(id)) })) {
      this.around.announce(`${name} is removed.`);
      this.make.focus();
    }
    await this.refresh();
  }
}

/** @param {string} id */
export function groupPath(id) {
  return `/api/groups/${encodeURIComponent(id)}`;
}

/** @param {string} [value] */
export function nameField(value = "") {
  return field("Name", { name: "name", required: true, maxlength: 100, value });
}
