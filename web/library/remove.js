/** Deletes documents, which can be brought back for some seconds. Loaded by actions on the first deletion. */

import { fileName } from "../answer.js";
import { deleteDocument } from "../changes.js";
import { undoable } from "../undo.js";

const AT_ONCE = 4;

/** @param {import("../types.d.ts").Document[]} documents @param {import("../documents.js").Documents} library */
export async function remove(documents, library) {
  const { api, around, list, going } = library;
  await api.session.token(); // one that is still good when the page goes away
  const ids = documents.map(({ id }) => id);
  const next = list.after(ids);
  const settled = () => {
    for (const id of ids) going.delete(id);
  };
  const deletion = undoable({
    words: documents.length === 1 ? `Deleted ${fileName(documents[0].name)}.` : `Deleted ${documents.length} documents.`,
    announce: around.announce,
    undo: () => {
      settled();
      library.draw();
      list.focus(ids[0]);
    },
    commit: async (keepalive) => {
      try {
        await inTurn(ids, keepalive ? ids.length : AT_ONCE, (id) => deleteDocument(api, id, keepalive));
        settled();
        await library.refresh();
      } catch (error) {
        settled();
        library.draw();
        library.trouble(error);
      }
    },
  });
  for (const id of ids) {
    going.set(id, deletion);
    around.removed(id);
  }
  library.draw();
  if (next) list.focus(next);
  else library.heading.focus();
}

/** @param {string[]} ids @param {number} atOnce @param {(id: string) => Promise<void>} act */
async function inTurn(ids, atOnce, act) {
  const left = [...ids];
  const worker = async () => {
    while (left.length) await act(left.shift());
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, ids.length) }, worker));
}
