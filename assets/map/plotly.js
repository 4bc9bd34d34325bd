// plotly.js: a script that sets a global, which is read once.
import { say } from "../shared/texts.js";

/** @type {any} */
export let Plotly;
/** @type {Promise<any>} */
let coming;

/** Fetch it, beside all else that is fetched. */
export function fetchPlotly() {
  coming = new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = new URL("../plotly/plotly-gl2d.min.js", import.meta.url).href;
    script.onload = () => resolve(Reflect.get(window, "Plotly"));
    script.onerror = () => reject(new Error(say("map.no-plotly")));
    document.head.append(script);
  });
}

/** Until it is there. Rejects with a sentence. */
export async function plotlyIsThere() {
  Plotly ??= await coming;
}
