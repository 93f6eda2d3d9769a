/** The versions of the search index: build, compare, promote, roll back, remove. Made by view. */

import { el, icon } from "../dom.js";
import { askFor, field } from "./dialog.js";
import { indexCard } from "./index_card.js";
import { Rows } from "./rows.js";
import { Section } from "./section.js";
import { at, versionOf, whole } from "./words.js";

const BUILDING = 1000; // ms between looks
const STILL = 10_000;
const STALLED = 120; // seconds without a step

export class Indexes extends Section {
  #indexes = [];
  /** @type {Map<string, {missing: number, at: number, moved: number, from: number}>} how far each was when it was first seen, and when it moved last */
  #seen = new Map();
  /** @type {Set<string>} being compared or promoted from here */
  #busy = new Set();

  constructor(api, around) {
    super(api, around);
    const actions = { compare: (index) => this.#compare(index), promote: (index) => this.#promote(index), force: (index) => this.#force(index), rollback: (index) => this.#rollback(index), remove: (index) => this.#remove(index) };
    this.rows = new Rows("Index versions", (index) => indexCard(index, actions), ({ name }) => name);
    this.removed = el("ul", { class: "admin-removed" });
    this.old = el("details", { hidden: true }, el("summary", {}, "Removed versions"), this.removed);
    this.begin = el("button", { class: "button primary", onclick: () => this.#build() }, icon("plus"), "Build a new version");
  }

  async look() {
    return (await this.get("/api/indexes")).indexes;
  }

  pause() {
    return this.#busy.size || this.#indexes.some(({ state, missing }) => state === "building" && missing) ? BUILDING : STILL;
  }

  draw(indexes) {
    for (const index of indexes) this.#tell(index, this.#indexes.find(({ name }) => name === index.name));
    this.#indexes = indexes;
    const kept = indexes.filter(({ state }) => state !== "removed");
    const previous = latest(kept.filter(({ state }) => state === "standby"))?.name;
    const removed = indexes.filter(({ state }) => state === "removed");
    if (!this.rows.node.isConnected) this.body.replaceChildren(el("p", {}, "Another embedder, or chunks of another size, need another index. It is built beside the live one; questions go on meanwhile."), el("p", { class: "admin-actions" }, this.begin), this.rows.node, this.old);
    this.begin.disabled = kept.some(({ state }) => state === "building");
    this.rows.show(kept.reverse().map((index) => ({ ...index, ...this.#progress(index), previous: index.state === "live" ? previous : undefined, isBusy: this.#busy.has(index.name) })));
    this.old.hidden = !removed.length;
    this.removed.replaceChildren(...removed.map(({ name, changed_at }) => el("li", {}, el("code", {}, name), ` removed ${at(changed_at)}`)));
  }

  /** How long it still takes, by how fast it went since it was first seen here. */
  #progress({ name, state, missing }) {
    if (state !== "building" || !missing) return {};
    const now = performance.now() / 1000;
    const seen = this.#seen.get(name);
    if (!seen || missing > seen.from) {
      this.#seen.set(name, { from: missing, at: now, missing, moved: now });
      return {};
    }
    if (missing !== seen.missing) Object.assign(seen, { missing, moved: now });
    if (now - seen.moved > STALLED) return { stalled: Math.floor((now - seen.moved) / 60) };
    const done = seen.from - missing;
    return done ? { seconds: Math.ceil(((seen.moved - seen.at) * missing) / done) } : {};
  }

  #tell(index, before) {
    if (before?.state === "building" && before.missing && index.state === "building" && !index.missing) {
      this.around.announce(`${versionOf(index.name)} is filled: it can be compared and promoted.`);
    }
  }

  #build() {
    const number = (label, name, min, max, hint) => field(label, { name, type: "number", min, max, inputmode: "numeric" }, hint);
    return askFor({
      heading: "Build a new version",
      words: "What is left empty is as the host's settings say. It costs embedding all documents once, and the space of a second index.",
      fields: [
        field("Embedder", { name: "embedder", maxlength: 200 }, "e5, minilm, or azure_openai: and a deployment"),
        number("Dimension", "dimension", 64, 4096, "Of an Azure OpenAI deployment only"),
        number("Longest chunk, in characters", "chunk_chars", 200, 8000),
        number("Overlap of chunks, in characters", "chunk_overlap", 0, 1000),
      ],
      action: "Begin to build",
      submit: async ({ embedder, ...numbers }) => {
        const given = Object.entries(numbers).filter(([, value]) => value !== "");
        const json = { ...(embedder && { embedder }), ...Object.fromEntries(given.map(([name, value]) => [name, Number(value)])) };
        const { name } = await this.send("POST", "/api/indexes", json);
        this.around.announce(`${versionOf(name)} is being built.`);
      },
    }).then((isDone) => isDone && this.refresh());
  }

  #compare({ name }) {
    return this.#atLength(name, async () => {
      const { refusal } = await this.send("POST", `${pathOf(name)}/gate`, {});
      this.around.announce(refusal ? `${versionOf(name)} must not be promoted: ${refusal}` : `${versionOf(name)} may be promoted.`);
    });
  }

  async #promote({ name }) {
    const words = "It is compared with the live version first, by questions that people asked; that may take three minutes. If it is as good, questions are answered from it at once. The version before is kept for a while, so that you can roll back.";
    if (!(await this.#sure(`Promote ${versionOf(name)}?`, words, "Compare and promote", "primary"))) return;
    await this.#atLength(name, () => this.send("POST", `${pathOf(name)}/promote`), `${versionOf(name)} is live.`);
  }

  async #force({ name, gate }) {
    const words = `The comparison refuses it: ${gate.refusal}. Answers will be worse, or documents missing in them, until you roll back.`;
    if (!(await this.#sure(`Promote ${versionOf(name)} all the same?`, words, "Promote anyway"))) return;
    await this.#atLength(name, () => this.send("POST", `${pathOf(name)}/promote?force=true`), `${versionOf(name)} is live.`);
  }

  async #rollback({ previous }) {
    if (!(await this.#sure(`Roll back to ${versionOf(previous)}?`, "Questions are answered from it at once. It was kept filled, so nothing that was uploaded since is missing.", "Roll back"))) return;
    await this.change(() => this.send("POST", "/api/indexes/rollback"), `${versionOf(previous)} is live.`);
  }

  async #remove({ name, chunks }) {
    if (!(await this.#sure(`Remove ${versionOf(name)}?`, `Its ${whole(chunks)} passages go with it; it would have to be built anew. Documents and the live index stay.`, "Remove"))) return;
    await this.change(() => this.send("DELETE", pathOf(name)), `${versionOf(name)} is removed.`);
    this.begin.focus();
  }

  #sure(heading, words, action, look = "danger") {
    return askFor({ heading, words, action, look, submit: async () => {} });
  }

  /** What takes a while shows that it is under way. */
  async #atLength(name, action, done) {
    this.#busy.add(name);
    this.refresh();
    await this.change(() => action().finally(() => this.#busy.delete(name)), done);
  }
}

function latest(indexes) {
  return indexes.reduce((last, each) => (!last || each.changed_at > last.changed_at ? each : last), undefined);
}

function pathOf(name) {
  return `/api/indexes/${encodeURIComponent(name)}`;
}
