// Shares as labelled bars.
import { make } from "../shared/dom.js";
import { colours } from "./figure.js";
import { className } from "./models.js";

/** @typedef {[name: string, share: number, colour?: string]} Share */

/**
 * @param {Element} target
 * @param {Share[]} shares the largest first
 * @param {(share: number) => string} written
 */
export function bars(target, shares, written = (share) => `${Math.round(100 * share)} %`) {
  const largest = Math.max(...shares.map(([, share]) => share), 1e-9);
  const rows = shares.map(([name, share, colour]) => {
    const bar = make("b");
    bar.style.width = `${(100 * share) / largest}%`;
    if (colour) bar.style.background = colour;
    return make("div", {}, make("span", {}, name), make("i", {}, bar), make("span", {}, written(share)));
  });
  target.replaceChildren(...rows);
}

/** The classes with the largest shares. @param {number[]} classes a share each @returns {Share[]} */
export function likeliest(classes, count = 3) {
  const all = classes.map((share, label) => /** @type {Share} */ ([className(label), share, colours[label]]));
  return all.sort((a, b) => b[1] - a[1]).slice(0, count);
}
