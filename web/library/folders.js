/** The files in what was chosen or dropped, with the path that each has in its folder. Used by uploads. */

const JUNK = /(^|\/)(\.[^/]*|Thumbs\.db|desktop\.ini|__MACOSX)(\/|$)/; // what computers leave in folders

/**
 * @param {(File | FileSystemEntry)[]} items folders as entries
 * @returns {Promise<{files: {file: File, name: string}[], hidden: number}>} `hidden`: how many were left out
 */
export async function filesIn(items) {
  const found = (await Promise.all(items.map(within))).flat().map(({ file, name }) => ({ file, name: name.normalize() }));
  const files = found.filter(({ name }) => !(name.includes("/") && JUNK.test(name)));
  return { files, hidden: found.length - files.length };
}

/** @param {File | FileSystemEntry} item @returns {Promise<{file: File, name: string}[]>} */
async function within(item) {
  if (item instanceof File) return [{ file: item, name: item.webkitRelativePath || item.name }];
  const name = item.fullPath.slice(1);
  if (item.isFile) return [{ file: await asked((take, fail) => item.file(take, fail)), name }];
  return (await Promise.all((await entriesOf(item)).map(within))).flat();
}

/** @param {FileSystemDirectoryEntry} folder */
async function entriesOf(folder) {
  const reader = folder.createReader();
  const entries = [];
  for (let some = [null]; some.length; entries.push(...some)) {
    some = await asked((take, fail) => reader.readEntries(take, fail)); // a hundred at a time
  }
  return entries;
}

/** What an API from before promises answers. */
function asked(ask) {
  return new Promise((resolve, reject) => ask(resolve, reject));
}
