import { translated } from "../shared/texts.js";
import { begun } from "./training.js";
import { detail, headline } from "./words.js";

/**
 * @typedef {import("../shared/dom.js").Part} Part
 * @typedef {import("./training.js").Training} Training
 */

const SWAY = {
  duration: 1400,
  iterations: Infinity,
  direction: /** @type {const} */ ("alternate"),
  easing: "ease-in-out",
};

/** How far a training is, in words and as a bar, and what can be done with it. */
export class Status {
  #beginning = 0; // seconds until the first epochs were seen

  /**
   * @param {Part} part
   * @param {MediaQueryList} still
   */
  constructor(part, still) {
    this.part = part;
    this.still = still;
    this.root = part("train");
    // Not in the stylesheet, which Gradio wraps in a rule, where no keyframes can stand.
    this.sway = part("bar").animate([{ marginLeft: "0" }, { marginLeft: "70%" }], SWAY);
    this.sway.cancel();
  }

  /** @param {Training} training */
  tell(training) {
    const { state, progress, seconds, model } = training;
    this.root.dataset.state = state;
    if (state === "running" && !begun(progress)) this.#beginning = seconds;
    this.part("headline").textContent = headline(training);
    this.part("detail").textContent = detail(training, this.#beginning);
    this.#drawBar(training);
    this.part("cancel").hidden = state !== "running" && state !== "waiting";
    for (const role of ["explore", "download"]) this.part(role).hidden = !model;
    if (!model) return;
    const file = new URL(`gradio_api/explorer/own.zip?model=${model}`, document.baseURI);
    this.part("download", HTMLAnchorElement).href = file.href;
  }

  /** @param {import("../shared/texts.js").Told} sentence */
  refuse(sentence) {
    if (!["running", "waiting"].includes(this.root.dataset.state ?? "")) this.root.dataset.state = "failed";
    this.part("detail").textContent = translated(sentence);
  }

  /** @param {Training} training */
  #drawBar({ state, progress, epochs }) {
    const epoch = begun(progress)?.epoch ?? 0;
    const meter = this.part("meter");
    const isUnknown = state === "waiting" || (state === "running" && (epoch === 0 || epoch === epochs));
    meter.classList.toggle("unknown", isUnknown);
    if (!isUnknown || this.still.matches) this.sway.cancel();
    else if (this.sway.playState !== "running") this.sway.play();
    meter.setAttribute("aria-valuemax", String(epochs));
    meter.setAttribute("aria-valuenow", String(epoch));
    this.part("bar").style.width = `${(100 * epoch) / epochs}%`;
  }
}
