/**
 * Who may read documents beside their owner: shown, added and removed in a dialog. Loaded by actions on first use.
 *
 * @typedef {import("../types.d.ts").Document} Document
 */

import { fileName } from "../answer.js";
import { changeDocument } from "../changes.js";
import { el } from "../dom.js";
import { Problem } from "../problems.js";
import { EntriesDialog } from "./entries.js";

const GROUP = "group:";

/** @param {Document[]} documents @param {import("../api.js").Api} api */
export async function share(documents, api) {
  const [current, { groups }] = await Promise.all([
    Promise.all(documents.map(({ id }) => api.document(id))),
    (await api.request("GET", "/api/groups")).json(),
  ]);
  await new Sharing(current, groups, api).open();
}

class Sharing {
  /** @param {Document[]} documents @param {{name: string}[]} groups */
  constructor(documents, groups, api) {
    this.documents = documents;
    this.groups = groups;
    this.api = api;
    const isOne = documents.length === 1;
    this.circles = circlesOf(documents).map((circle) => this.#circle(circle));
    this.dialog = new EntriesDialog({
      heading: isOne ? `Share ${fileName(documents[0].name)}` : `Share ${documents.length} documents`,
      words: "Who is listed here may read it and gets answers from it. Changes hold at once.",
      above: el("div", { class: "circles" }, ...this.circles.map(({ node }) => node)),
      label: "E-mail address or group",
      none: "No single person or group yet.",
      suggestions: groups.map(({ name }) => name),
      entries: () => this.#entries(),
      add: async (typed) => {
        const reader = this.#readerOf(typed);
        await this.#change((readers) => [...new Set([...readers, reader])], typed);
        return `Shared with ${typed}.`;
      },
      remove: async ({ value, words }) => {
        await this.#change((readers) => readers.filter((reader) => reader !== value), words);
        return `No longer shared with ${words}.`;
      },
    });
  }

  open() {
    this.#tick();
    return this.dialog.open();
  }

  #circle({ reader, words }) {
    const box = el("input", { type: "checkbox" });
    box.addEventListener("change", async () => {
      const others = (readers) => readers.filter((each) => each !== reader);
      const edit = box.checked ? (readers) => [...others(readers), reader] : others;
      const told = box.checked ? `Shared with ${words}.` : `No longer shared with ${words}.`;
      await this.dialog.change(() => this.#change(edit, words).then(() => told));
      this.#tick();
    });
    return { reader, box, node: el("label", { class: "check" }, box, el("bdi", {}, words)) };
  }

  #tick() {
    for (const { reader, box } of this.circles) {
      const count = this.documents.filter(({ readers }) => readers.includes(reader)).length;
      box.checked = count === this.documents.length;
      box.indeterminate = count > 0 && !box.checked;
    }
  }

  #entries() {
    const circles = new Set(this.circles.map(({ reader }) => reader));
    const readers = [...new Set(this.documents.flatMap((document) => document.readers))];
    return readers.filter((reader) => !circles.has(reader)).map((value) => ({ value, ...this.#named(value) }));
  }

  #named(reader) {
    const count = this.documents.filter(({ readers }) => readers.includes(reader)).length;
    const part = count < this.documents.length ? ` · ${count} of ${this.documents.length}` : "";
    const isGroup = reader.startsWith(GROUP);
    return { words: isGroup ? reader.slice(GROUP.length) : reader, detail: (isGroup ? "Group" : "Person") + part };
  }

  /** What the API calls whom somebody typed. */
  #readerOf(typed) {
    const same = (name) => name.localeCompare(typed, undefined, { sensitivity: "accent" }) === 0;
    const group = this.groups.find(({ name }) => same(name));
    if (group) return GROUP + group.name;
    if (typed.includes("@") || /^(group|user):/.test(typed)) return typed;
    throw new Problem(`No group is called “${typed}”. Give a group's name or somebody's e-mail address.`);
  }

  /** @param {(readers: string[]) => string[]} edit @param {string} whom */
  async #change(edit, whom) {
    for (const [index, { id }] of this.documents.entries()) {
      const { readers } = await this.api.document(id); // somebody else may have changed it
      try {
        this.documents[index] = await changeDocument(this.api, id, { readers: edit(readers) });
      } catch (error) {
        if (!(error instanceof Problem) || error.status !== 400) throw error;
        throw new Problem(`Nobody here is known as “${whom}”. Check the spelling: whom you share with needs an account.`);
      }
    }
  }
}

/** Under shared/ everybody is more than the organisation; elsewhere it is the same. @param {Document[]} documents */
function circlesOf(documents) {
  const own = { reader: "organisation", words: "Everyone in your organisation" };
  const isShared = ({ name, is_owner }) => !is_owner && name.startsWith("shared/");
  if (documents.every(isShared)) return [{ reader: "everyone", words: "Everybody here" }, own];
  return [{ ...own, reader: "everyone" }];
}
