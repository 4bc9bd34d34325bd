// Taking the current image along: as a PNG, as code that makes it again, as a link.
const savePicture = () => canvas.toBlob((blob) => saveAs(blob, `${state.model}.png`));

// Code whose picture is that of the canvas, pixel by pixel.
function snippet() {
  const space = state.plane ? `explorer.load("${state.model}").in_plane("${state.plane}")` : `explorer.load("${state.model}")`;
  return [
    "import explorer", "import numpy as np", "from PIL import Image", "",
    `space = ${space}`, `z = ${latentCode()}  # (1, ${dimensions()})`,
    "image = space.decode(z)[0]  # (H, W) float32 in [0, 1]",
    'Image.fromarray(np.rint(255 * image).astype(np.uint8)).save("decoded.png")', "",
  ].join("\n");
}

function latentCode() {
  if (state.z) return `[[${latentHere().join(", ")}]]`;
  if (rowHere() >= 0) return `space.latents[[${state.point}]]`;
  const place = `[[${state.x}, ${state.y}]]`;
  if (dimensions() === 2) return place;
  return `space.from_plane(${place}${state.point === null ? "" : `, anchor=space.latents[${state.point}]`})`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    part("share-note").textContent = say("share.copied");
  } catch {
    part("share-note").textContent = say("share.copy-failed");
  }
  setTimeout(() => (part("share-note").textContent = ""), 4000);
}

part("share-png").onclick = savePicture;
part("share-link").onclick = () => {
  remember();
  setTimeout(() => copy(location.href), 300); // when the address is written
};
part("share-python").onclick = () => {
  part("code").textContent = snippet();
  part("code-dialog").showModal();
};
part("code-copy").onclick = () => copy(part("code").textContent);
part("code-close").onclick = () => part("code-dialog").close();
