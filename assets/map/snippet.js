// Python whose picture is that of the canvas, pixel by pixel.

/**
 * @param {import("./state.js").Snapshot} shown
 * @param {object} here
 * @param {number} here.dimensions
 * @param {number[] | null} here.latent under the cursor
 * @param {boolean} here.onPoint whether that is the test point itself
 * @returns {string}
 */
export function snippet(shown, here) {
  const loaded = `explorer.load("${shown.model}")`;
  const space = shown.plane ? `${loaded}.in_plane("${shown.plane}")` : loaded;
  return [
    "import explorer",
    "import numpy as np",
    "from PIL import Image",
    "",
    `space = ${space}`,
    `z = ${latentCode(shown, here)}  # (1, ${here.dimensions})`,
    "image = space.decode(z)[0]  # (H, W) float32 in [0, 1]",
    'Image.fromarray(np.rint(255 * image).astype(np.uint8)).save("decoded.png")',
    "",
  ].join("\n");
}

/** @type {typeof snippet} */
function latentCode({ x, y, point, z }, { dimensions, latent, onPoint }) {
  if (z) return `[[${(latent ?? z).join(", ")}]]`;
  if (onPoint) return `space.latents[[${point}]]`;
  const place = `[[${x}, ${y}]]`;
  if (dimensions === 2) return place;
  return `space.from_plane(${place}${point === null ? "" : `, anchor=space.latents[${point}]`})`;
}
