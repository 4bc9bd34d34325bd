// The models tab: a table that the server has written, in the page's language.
import { fill, load } from "../shared/texts.js";

/** @param {{ element: HTMLElement }} component */
export async function mount({ element }) {
  await load();
  fill(element);
}
