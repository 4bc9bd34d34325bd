import { buttons, partsOf, press } from "../shared/dom.js";
import { decimal } from "../shared/numbers.js";
import { fill, load, say } from "../shared/texts.js";
import { ChannelBox } from "./channels.js";
import { nextSample, noEdits, readSeed } from "./edits.js";
import { Layers } from "./layers.js";
import { read } from "./photo.js";
import { Pointing } from "./pointing.js";
import { Questions } from "./questions.js";

/**
 * @typedef {import("./photo.js").Answer} Answer
 * @typedef {import("./photo.js").Photo} Photo
 * @typedef {Answer | { failed: true } | { stale: true } | null} Value
 * @typedef {import("../shared/component.js").Mounted<{ value: Value }>} Mounted
 * @typedef {{ view: string, shared: boolean, percentile: number }} Settings of the channels' pictures
 */

const PERCENTILE = 2;

/** @param {Mounted} mounted */
export async function mount({ element, props, trigger, watch }) {
  await load();
  fill(element);
  const tab = new PhotoTab(element, trigger);
  const receive = () => tab.receive(props.value);
  watch("value", receive);
  if (props.value) receive();
}

class PhotoTab {
  /** @type {Photo | null} */
  photo = null;
  edits = noEdits(0);
  /** @type {Settings} */
  settings = { view: "mean", shared: true, percentile: PERCENTILE };
  /** @type {ChannelBox[]} */
  channels = [];

  /**
   * @param {HTMLElement} element
   * @param {Mounted["trigger"]} trigger
   */
  constructor(element, trigger) {
    this.part = partsOf(element);
    this.trigger = trigger;
    this.layers = new Layers(this.part);
    this.pointing = new Pointing(this.part, (point) => this.questions.ask({ point, decode: false }));
    this.questions = new Questions(
      (question) => this.#send(question),
      (question) => this.#busy(question),
    );
    this.#listenToEdits();
    this.#listenToSettings();
  }

  /** @param {Value} value */
  receive(value) {
    if (value && "stale" in value) return; // its photo was replaced, and the new one's arrival counted as the answer
    if (!value) this.part("root").hidden = true;
    else if (!("failed" in value)) this.#draw(read(value));
    this.questions.answered();
  }

  /** @param {Photo} photo */
  #draw(photo) {
    const isNew = photo.key !== this.photo?.key;
    this.photo = photo;
    this.part("root").hidden = false;
    this.layers.draw(photo);
    if (isNew) this.#begin(photo);
    for (const [index, box] of this.channels.entries()) box.draw(photo.channels[index], photo);
    this.pointing.draw(photo);
    this.part("sample", HTMLButtonElement).disabled = !photo.has_deviation;
    this.part("sample").title = say(photo.has_deviation ? "photo.sample.title" : "photo.sample.none");
    for (const button of buttons(this.part("views"))) {
      if (button.dataset.view === "deviation") button.disabled = !photo.has_deviation;
    }
  }

  /** @param {Photo} photo a new one, which the server describes by these settings */
  #begin(photo) {
    this.channels = photo.channels.map(
      (_, index) => new ChannelBox(index, (...change) => this.#editChannel(...change)),
    );
    this.part("channels").replaceChildren(...this.channels.map(({ element }) => element));
    for (const { picture } of this.channels) this.pointing.listen(picture);
    this.pointing.forget(this.layers.original);
    this.#forgetEdits();
    this.settings = { view: "mean", shared: true, percentile: PERCENTILE };
    this.#showSettings();
  }

  /** @param {import("./questions.js").Question} question */
  #send(question) {
    const { edits, settings } = structuredClone({ edits: this.edits, settings: this.settings });
    this.trigger("change_view", { key: this.photo?.key, edits, settings, ...question });
  }

  /** @param {import("./questions.js").Question | null} question */
  #busy(question) {
    this.part("busy").textContent = question && (question.decode || question.point) ? say("photo.decoding") : "";
  }

  // --- edits ---

  #listenToEdits() {
    const [sigma, seed] = ["sigma", "noise-seed"].map((role) => this.part(role, HTMLInputElement));
    const bits = this.part("bits", HTMLSelectElement);
    sigma.oninput = () => this.#edit({ sigma: Number(sigma.value) });
    seed.onchange = () => this.#edit({ noise_seed: readSeed(seed.value) });
    bits.onchange = () => this.#edit({ bits: Number(bits.value) });
    this.part("sample").onclick = () => this.#edit({ sample: nextSample(this.edits.sample) });
    this.part("mode").onclick = () => this.#edit({ sample: null });
    this.part("reset-all").onclick = () => {
      this.#forgetEdits();
      this.questions.ask({ decode: true });
    };
  }

  /** @param {Partial<import("./edits.js").Edits>} change */
  #edit(change) {
    Object.assign(this.edits, change);
    this.#showEdits();
    this.questions.ask({ decode: true });
  }

  /** @type {import("./channels.js").Edited} */
  #editChannel(index, change) {
    Object.assign(this.edits.channels[index], change);
    this.#edit({});
  }

  #forgetEdits() {
    this.edits = noEdits(this.channels.length);
    this.questions.forget();
    this.#showEdits();
  }

  #showEdits() {
    const { channels, sigma, noise_seed: seed, bits, sample } = this.edits;
    for (const [index, box] of this.channels.entries()) box.show(channels[index]);
    this.part("sigma", HTMLInputElement).value = String(sigma);
    this.part("sigma-value").textContent = decimal(sigma, 2);
    this.part("noise-seed", HTMLInputElement).value = String(seed);
    this.part("bits", HTMLSelectElement).value = String(bits);
    this.part("mode").hidden = sample === null;
    this.part("sample").textContent = say(sample === null ? "photo.sample" : "photo.sample.again");
  }

  // --- settings ---

  #listenToSettings() {
    for (const button of buttons(this.part("views"))) {
      button.onclick = () => this.#set({ view: button.dataset.view });
    }
    for (const button of buttons(this.part("scales"))) {
      button.onclick = () => this.#set({ shared: button.dataset.scale === "shared" });
    }
    const percentile = this.part("percentile", HTMLSelectElement);
    percentile.onchange = () => this.#set({ percentile: Number(percentile.value) });
  }

  /** @param {Partial<Settings>} change */
  #set(change) {
    Object.assign(this.settings, change);
    this.#showSettings();
    this.questions.ask({ decode: false });
  }

  #showSettings() {
    const { view, shared, percentile } = this.settings;
    press(this.part("views"), (button) => button.dataset.view === view);
    press(this.part("scales"), (button) => (button.dataset.scale === "shared") === shared);
    this.part("percentile", HTMLSelectElement).value = String(percentile);
  }
}
