// How strongly the points show: one value behind a slider in several panels.
import { isUnderlaid } from "./layers.js";
import { element, root } from "./page.js";

const [ALL, LESS] = [100, 60]; // percent

/** @returns {NodeListOf<HTMLInputElement>} */
const sliders = () => element.querySelectorAll('[data-look="points"]');

/** @param {number} percent */
function setOpacity(percent) {
  root.style.setProperty("--points", String(percent / 100));
  for (const slider of sliders()) slider.value = String(percent);
}

/** Points make room for what is drawn under them, unless the visitor has chosen. @param {boolean} on */
export function stepBack(on) {
  const now = Number(sliders()[0].value);
  if (on && now === ALL) setOpacity(LESS);
  if (!on && !isUnderlaid() && now === LESS) setOpacity(ALL);
}

export function mountOpacity() {
  for (const slider of sliders()) slider.oninput = () => setOpacity(Number(slider.value));
}
