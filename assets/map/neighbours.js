// The test points nearest to a latent, as small pictures that lead there.
import { images } from "../shared/bytes.js";
import { decimal } from "../shared/numbers.js";
import { say } from "../shared/texts.js";
import { rowOf } from "./figure.js";
import { fly } from "./flight.js";
import { inClass } from "./models.js";
import { thumb } from "./thumb.js";

export const NEIGHBOURS = 6; // that are asked for

/**
 * @typedef {object} Near as the server tells of them
 * @property {{ point: number, label: string, distance: number, xy: number[] }[]} near
 * @property {string | null} originals base64 of grey bytes; null: there are reconstructions only
 * @property {string} pixels
 * @property {number[]} shape
 */

/** @param {Element} target @param {Near} told */
export function showNear(target, { near, originals, pixels, shape: [, height, width] }) {
  const shown = images({ shape: [height, width], pixels: originals ?? pixels });
  const thumbs = near.map(({ point, label, distance: away }, i) => {
    const name = inClass(label);
    const distance = decimal(away, 2);
    const title = say("point.near.title", { name, point, distance });
    const go = () => {
      const row = rowOf(point);
      if (row >= 0) fly(row);
    };
    const made = thumb({ pixels: shown[i], width, height }, title, go, `${name} ${distance}`);
    made.dataset.point = String(point);
    return made;
  });
  target.replaceChildren(...thumbs);
}
