/**
 * What the server says of a training: `describe` and `refused` of explorer/ui/train/view.py.
 *
 * @typedef {import("../shared/curve.js").Losses} Losses
 * @typedef {"reconstruction" | "test_reconstruction" | "kl"} Loss
 * @typedef {object} Progress
 * @property {number} epoch how many are done, 1 at least
 * @property {Record<Loss, Losses>} losses nats per image
 * @property {string} points base64 of (N, 2) float32
 * @property {string} pictures base64 of (2, classes, side, side) grey values: test images, then their reconstructions
 * @property {number} side
 *
 * @typedef {object} Training
 * @property {number} number a later training has a greater one
 * @property {"waiting" | "running" | "done" | "failed" | "ended"} state
 * @property {import("../shared/texts.js").Told} sentence why it failed or ended
 * @property {number} place in the line of those that wait, from 1
 * @property {number} seconds since it was started
 * @property {number} epochs to do
 * @property {number} latent_dim
 * @property {string | null} model
 * @property {Progress | Record<string, never>} progress empty at first
 *
 * @typedef {{ state: "refused", sentence: import("../shared/texts.js").Told }} Refusal nothing was started
 */

/**
 * @param {Training["progress"]} progress
 * @returns {Progress | null}
 */
export const begun = (progress) => ("epoch" in progress ? /** @type {Progress} */ (progress) : null);
