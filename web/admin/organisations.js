/** Organisations, whose people see nothing of one another: make, rename, remove. Made by view, for administrators. */

import { el, icon } from "../dom.js";
import { askFor } from "./dialog.js";
import { nameField } from "./groups.js";
import { Rows, rowButton } from "./rows.js";
import { Section } from "./section.js";
import { at } from "./words.js";

const DEFAULT = "default"; // stays for ever

export class Organisations extends Section {
  constructor(api, around) {
    super(api, around);
    this.rows = new Rows("Organisations", (organisation) => this.#row(organisation));
    this.make = el("button", { class: "button primary", onclick: () => this.#create() }, icon("plus"), "Make an organisation");
  }

  async look() {
    return (await this.get("/api/organisations")).organisations;
  }

  draw(organisations) {
    if (!this.rows.node.isConnected) {
      const words = "People of one organisation see nothing of another's people, groups and documents. Who registers, or signs in by Entra ID, belongs to the one that was there first.";
      this.body.replaceChildren(el("p", {}, words), el("p", { class: "admin-actions" }, this.make), this.rows.node);
    }
    this.rows.show(organisations);
  }

  #row(organisation) {
    const { id, name } = organisation;
    return [
      el("strong", { dir: "auto" }, name),
      el("div", { class: "admin-actions" }, rowButton("rename", "Rename…", name, () => this.#rename(organisation)), id !== DEFAULT && rowButton("remove", "Remove…", name, () => this.#remove(organisation))),
      el("p", { class: "admin-wide hint" }, "its folder is ", el("code", {}, `organisations/${id}/`), ` · since ${at(organisation.created_at)}`),
    ];
  }

  async #create() {
    await askFor({ heading: "Make an organisation", words: "Then make an account in it under People, and let it manage the organisation.", fields: [nameField()], action: "Make the organisation", submit: (given) => this.send("POST", "/api/organisations", given) });
    await this.refresh();
  }

  async #rename({ id, name }) {
    await askFor({ heading: `Rename ${name}`, fields: [nameField(name)], action: "Rename", submit: (given) => this.send("PATCH", pathOf(id), given) });
    await this.refresh();
  }

  async #remove({ id, name }) {
    const words = "Its groups go with it. One that has people or documents stays.";
    if (await askFor({ heading: `Remove ${name}?`, words, action: "Remove", look: "danger", submit: () => this.send("DELETE", pathOf(id)) })) {
      this.around.announce(`${name} is removed.`);
      this.make.focus();
    }
    await this.refresh();
  }
}

function pathOf(id) {
  return `/api/organisations/${encodeURIComponent(id)}`;
}
