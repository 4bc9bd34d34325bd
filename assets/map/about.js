// What the server says of the cursor's place, while a tool is open that tells it.
import { asking } from "./ask.js";
import { current, each } from "./hooks.js";
import { NEIGHBOURS } from "./neighbours.js";
import { latentHere, subject } from "./place.js";

const PAUSE = 100; // milliseconds from one question to the next while the cursor moves

const questions = asking(
  "about",
  (told) => each("about", told),
  (sentence) => each("notAbout", sentence),
  PAUSE,
);

export function aboutSoon() {
  const z = current().about ? latentHere() : null;
  if (z) questions.ask({ ...subject(), z, k: NEIGHBOURS });
}

export const forgetAbout = () => questions.drop();
