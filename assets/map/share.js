// Taking the current image along: as a PNG, as code that makes it again, as a link.
import { saveAs } from "../shared/dom.js";
import { say } from "../shared/texts.js";
import { linkHere } from "./address.js";
import { dimensions } from "./models.js";
import { part } from "./page.js";
import { latentHere, rowHere } from "./place.js";
import { snippet } from "./snippet.js";
import { snapshot, state } from "./state.js";

function savePicture() {
  part("decoded", HTMLCanvasElement).toBlob((blob) => blob && saveAs(blob, `${state.model}.png`));
}

function showCode() {
  const here = { dimensions: dimensions(), latent: latentHere(), onPoint: rowHere() >= 0 };
  part("code").textContent = snippet(snapshot(), here);
  part("code-dialog", HTMLDialogElement).showModal();
}

/** @param {string} text */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    part("share-note").textContent = say("share.copied");
  } catch {
    part("share-note").textContent = say("share.copy-failed");
  }
  setTimeout(() => (part("share-note").textContent = ""), 4000);
}

export function mountShare() {
  part("share-png").onclick = savePicture;
  part("share-link").onclick = () => linkHere().then(copy);
  part("share-python").onclick = showCode;
  part("code-copy").onclick = () => copy(part("code").textContent ?? "");
  part("code-close").onclick = () => part("code-dialog", HTMLDialogElement).close();
}
