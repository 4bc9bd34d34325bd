import { make } from "../shared/dom.js";
import { decimal } from "../shared/numbers.js";
import { say } from "../shared/texts.js";
import { isEdited, unedited } from "./edits.js";

/**
 * @typedef {import("./edits.js").Channel} Channel
 * @typedef {import("./photo.js").Drawn} Drawn
 * @typedef {import("./photo.js").Photo} Photo
 * @typedef {(index: number, change: Partial<Channel>) => void} Edited
 * @typedef {{ slider: HTMLInputElement, output: HTMLOutputElement, name: "gain" | "offset" }} Knob
 */

const STATISTICS = /** @type {const} */ (["mean", "std", "min", "max"]);

/** A channel: its picture, its numbers, and what changes it. */
export class ChannelBox {
  /** @type {Knob[]} */
  #knobs = [];

  /**
   * @param {number} index
   * @param {Edited} edited
   */
  constructor(index, edited) {
    this.index = index;
    this.edited = edited;
    const number = index + 1;
    const name = say("photo.channel", { number });
    this.on = make("input", { type: "checkbox", checked: true });
    this.on.onchange = () => edited(index, { on: this.on.checked });
    const reset = make("button", { type: "button", className: "reset", textContent: say("photo.channel.reset") });
    reset.ariaLabel = say("photo.channel.reset.label", { number });
    reset.onclick = () => edited(index, unedited());
    this.image = make("img", { draggable: false });
    const properties = { className: "picture", tabIndex: 0, role: "application" };
    this.picture = make("div", properties, this.image, make("i", { className: "cell", hidden: true }));
    this.picture.ariaLabel = say("photo.channel.label", { number });
    this.scale = make("div", { className: "scale" });
    this.ends = make("div", { className: "ends" });
    this.statistics = make("dl", { className: "statistics" });
    const header = make("header", {}, make("label", {}, this.on, name), reset);
    const shown = [header, this.picture, this.scale, this.ends, this.statistics];
    const knobs = [this.#knob("gain", -2, 3), this.#knob("offset", -3, 3)];
    this.element = make("section", { className: "channel" }, ...shown, ...knobs);
    this.element.ariaLabel = name;
  }

  /**
   * @param {Drawn} drawn
   * @param {Photo} photo
   */
  draw(drawn, { scale, deviation }) {
    const number = this.index + 1;
    Object.assign(this.image, { src: drawn.picture, alt: say("photo.channel.picture", { number }) });
    this.scale.style.background = `linear-gradient(90deg, ${scale.join(", ")})`;
    const ends = [decimal(drawn.low, 2), ...(deviation ? [] : ["0"]), decimal(drawn.high, 2)];
    this.ends.replaceChildren(...ends.map((textContent) => make("span", { textContent })));
    this.statistics.replaceChildren(...STATISTICS.map((name) => statistic(name, drawn[name])));
  }

  /** @param {Channel} channel */
  show(channel) {
    this.element.classList.toggle("off", !channel.on);
    this.element.classList.toggle("edited", isEdited(channel));
    this.on.checked = channel.on;
    for (const { slider, output, name } of this.#knobs) {
      slider.value = String(channel[name]);
      output.textContent = decimal(channel[name], 2);
    }
  }

  /**
   * @param {Knob["name"]} name
   * @param {number} min
   * @param {number} max
   */
  #knob(name, min, max) {
    const said = say(`photo.knob.${name}`);
    const slider = make("input", { type: "range", min, max, step: 0.05, value: unedited()[name] });
    slider.ariaLabel = say("photo.knob.label", { knob: said, number: this.index + 1 });
    slider.dataset.knob = name;
    slider.oninput = () => this.edited(this.index, { [name]: Number(slider.value) });
    const output = make("output");
    this.#knobs.push({ slider, output, name });
    return make("label", { className: "knob" }, said, slider, output);
  }
}

/**
 * @param {string} name
 * @param {number} value
 */
function statistic(name, value) {
  const term = make("dt", { textContent: say(`photo.statistic.${name}`) });
  return make("div", {}, term, make("dd", { textContent: decimal(value, 2) }));
}
