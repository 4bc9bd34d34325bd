import { buttons, press } from "../shared/dom.js";
import { say } from "../shared/texts.js";

/**
 * @typedef {import("../shared/dom.js").Part} Part
 * @typedef {import("./photo.js").Photo} Photo
 */

const NAMES = /** @type {const} */ (["photo", "reconstruction", "error", "preview"]);
const FLICKER = 450; // milliseconds

/** The large picture: the photo, its reconstruction, where they differ, or the linear map. */
export class Layers {
  #chosen = "photo";
  #flickering = 0;
  /** @type {Record<string, string>} */
  #pictures = {};
  /** @type {Photo | null} */
  #photo = null;

  /** @param {Part} part */
  constructor(part) {
    this.part = part;
    this.shown = part("shown", HTMLImageElement);
    for (const button of buttons(part("layers"))) button.onclick = () => this.#choose(button.dataset.layer ?? "");
    part("flicker").onclick = () => this.#flicker();
  }

  get original() {
    return this.#pictures.photo;
  }

  /** @param {Photo} photo */
  draw(photo) {
    this.#photo = photo;
    for (const name of NAMES) this.#pictures[name] = photo[name] ?? this.#pictures[name];
    for (const button of buttons(this.part("layers"))) {
      if (button.dataset.layer === "photo") {
        button.textContent = say(photo.has_photo ? "photo.layer.photo" : "photo.layer.unedited");
      }
    }
    this.#show(this.#chosen);
  }

  /** @param {string} name */
  #show(name) {
    if (!this.#photo) return;
    const { width, height, error_high: high, preview_share: share } = this.#photo;
    Object.assign(this.shown, { src: this.#pictures[name], alt: say(`photo.shown.${name}`) });
    this.shown.dataset.layer = name;
    this.shown.classList.toggle("pixelated", name === "preview");
    this.shown.style.aspectRatio = `${width} / ${height}`;
    press(this.part("layers"), (button) => button.dataset.layer === name);
    const number = { error: high, preview: share }[name];
    const note = number === undefined ? "" : say(`photo.note.${name}`, { high: number, share: number });
    this.part("layer-note").textContent = note;
  }

  /** @param {string} name */
  #choose(name) {
    this.#chosen = name;
    if (this.#flickering) this.#flicker();
    this.#show(name);
  }

  #flicker() {
    const stops = Boolean(this.#flickering);
    clearInterval(this.#flickering);
    const other = () => (this.shown.dataset.layer === "photo" ? "reconstruction" : "photo");
    this.#flickering = stops ? 0 : setInterval(() => this.#show(other()), FLICKER);
    this.part("flicker").setAttribute("aria-pressed", String(!stops));
    if (stops) this.#show(this.#chosen);
  }
}
