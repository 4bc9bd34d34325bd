// The state as a link's query, and back. Nothing here knows the page.
import { KEYS, TABLE } from "./state.js";

/** @typedef {import("./state.js").State} State */
/** @typedef {import("./state.js").Fits} Fits */

const PLACED = ["model", "plane", "x", "y", "point"]; // what opens a map; `target` reads it

/**
 * What a link to this state says: key -> text, null where it says nothing.
 * @param {State} state
 * @returns {Record<string, string | null>}
 */
export function write(state) {
  /** @type {Record<string, string | null>} */
  const query = {};
  for (const key of KEYS) {
    const { link, kind, linked, default: usual } = /** @type {import("./state.js").Entry<any>} */ (TABLE[key]);
    if (!link || !kind) continue;
    const says = linked ? linked(state) : state[key] !== usual;
    query[link] = (says && kind.write(state[key])) || null;
  }
  return query;
}

/**
 * What a link says beyond which map and which place on it.
 * @param {URLSearchParams} query
 * @param {Fits} fits
 * @returns {{ values: Partial<State>, damaged: string[] }} damaged: keys whose values are none
 */
export function read(query, fits) {
  /** @type {Record<string, unknown>} */
  const values = {};
  const damaged = [];
  for (const key of KEYS) {
    const { link, kind } = /** @type {import("./state.js").Entry<any>} */ (TABLE[key]);
    const text = link && query.get(link);
    if (!text || !kind || PLACED.includes(key)) continue;
    try {
      values[key] = kind.read(text, fits);
    } catch {
      damaged.push(link);
    }
  }
  return { values, damaged };
}

/**
 * Which map a link opens, and where on it.
 * @typedef {{ x?: number, y?: number, point?: number | null, z?: number[] | null }} Place
 * @param {URLSearchParams} query
 * @param {string[]} models that there are, the first one to begin with
 * @returns {{ model: string, place?: Place, plane: string | null, problem?: "model" | "place" }}
 */
export function target(query, models) {
  const model = query.get("model") ?? models[0];
  if (!models.includes(model)) return { model: models[0], plane: null, problem: "model" };
  const [x, y, point] = ["x", "y", "point"].map((key) => (query.get(key)?.trim() ? Number(query.get(key)) : undefined));
  /** @param {number | undefined} value */
  const within = (value) => value === undefined || Math.abs(value) <= 1e6;
  const whole = point === undefined || (Number.isInteger(point) && point >= 0);
  if (!within(x) || !within(y) || !whole) return { model, plane: null, problem: "place" };
  const placed = [x, y, point].some((value) => value !== undefined);
  return { model, place: placed ? { x, y, point: point ?? null } : undefined, plane: query.get("plane") };
}
