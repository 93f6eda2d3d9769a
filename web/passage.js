/**
 * Finds a cited snippet in the text of its document. Used by viewer.
 *
 * The snippet is of the parsed document, the text of the file: markup and spaces differ. So the longest run of
 * words that both have is the passage.
 */

const WORD = /[\p{L}\p{N}]+/gu;
const ENOUGH = 3; // words in a row, or all of a shorter snippet

/**
 * @param {string} text @param {string} snippet
 * @returns {{start: number, end: number} | null} offsets in the text
 */
export function findPassage(text, snippet) {
  const wanted = Array.from(snippet.matchAll(WORD), ([word]) => word.toLowerCase());
  const found = Array.from(text.matchAll(WORD));
  const runs = new Uint16Array(wanted.length + 1); // runs[j + 1]: words in common that end here and at wanted[j]
  let longest = 0;
  let last = -1;
  found.forEach(([word], index) => {
    const lower = word.toLowerCase();
    for (let j = wanted.length - 1; j >= 0; j -= 1) {
      runs[j + 1] = wanted[j] === lower ? runs[j] + 1 : 0;
      if (runs[j + 1] > longest) {
        longest = runs[j + 1];
        last = index;
      }
    }
  });
  if (longest === 0 || longest < Math.min(ENOUGH, wanted.length)) return null;
  const first = found[last - longest + 1];
  return { start: first.index, end: found[last].index + found[last][0].length };
}
