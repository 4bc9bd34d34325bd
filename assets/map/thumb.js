// A small picture that can be clicked.
import { paint } from "../shared/canvas.js";
import { make } from "../shared/dom.js";

/**
 * @param {{ pixels: Uint8Array, width: number, height: number }} picture
 * @param {string} title
 * @param {() => void} onclick
 * @param {string} caption
 */
export function thumb({ pixels, width, height }, title, onclick, caption) {
  const canvas = make("canvas");
  paint(canvas, pixels, width, height);
  const button = make("button", { type: "button", title, onclick }, canvas, make("small", {}, caption));
  button.setAttribute("aria-label", title);
  return button;
}
