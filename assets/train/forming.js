import { blank } from "../shared/canvas.js";
import { make, style } from "../shared/dom.js";
import { between, cloudOf, middle, projection } from "./cloud.js";

/**
 * @typedef {import("./cloud.js").Cloud} Cloud
 * @typedef {{ labels: number[], class_names: string[], palette: string[] }} Classes of the test points; one colour each
 */

const MOVE = 260; // milliseconds, about as long as from one answer to the next

/** The test points on their way: a canvas that moves each from where it was to where it is. */
export class Forming {
  /** @type {Cloud | null} */
  #from = null;
  /** @type {Cloud | null} */
  #to = null;
  #since = 0;
  #drawing = 0;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Classes} classes
   * @param {MediaQueryList} still
   */
  constructor(canvas, classes, still) {
    this.canvas = canvas;
    this.classes = classes;
    this.still = still;
  }

  /**
   * @param {readonly number[]} points x and y in turn
   * @returns {number} how far across the map is
   */
  moveTo(points) {
    const to = cloudOf(points);
    this.#from = this.#now() ?? to;
    this.#to = to;
    this.#since = performance.now();
    this.#drawing ||= requestAnimationFrame(() => this.draw());
    return 2 * to.box[2];
  }

  forget() {
    this.#from = this.#to = null;
    this.canvas.getContext("2d")?.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  draw() {
    this.#drawing = 0;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const cloud = this.#now();
    if (!cloud || !width) return;
    const context = blank(this.canvas, width, height);
    const { place, origin } = projection(cloud, width, height);
    this.#drawAxes(context, origin, width, height);
    this.#drawPoints(context, place, Math.max(2.2, Math.min(width, height) / 130));
    this.#drawNames(context, place);
    if (this.#part() < 1) this.#drawing = requestAnimationFrame(() => this.draw());
  }

  #part() {
    return this.still.matches ? 1 : Math.min((performance.now() - this.#since) / MOVE, 1);
  }

  #now() {
    return this.#from && this.#to && between(this.#from, this.#to, this.#part());
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {[number, number]} origin
   * @param {number} width
   * @param {number} height
   */
  #drawAxes(context, [x, y], width, height) {
    Object.assign(context, { strokeStyle: style(this.canvas, "--border-color-primary"), lineWidth: 1 });
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height);
    context.moveTo(0, y);
    context.lineTo(width, y);
    context.stroke();
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {import("./cloud.js").Place} place
   * @param {number} radius
   */
  #drawPoints(context, place, radius) {
    const { labels, palette } = this.classes;
    context.globalAlpha = 0.8;
    for (const [i, label] of labels.entries()) {
      context.fillStyle = palette[label % palette.length];
      context.beginPath();
      context.arc(...place(i), radius, 0, 2 * Math.PI);
      context.fill();
    }
    context.globalAlpha = 1;
  }

  /**
   * Each class's name at its middle.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {import("./cloud.js").Place} place
   */
  #drawNames(context, place) {
    Object.assign(context, {
      font: "600 14px ui-sans-serif, system-ui, sans-serif",
      textAlign: "center",
      textBaseline: "middle",
      lineWidth: 4,
      lineJoin: "round",
      strokeStyle: style(this.canvas, "--background-fill-primary"),
      fillStyle: style(this.canvas, "--body-text-color"),
    });
    for (const [label, name] of this.classes.class_names.entries()) {
      const { x, y } = middle(this.classes.labels, label, place);
      context.strokeText(name, x, y);
      context.fillText(name, x, y);
    }
  }
}

/**
 * Each class's colour and name.
 *
 * @param {HTMLElement} legend
 * @param {Classes} classes
 */
export function drawLegend(legend, { class_names, palette }) {
  const colours = class_names.map((_, label) => palette[label % palette.length]);
  legend.append(
    ...class_names.map((name, label) => make("span", {}, make("i", { style: `background: ${colours[label]}` }), name)),
  );
}
