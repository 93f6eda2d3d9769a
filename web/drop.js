/** Files dropped on the page. Used by documents. */

/**
 * @param {HTMLElement} area @param {(files: File[]) => void} take @param {(text: string) => void} announce
 */
export function takeDrops(area, take, announce) {
  let depth = 0; // drag events come for every element on the way
  const shade = (change) => {
    depth = Math.max(0, change ? depth + change : 0);
    area.classList.toggle("is-dropping", depth > 0);
  };
  const listen = (name, act) =>
    area.addEventListener(name, (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      act(event);
    });
  listen("dragenter", () => shade(1));
  listen("dragover", () => {});
  listen("dragleave", () => shade(-1));
  listen("drop", (event) => {
    shade(0);
    const items = Array.from(event.dataTransfer?.items ?? []);
    const files = items.flatMap((item) => (item.webkitGetAsEntry()?.isDirectory ? [] : item.getAsFile() ?? []));
    if (files.length < items.length) announce("Folders are left out: drop the files in them.");
    take(files);
  });
}
