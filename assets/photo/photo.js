import { floats } from "../shared/bytes.js";

/**
 * What the server says of a photo: `describe` of explorer/ui/photo/view.py. Pictures are URLs.
 *
 * @typedef {{ picture: string, low: number, high: number, mean: number, std: number, min: number, max: number }} Drawn
 * @typedef {import("./cells.js").Cell & { picture: string, reach: string }} Influence where a cell reaches, in pixels
 * @typedef {object} Answer
 * @property {string} key another one for another photo
 * @property {number} width
 * @property {number} height
 * @property {number} step the pixels that a cell stands for, across
 * @property {number} rows
 * @property {number} columns
 * @property {boolean} has_photo
 * @property {boolean} has_deviation
 * @property {boolean} deviation is what the channels show
 * @property {Drawn[]} channels
 * @property {string[]} scale the colours of the channels' pictures
 * @property {string} latents base64 of (channels, rows, columns) float32
 * @property {string} preview
 * @property {string} preview_share percent
 * @property {string} [photo] only of a new one
 * @property {string} [reconstruction] only where it is another one, as the next two
 * @property {string} [error]
 * @property {string} [error_high]
 * @property {Influence | null} [influence]
 *
 * @typedef {Answer & { values: Float32Array }} Photo
 */

/**
 * @param {Answer} answer
 * @returns {Photo}
 */
export const read = (answer) => ({ ...answer, values: floats(answer.latents) });

/**
 * How many cells the photo shows: it may end within its last ones, whose other pixels are padding.
 *
 * @param {Pick<Answer, "width" | "height" | "step">} photo
 */
export const inPhoto = ({ width, height, step }) => ({ rows: height / step, columns: width / step });
