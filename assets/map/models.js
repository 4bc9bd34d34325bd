// The maps there are, in the visitor's words: what their checkpoints say of them, where there is a text for it.
import { sayIf, spoken } from "../shared/texts.js";
import { state } from "./state.js";

/**
 * @typedef {object} Model as ui/map/component.py's `introduce` has it
 * @property {string} name
 * @property {string} title
 * @property {string} teaches
 * @property {string} data
 * @property {string[]} class_names
 * @property {boolean} variational
 * @property {number[]} order latent dimensions, by falling variance
 * @property {number[]} variance of each dimension
 * @property {number[]} mean
 * @property {boolean[]} active
 * @property {(number[] | null)[]} centroids of the classes; null: of none of its test points
 */

/** @type {Map<string, Model>} */
const known = new Map();

/** @type {Model[]} those that ship, in their order */
export const shipped = [];

/** @param {Model} model @returns {Model} */
const inWords = (model) => ({
  ...model,
  title: sayIf(`model.${model.name}.title`, model.title),
  teaches: sayIf(`model.${model.name}.teaches`, model.teaches),
  class_names: model.class_names.map((name) => sayIf(`class.${model.data}.${name}`, name)),
});

/** @param {Model[]} models */
export function introduce(models) {
  shipped.push(...models.map(learn));
}

/** A model is known from here on. @param {Model} model */
export function learn(model) {
  const told = inWords(model);
  known.set(model.name, told);
  return told;
}

/** @param {string} name */
export const isKnown = (name) => known.has(name);
export const names = () => [...known.keys()];

/** One that is known; the one that is shown unless another is named. */
export const model = (name = state.model) => /** @type {Model} */ (known.get(name));
export const dimensions = () => model().order.length;

/** Maps of the same test images as the one that is shown. */
export const others = () => shipped.filter(({ name, data }) => name !== state.model && data === model().data);

/** Data set and the rest of a title. @param {Model} of */
export const titleParts = ({ title }) => title.split(/, |，/);

/** @param {number} label */
export const className = (label) => model().class_names[label];

/** What the server calls a class, in the page's words. @param {string} name */
export const inClass = (name) => sayIf(`class.${model().data}.${name}`, name);

/** In English "a bag", "an ankle boot", but "a 7" and "an 8"; elsewhere the bare name. @param {string} name */
export function named(name) {
  if (spoken() !== "en") return name;
  return `${/^[aeio8]/i.test(name) ? "an" : "a"} ${/^T-/.test(name) ? name : name.toLowerCase()}`;
}

/** Where distances are measured: what the texts about them end with. */
export const distanceSpace = () => (dimensions() === 2 ? "on-map" : "in-all");
