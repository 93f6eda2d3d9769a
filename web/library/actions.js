/** What is done with documents. Loaded by documents when somebody first does anything but read. */

import { styles } from "../lazy.js";

/**
 * @typedef {import("../types.d.ts").Document} Document
 * @typedef {import("../documents.js").Documents} Library
 */

/** @param {Library} library @param {(File | FileSystemEntry)[]} items */
export async function add(library, items) {
  await library.settle(); // else what is being deleted would take with it the file that has its name now
  if (!library.uploads) {
    const [{ Uploads }] = await Promise.all([import("./uploads.js"), styles("/chat/library/uploads.css")]);
    library.uploads = new Uploads(library.uploading, library.api, {
      accepted: (uploaded) => library.accepted(uploaded),
      announce: library.around.announce,
    });
  }
  await library.uploads.add(items, library.view?.target ?? "");
}

/** @param {Library} library @param {Document[]} documents */
export async function share(library, documents) {
  await (await import("./share.js")).share(documents, library.api);
}

/** @param {Library} library @param {Document[]} documents */
export async function tag(library, documents) {
  await (await import("./tags.js")).tag(documents, library.api, library.shown);
}

/** @param {Library} library @param {Document[]} documents */
export async function remove(library, documents) {
  await (await import("./remove.js")).remove(documents, library);
}
