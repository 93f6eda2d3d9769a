/**
 * Loads what fits of the documents, a page after the other. Used by view.
 *
 * @typedef {import("../types.d.ts").Document} Document
 * @typedef {{statuses: string[], text: string, prefix: string, tag: string}} Wanted
 */

const MOST = 500; // documents that one request may bring
const PAGE = 100;
const SEARCHED = 20; // requests that a search by name takes at most: the API narrows by folder, tag and state only

/**
 * @param {import("../api.js").Api} api @param {Wanted} wanted @param {number} pages
 * @returns {Promise<{documents: Document[], hasMore: boolean, isPartial?: boolean}>}
 */
export async function load(api, { statuses, text, prefix, tag }, pages) {
  const most = text ? SEARCHED * MOST : pages * PAGE;
  const narrowed = (statuses.length ? statuses : [""]).map((status) => ({ status, prefix, tag }));
  const lists = await Promise.all(narrowed.map((each) => some(api, each, most)));
  const all = lists.flatMap(({ documents }) => documents);
  if (lists.length > 1) all.sort((one, other) => (one.name < other.name ? -1 : 1));
  const isPartial = lists.some(({ next }) => next !== null);
  if (!text) return { documents: all.slice(0, most), hasMore: isPartial || all.length > most };
  const fitting = all.filter(({ name, title }) => plain(`${name}\n${title}`).includes(plain(text)));
  return { documents: fitting.slice(0, pages * PAGE), hasMore: fitting.length > pages * PAGE, isPartial };
}

async function some(api, narrowed, most) {
  const documents = [];
  let next = null;
  do {
    const limit = String(Math.min(most - documents.length, MOST));
    const page = await api.documents({ ...narrowed, limit, after: next });
    documents.push(...page.documents);
    next = page.next;
  } while (next !== null && documents.length < most);
  return { documents, next };
}

function plain(text) {
  return text.normalize("NFKC").toLowerCase();
}
