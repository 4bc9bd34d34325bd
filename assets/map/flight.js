// The cursor on its way to a test point.
import { remember } from "./address.js";
import { bringIntoView } from "./axes.js";
import { at, points } from "./figure.js";
import { pick } from "./picked.js";
import { moveTo } from "./picture.js";
import { state } from "./state.js";

const SECONDS = 0.45;
let flight = 0;

/** A hand on the map ends a flight, and so does whatever else moves the cursor elsewhere. */
export function endFlight() {
  flight += 1;
}

/** @param {number} row */
export function fly(row) {
  const mine = ++flight;
  const from = [state.x, state.y];
  const to = at(row);
  const begin = performance.now();
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const { point, z } = state;
  bringIntoView(to);
  const step = () => {
    if (mine !== flight) return;
    const share = still ? 1 : Math.min((performance.now() - begin) / (1000 * SECONDS), 1);
    const eased = share * share * (3 - 2 * share);
    if (share < 1) {
      const between = from.map((value, i) => value + (to[i] - value) * eased);
      moveTo(between, point, performance.now(), z);
      requestAnimationFrame(step);
      return;
    }
    moveTo(to, points.index[row]);
    pick();
    remember();
  };
  step();
}
