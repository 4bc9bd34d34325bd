// The address carries the whole view, so that a link shows somebody else the same.
import { say } from "../shared/texts.js";
import { plane } from "./figure.js";
import { tools } from "./hooks.js";
import * as link from "./link.js";
import { dimensions, model, names, others } from "./models.js";
import { isShown, notify } from "./page.js";
import { setLatent } from "./picture.js";
import { latentHere } from "./place.js";
import { project } from "./plane.js";
import { change, state } from "./state.js";

const PAUSE = 250; // milliseconds from a change to the address
let remembering = 0;

export function remember() {
  clearTimeout(remembering);
  remembering = setTimeout(() => {
    if (!isShown()) return;
    const url = new URL(location.href);
    for (const [key, text] of Object.entries(link.write({ ...state, z: state.z && latentHere() }))) {
      if (text === null) url.searchParams.delete(key);
      else url.searchParams.set(key, text);
    }
    history.replaceState(history.state, "", url);
  }, PAUSE);
}

/** The link to this view, when the address has it. @returns {Promise<string>} */
export function linkHere() {
  remember();
  return new Promise((resolve) => setTimeout(() => resolve(location.href), PAUSE + 50));
}

const query = () => new URLSearchParams(location.search);

/** The model that a link names, known or not. */
export const named = () => query().get("model");

/** Which map the address opens. */
export function target() {
  const found = link.target(query(), names());
  if (found.problem) notify(say(`link.${found.problem}`));
  return found;
}

/** What the address says beyond that; once, when the first map is shown. */
export function restore() {
  const { values, damaged } = link.read(query(), {
    dimensions: dimensions(),
    classes: model().class_names.length,
    variational: model().variational,
    tools: [...tools.keys()],
    others: [...others().map(({ name }) => name), "tsne"],
    project: (z) => (z.length === 2 ? z : project(z, plane)),
  });
  const { z, ...rest } = values;
  if (z) setLatent(z);
  change(rest);
  if (damaged.length) notify(say("link.view", { what: damaged.join(", ") }));
}
