import { floats, fromBase64 } from "../shared/bytes.js";
import { contextOf, greyImage } from "../shared/canvas.js";
import { partsOf } from "../shared/dom.js";
import { fill, load, say } from "../shared/texts.js";
import { drawLegend, Forming } from "./forming.js";
import { drawLosses, drawNumbers } from "./losses.js";
import { Status } from "./status.js";
import { begun } from "./training.js";

/**
 * @typedef {import("./forming.js").Classes} Classes
 * @typedef {import("./training.js").Training} Training
 * @typedef {Training | import("./training.js").Refusal | null} Value
 * @typedef {import("../shared/component.js").Mounted<Classes & { value: Value }>} Mounted
 */

const EPOCHS = 200; // on the axis before there is a training

/** @param {Mounted} mounted */
export async function mount({ element, props, trigger, watch }) {
  await load();
  fill(element);
  const tab = new TrainTab(element, props);
  tab.part("cancel").onclick = () => trigger("cancel", {});
  tab.part("explore").onclick = () => trigger("explore", { model: tab.training?.model });
  new ResizeObserver(() => tab.redraw()).observe(tab.part("train"));
  new MutationObserver(() => tab.redraw()).observe(document.body, { attributeFilter: ["class"] });
  const receive = () => tab.receive(props.value);
  watch("value", receive);
  receive();
  tab.redraw();
}

class TrainTab {
  /** @type {Training | null} the newest: an answer of an older one is passed over */
  training = null;

  /**
   * @param {HTMLElement} element
   * @param {Classes} classes
   */
  constructor(element, classes) {
    this.part = partsOf(element);
    this.classes = classes;
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    this.status = new Status(this.part, still);
    this.forming = new Forming(this.part("cloud", HTMLCanvasElement), classes, still);
    drawLegend(this.part("legend"), classes);
    drawNumbers(this.part("numbers"), {});
  }

  /** @param {Value} value */
  receive(value) {
    if (!value) return;
    if (value.state === "refused") {
      this.status.refuse(value.sentence);
      return;
    }
    const newest = this.training?.number ?? 0;
    if (value.number < newest) return;
    if (value.number > newest) this.#forget();
    this.training = value;
    this.status.tell(value);
    drawNumbers(this.part("numbers"), value.progress);
    this.#drawLosses();
    const progress = begun(value.progress);
    if (progress) this.#draw(progress, value.latent_dim);
  }

  redraw() {
    this.#drawLosses();
    this.forming.draw();
  }

  #drawLosses() {
    drawLosses(this.part("curve", HTMLCanvasElement), this.training ?? { progress: {}, epochs: EPOCHS });
  }

  /**
   * @param {import("./training.js").Progress} progress
   * @param {number} latentDim
   */
  #draw({ epoch, points, pictures, side }, latentDim) {
    this.part("empty").hidden = true;
    this.part("train").dataset.epoch = String(epoch);
    const width = this.forming.moveTo([...floats(points)]).toFixed(1);
    this.part("plane").textContent = say(latentDim > 2 ? "train.across.plane" : "train.across", { width });
    drawPictures(this.part("reconstructions", HTMLCanvasElement), fromBase64(pictures), side);
  }

  /** What an earlier training has drawn. */
  #forget() {
    this.forming.forget();
    this.part("empty").hidden = false;
    this.part("plane").textContent = "";
    delete this.part("train").dataset.epoch;
    const canvas = this.part("reconstructions", HTMLCanvasElement);
    contextOf(canvas).clearRect(0, 0, canvas.width, canvas.height);
  }
}

/**
 * Test images above their reconstructions, a pixel between them.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Uint8Array} pixels (2, classes, side, side) grey values
 * @param {number} side
 */
function drawPictures(canvas, pixels, side) {
  const size = side * side;
  const count = pixels.length / size / 2;
  Object.assign(canvas, { width: count * (side + 1) - 1, height: 2 * side + 1 });
  const context = contextOf(canvas);
  for (let i = 0; i < 2 * count; i++) {
    const image = greyImage(pixels.subarray(i * size, (i + 1) * size), side, side);
    context.putImageData(image, (i % count) * (side + 1), Math.floor(i / count) * (side + 1));
  }
}
