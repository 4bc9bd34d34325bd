// Which latent the cursor stands on. A map of more than two dimensions is a plane through its anchor.
import { plane, points, rowOf } from "./figure.js";
import { dimensions } from "./models.js";
import { latentAt } from "./plane.js";
import { state } from "./state.js";

/** @type {Map<number, number[]>} of test points that were picked */
export const pointLatents = new Map();

/** null while the picked point's latents are on their way */
function anchorHere() {
  return state.z ?? (state.point === null ? plane.origin : (pointLatents.get(state.point) ?? null));
}

export function latentHere() {
  if (dimensions() === 2) return [state.x, state.y];
  const anchor = anchorHere();
  return anchor && latentAt([state.x, state.y], anchor, plane);
}

/** Of the test point on which the cursor stands, not only through whose plane it moves; else -1. */
export function rowHere() {
  const row = state.point === null ? -1 : rowOf(state.point);
  return row >= 0 && state.x === points.x[row] && state.y === points.y[row] ? row : -1;
}

/** What every question about this map carries. */
export const subject = () => ({ model: state.model, ...(state.plane && { plane: state.plane }) });

/** Where the lattice and the heat map lie: null while it is not known yet. */
export function surface() {
  if (dimensions() === 2) return subject();
  const anchor = anchorHere();
  return anchor && { ...subject(), anchor };
}
