/** @param {string} text */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));

/** @param {string} text base64 of little-endian float32 */
export const floats = (text) => new Float32Array(fromBase64(text).buffer);
