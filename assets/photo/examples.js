import { fill, load } from "../shared/texts.js";

/**
 * A row of thumbnails; one that is clicked is chosen.
 *
 * @param {import("../shared/component.js").Mounted<{}>} mounted
 */
export async function mount({ element, trigger }) {
  await load();
  fill(element);
  for (const button of element.querySelectorAll("button")) {
    button.onclick = () => trigger("choose", { name: button.dataset.name });
    button.disabled = false;
  }
}
