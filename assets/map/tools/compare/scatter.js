// A light map of points on a canvas, for what stands beside the main one: it neither zooms nor pans.
import { blank } from "../../../shared/canvas.js";
import { nearest } from "../../../shared/points.js";
import { isVisible } from "../../axes.js";
import { colours, points } from "../../figure.js";
import { round } from "../../plane.js";

const EDGE = 18; // pixels around the outermost points
const MANY = 2000; // points that are drawn smaller

export class Scatter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    /** x and y of each test point, by its index in the test set */
    this.places = new Float32Array(0);
    /** @typedef {import("../../figure.js").Points} Points */
    /** @type {{ of: Points, x: Float32Array, y: Float32Array } | null} the same, a row for each of the map's points */
    this.rows = null;
    /** @type {ReadonlySet<number> | null} indices that stand out */
    this.chosen = null;
    this.middle = [0, 0];
    this.extent = [1, 1];
    this.scale = 1;
    /** @type {[number, number] | null} of what is drawn */
    this.size = null;
  }

  /** @param {Float32Array<ArrayBuffer>} places */
  show(places) {
    this.places = places;
    this.rows = null;
    const sorted = [0, 1].map((from) => places.filter((_, i) => i % 2 === from).sort());
    this.middle = sorted.map((values) => (values[0] + values[values.length - 1]) / 2);
    this.extent = sorted.map((values) => values[values.length - 1] - values[0] || 1);
    this.draw();
  }

  /** As pixels: where zero lies, and one unit. @returns {[number, number][]} */
  axes() {
    const [width, height] = this.size ?? [0, 0];
    return [
      [width / 2 - this.middle[0] * this.scale, this.scale],
      [height / 2 + this.middle[1] * this.scale, -this.scale],
    ];
  }

  /** @param {number[]} place */
  toPixels(place) {
    return this.axes().map(([zero, unit], i) => zero + unit * place[i]);
  }

  /** @param {number[]} pixels */
  toPlace(pixels) {
    return this.axes().map(([zero, unit], i) => round((pixels[i] - zero) / unit));
  }

  /** @param {number} index */
  at(index) {
    return [this.places[2 * index], this.places[2 * index + 1]];
  }

  /** Laid out once for all moves of a pointer over the same points. */
  inRows() {
    if (this.rows?.of !== points) {
      const [x, y] = [0, 1].map((i) => Float32Array.from(points.index, (index) => this.places[2 * index + i]));
      this.rows = { of: points, x, y };
    }
    return this.rows;
  }

  draw() {
    if (!this.places.length || !this.canvas.clientWidth) return;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.size = [width, height];
    this.scale = Math.min(...this.extent.map((extent, i) => ([width, height][i] - 2 * EDGE) / extent));
    const context = blank(this.canvas, width, height);
    const side = points.index.length > MANY ? 3 : 5;
    const [[x0, dx], [y0, dy]] = this.axes();
    points.index.forEach((index, row) => {
      if (!isVisible(row)) return;
      context.fillStyle = colours[points.label[row]];
      context.globalAlpha = this.chosen ? (this.chosen.has(index) ? 1 : 0.08) : 0.72;
      const [x, y] = this.at(index);
      context.fillRect(x0 + dx * x - side / 2, y0 + dy * y - side / 2, side, side);
    });
  }

  /** The index of the test point nearest to a pixel; or -1. @param {number[]} pixels */
  nearest(pixels, radius = Infinity) {
    const { x, y } = this.inRows();
    return points.index[nearest(x, y, this.axes(), pixels, radius, isVisible)] ?? -1;
  }
}
