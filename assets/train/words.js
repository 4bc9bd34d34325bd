import { say, translated } from "../shared/texts.js";
import { begun } from "./training.js";

/** @typedef {import("./training.js").Training} Training */

const COLLAPSED = 0.1; // nats, below which a code says nothing of its picture

/** @param {Training} training */
export function headline({ state, place, epochs, progress, sentence }) {
  if (state === "waiting") return place > 1 ? say("train.waiting", { before: place - 1 }) : say("train.waiting.next");
  if (state === "done") return say(epochs === 1 ? "train.done.one" : "train.done", { epochs });
  if (state !== "running") return translated(sentence);
  const epoch = begun(progress)?.epoch;
  if (!epoch) return say("train.starting");
  return epoch < epochs ? say("train.running", { epoch, epochs }) : say("train.packing");
}

/**
 * @param {Training} training
 * @param {number} beginning seconds until its first epochs were seen
 */
export function detail({ state, seconds, epochs, progress }, beginning) {
  if (state === "waiting") return say("train.waiting.detail");
  const said = seconds.toFixed(0);
  const now = begun(progress);
  if (state === "done") {
    const unused = now && (now.losses.kl.at(-1) ?? 0) < COLLAPSED;
    return say(unused ? "train.done.unused" : "train.done.detail", { seconds: said });
  }
  if (state !== "running") return "";
  if (!now) return say("train.starting.detail", { seconds: said });
  const left = Math.ceil(((seconds - beginning) * (epochs - now.epoch)) / now.epoch);
  return say(left > 0 && now.epoch > 2 ? "train.running.left" : "train.running.detail", { seconds: said, left });
}
