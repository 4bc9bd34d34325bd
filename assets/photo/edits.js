/**
 * What the visitor changes of a photo's latents.
 *
 * @typedef {{ on: boolean, gain: number, offset: number }} Channel one that is off counts as zero
 * @typedef {object} Edits
 * @property {Channel[]} channels
 * @property {number} sigma the noise's standard deviation
 * @property {number} noise_seed
 * @property {number} bits of a quantised number; 0: as it is
 * @property {number | null} sample the seed of one of the posterior; null: its mean
 */

const LAST_SEED = 2 ** 31 - 1;

/** @returns {Channel} */
export const unedited = () => ({ on: true, gain: 1, offset: 0 });

/**
 * @param {number} count
 * @returns {Edits}
 */
export const noEdits = (count) => ({
  channels: Array.from({ length: count }, unedited),
  sigma: 0,
  noise_seed: 0,
  bits: 0,
  sample: null,
});

/** @param {Channel} channel */
export const isEdited = ({ on, gain, offset }) => gain !== 1 || offset !== 0 || !on;

/**
 * The seed that somebody has typed, as the nearest one that there is.
 *
 * @param {string} text
 */
export const readSeed = (text) => Math.min(Math.max(Math.round(Number(text)) || 0, 0), LAST_SEED);

/** @param {number | null} sample */
export const nextSample = (sample) => (sample === null ? 0 : sample + 1);
