const MOST_DOTS = 2; // a CSS pixel's, across

/** @param {HTMLCanvasElement} canvas */
export function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("There is no canvas to draw on.");
  return context;
}

/**
 * A canvas as large as it is shown, cleared, whose context counts in CSS pixels.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
export function blank(canvas, width, height) {
  const dots = Math.min(devicePixelRatio, MOST_DOTS);
  resize(canvas, Math.round(width * dots), Math.round(height * dots));
  const context = contextOf(canvas);
  context.setTransform(dots, 0, 0, dots, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/**
 * A grey picture over the whole canvas.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} pixels height * width grey values
 * @param {number} width
 * @param {number} height
 */
export function paint(canvas, pixels, width, height) {
  resize(canvas, width, height);
  contextOf(canvas).putImageData(greyImage(pixels, width, height), 0, 0);
}

/**
 * @param {Uint8Array} pixels height * width grey values
 * @param {number} width
 * @param {number} height
 */
export function greyImage(pixels, width, height) {
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) words[i] = 0xff000000 | (pixels[i] * 0x010101);
  return image;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {number} width
 * @param {number} height
 */
function resize(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height }); // which wipes it
}
