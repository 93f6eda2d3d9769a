/** Files and folders dropped on the page; folders come as entries, to be read. Used by documents. */

/** @param {HTMLElement} area @param {(dropped: (File | FileSystemEntry)[]) => void} take */
export function takeDrops(area, take) {
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
    const dropped = Array.from(event.dataTransfer?.items ?? [], (item) => {
      const entry = item.webkitGetAsEntry(); // gone once the event is over
      return entry?.isDirectory ? entry : item.getAsFile();
    });
    take(dropped.filter(Boolean));
  });
}
