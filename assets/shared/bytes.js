/** @typedef {{ shape: number[], pixels: string }} PackedImages base64 of grey bytes, (..., H, W) */
/** @typedef {{ dtype: keyof typeof TYPES, bdata: string }} PackedArray as plotly.py packs it */

const TYPES = {
  f4: Float32Array,
  f8: Float64Array,
  u1: Uint8Array,
  u2: Uint16Array,
  u4: Uint32Array,
  i8: BigInt64Array,
};

/** @param {string} text */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** @param {Uint8Array} bytes no more than a function takes arguments: about 60,000 */
export const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));

/** @param {string} text base64 of little-endian float32 */
export const floats = (text) => new Float32Array(fromBase64(text).buffer);

/** @param {PackedArray} packed */
export const typedArray = ({ dtype, bdata }) => new TYPES[dtype](fromBase64(bdata).buffer);

/**
 * The height * width bytes of each picture.
 *
 * @param {PackedImages} packed
 */
export function images({ shape, pixels }) {
  const bytes = fromBase64(pixels);
  const [height, width] = shape.slice(-2);
  const size = height * width;
  return Array.from({ length: bytes.length / size }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
}
