// What a tool can be: an object of hooks, called with what happens on the map. What it shares with others is state.
import { state } from "./state.js";

/**
 * @typedef {object} Tool
 * @property {string} name of its panel, its tab and its texts
 * @property {string} icon an SVG path on 20 × 20, stroked
 * @property {() => void} [mount] once, when the page's parts are there
 * @property {() => void} [opened]
 * @property {() => void} [closed] another one is opened
 * @property {() => void} [shown] a map is drawn, with the cursor on it
 * @property {(model: boolean) => void} [cleared] another plane will be shown, or another model
 * @property {() => void} [viewed] the map was zoomed, panned or resized
 * @property {() => void} [moved] the cursor is elsewhere; once an animation frame
 * @property {(told: any) => void} [about] the server has told of the cursor's place
 * @property {(sentence: string) => void} [notAbout] or why it can't
 *
 * Of the open tool alone:
 * @property {(at: number[]) => boolean | void} [press] a pointer comes down; true: not to move the cursor
 * @property {(at: number[]) => boolean | void} [drag] and moves; true: as well
 * @property {(moved: boolean) => boolean | void} [lift] and goes up; true: it was no click
 * @property {(row: number) => void} [click] on a point's row, or -1
 * @property {() => void} [pen] the space bar
 * @property {() => void} [stepped] an arrow has moved the cursor
 */

/** @type {Map<string, Tool>} */
export const tools = new Map();

/** The one that is open. @returns {Tool} */
export const current = () => /** @type {Tool} */ (tools.get(state.tool));

/**
 * Call a hook of all tools.
 * @param {"shown" | "cleared" | "viewed" | "moved" | "about" | "notAbout"} hook
 * @param {any} [value]
 */
export function each(hook, value) {
  for (const tool of tools.values()) tool[hook]?.(value);
}
