import { contextOf } from "../shared/canvas.js";
import { make } from "../shared/dom.js";
import { decimal } from "../shared/numbers.js";
import { say } from "../shared/texts.js";
import { boxOf, cellAt, isSame, latentAt, moved } from "./cells.js";
import { inPhoto } from "./photo.js";

/**
 * @typedef {import("../shared/dom.js").Part} Part
 * @typedef {import("./cells.js").Cell} Cell
 * @typedef {import("./cells.js").Grid} Grid
 * @typedef {import("./photo.js").Photo} Photo
 */

/** The same cell marked in the photo and in every channel, its pixels and its numbers beside it. */
export class Pointing {
  /** @type {Cell | null} */
  #cell = null;
  /** @type {Photo | null} */
  #photo = null;
  #source = new Image(); // the photo at full size, whatever the frame shows

  /**
   * @param {Part} part
   * @param {(cell: Cell) => void} clicked
   */
  constructor(part, clicked) {
    this.part = part;
    this.clicked = clicked;
    this.root = part("root");
    this.listen(part("frame"));
  }

  /** @param {Photo} photo */
  draw(photo) {
    this.#photo = photo;
    const influence = this.part("influence", HTMLImageElement);
    if (photo.influence) influence.src = photo.influence.picture;
    influence.hidden = !photo.influence;
    if (this.#cell) this.#point(this.#cell, photo);
  }

  /**
   * Nothing is pointed at in a new photo.
   *
   * @param {string} original
   */
  forget(original) {
    this.#cell = null;
    for (const marker of this.#markers(".cell")) marker.hidden = true;
    this.#source.remove();
    this.#source = make("img", { src: original, hidden: true });
    this.#source.dataset.role = "source";
    this.root.append(this.#source);
  }

  /** @param {HTMLElement} box of a picture */
  listen(box) {
    box.onpointermove = (event) => this.#follow(event, box);
    box.onclick = (event) => {
      this.#follow(event, box);
      if (this.#cell) this.clicked(this.#cell);
    };
    box.onkeydown = (event) => {
      if (!this.#photo) return;
      const next = moved(this.#cell, event.key, this.#photo);
      if (next) this.#point(next, this.#photo);
      else if (event.key === "Enter" && this.#cell) this.clicked(this.#cell);
      else return;
      event.preventDefault();
    };
  }

  /**
   * @param {MouseEvent} event
   * @param {HTMLElement} box
   */
  #follow(event, box) {
    if (!this.#photo) return;
    const shown = box.dataset.role === "frame" ? inPhoto(this.#photo) : this.#photo;
    this.#point(cellAt(event, box.getBoundingClientRect(), shown, this.#photo), this.#photo);
  }

  /**
   * @param {Cell} cell
   * @param {Photo} photo
   */
  #point(cell, photo) {
    this.#cell = cell;
    mark(this.part("cell"), cell, inPhoto(photo));
    for (const marker of this.#markers(".channel .cell")) mark(marker, cell, photo);
    const [x, y] = [cell.column * photo.step, cell.row * photo.step];
    const numbers = latentAt(photo.values, cell, photo).map((value) => decimal(value, 2));
    const reading = say("photo.reading", { ...cell, x, y, numbers: numbers.join("  ") });
    const reach = photo.influence && isSame(cell, photo.influence) ? photo.influence.reach : null;
    this.part("reading").textContent = reach === null ? reading : `${reading} · ${say("photo.influence", { reach })}`;
    this.#drawPatch(x, y, photo.step);
    this.part("influence").hidden = reach === null;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} side
   */
  #drawPatch(x, y, side) {
    const canvas = this.part("patch", HTMLCanvasElement);
    Object.assign(canvas, { width: side, height: side });
    if (!this.#source.complete || !this.#source.naturalWidth) return;
    contextOf(canvas).drawImage(this.#source, x, y, side, side, 0, 0, side, side);
  }

  /**
   * @param {string} selector
   * @returns {NodeListOf<HTMLElement>}
   */
  #markers(selector) {
    return this.root.querySelectorAll(selector);
  }
}

/**
 * @param {HTMLElement} marker
 * @param {Cell} cell
 * @param {Grid} shown
 */
function mark(marker, cell, shown) {
  marker.hidden = false;
  for (const [side, share] of Object.entries(boxOf(cell, shown))) marker.style.setProperty(side, `${share * 100}%`);
}
