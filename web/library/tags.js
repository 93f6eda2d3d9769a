/** The tags that documents are filed under: shown, added and removed in a dialog. Loaded by actions on first use. */

import { fileName } from "../answer.js";
import { changeDocument } from "../changes.js";
import { EntriesDialog } from "./entries.js";

/**
 * @param {import("../types.d.ts").Document[]} documents @param {import("../api.js").Api} api
 * @param {import("../types.d.ts").Document[]} listed whose tags are offered
 */
export async function tag(documents, api, listed) {
  const current = await Promise.all(documents.map(({ id }) => api.document(id)));
  const change = async (edit) => {
    for (const [index, { id, tags }] of current.entries()) {
      current[index] = await changeDocument(api, id, { tags: [...new Set(edit(tags))] });
    }
  };
  const count = (value) => current.filter(({ tags }) => tags.includes(value)).length;
  await new EntriesDialog({
    heading: current.length === 1 ? `Tags of ${fileName(current[0].name)}` : `Tags of ${current.length} documents`,
    words: "Choose a tag in the list to see only what is filed under it. Whoever may read a document sees its tags.",
    label: "Tag, or several with commas between",
    none: "No tags yet.",
    suggestions: distinct(listed),
    entries: () =>
      distinct(current).map((value) => ({
        value,
        words: value,
        detail: count(value) < current.length ? `${count(value)} of ${current.length}` : "",
      })),
    add: async (typed) => {
      const added = typed.split(",").map((word) => word.trim().toLowerCase()).filter(Boolean);
      await change((tags) => [...tags, ...added]);
      return `Filed under ${added.join(", ")}.`;
    },
    remove: async ({ value }) => {
      await change((tags) => tags.filter((each) => each !== value));
      return `No longer filed under ${value}.`;
    },
  }).open();
}

function distinct(documents) {
  return [...new Set(documents.flatMap(({ tags }) => tags))].sort((one, other) => one.localeCompare(other));
}
