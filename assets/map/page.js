// What Gradio hands over, and the parts of the map's markup.
import { partsOf } from "../shared/dom.js";

/** @typedef {import("../shared/component.js").Mounted<{ value: any, models: import("./models.js").Model[] }>} Component */

/** @typedef {HTMLElement & Record<string, any>} Plot plotly's own element, with what plotly adds to it */

/** @type {HTMLElement} */
export let element;
/** @type {Component["props"]} */
export let props;
/** @type {Component["trigger"]} */
export let trigger;
/** @type {import("../shared/dom.js").Part} */
export let part;
/** @type {HTMLElement} */
export let root;
/** @type {Plot} */
export let plot;
/** @type {HTMLElement} what takes pointer and keys, over the plot */
export let pad;
/** @type {URL} where our routes are */
export let base;

/** @param {Component} component */
export function attach(component) {
  ({ element, props, trigger } = component);
  part = partsOf(element);
  [root, plot, pad] = ["root", "plot", "pad"].map((role) => part(role));
  base = new URL("gradio_api/explorer/", document.baseURI);
}

/** Whether a map is shown, and not what takes its place while it comes. */
export const isShown = () => part("veil").hidden;

/** A sentence above the map; none to take it away. @param {string} sentence */
export function notify(sentence) {
  part("notice").textContent = sentence;
  part("notice").hidden = !sentence;
}
