// Where the cursor stands, in numbers and aloud.
import { decimal } from "../shared/numbers.js";
import { say } from "../shared/texts.js";
import { nearestHere } from "./axes.js";
import { points } from "./figure.js";
import { className } from "./models.js";
import { part } from "./page.js";
import { state } from "./state.js";

const STILL = 500; // milliseconds after which a place is read aloud
let aloud = 0;

export function readOut() {
  const { x, y } = state;
  const row = nearestHere();
  const name = row < 0 ? "–" : className(points.label[row]);
  part("x").textContent = decimal(x, 3);
  part("y").textContent = decimal(y, 3);
  part("nearest").textContent = name;
  clearTimeout(aloud);
  aloud = setTimeout(() => {
    part("live").textContent = say("map.said", { x: decimal(x, 2), y: decimal(y, 2), name });
  }, STILL);
}

export function clearReadOut() {
  for (const role of ["x", "y", "nearest"]) part(role).textContent = "–";
}
