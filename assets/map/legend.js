// The classes beside their colours: each can be hidden, or shown alone.
import { make } from "../shared/dom.js";
import { say } from "../shared/texts.js";
import { colours } from "./figure.js";
import { model } from "./models.js";
import { part, plot } from "./page.js";
import { Plotly } from "./plotly.js";
import { readOut } from "./readout.js";
import { change, state, watch } from "./state.js";

export function drawLegend() {
  const names = model().class_names;
  const toggles = names.map((name, label) => {
    const dot = make("i");
    dot.style.background = colours[label];
    const button = make("button", { type: "button", title: say("map.legend.title") }, dot, name);
    button.setAttribute("aria-pressed", "true");
    button.onclick = () => toggle(label);
    button.ondblclick = () =>
      change({ hidden: new Set(names.map((_, other) => other).filter((other) => other !== label)) });
    return button;
  });
  part("legend").replaceChildren(...toggles);
}

/** @param {number} label */
function toggle(label) {
  const hidden = new Set(state.hidden);
  if (!hidden.delete(label)) hidden.add(label);
  change({ hidden });
}

/** Legend and points show the classes that are not hidden. */
export function showClasses() {
  const shown = colours.map((_, label) => !state.hidden.has(label));
  for (const [label, button] of [...part("legend").children].entries())
    button.setAttribute("aria-pressed", String(shown[label]));
  Plotly.restyle(plot, { visible: shown });
  Plotly.relayout(plot, Object.fromEntries(shown.map((visible, label) => [`annotations[${label}].visible`, visible])));
  readOut();
}

export function mountLegend() {
  watch("hidden", showClasses);
}
