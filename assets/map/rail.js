// The strip of tools beside the map; one is open at a time.
import { centre, make, shape } from "../shared/dom.js";
import { say } from "../shared/texts.js";
import { remember } from "./address.js";
import { tools } from "./hooks.js";
import { part, root } from "./page.js";
import { change, state, watch } from "./state.js";

/** @param {string} name */
const tab = (name) => /** @type {HTMLElement} */ (part("strip").querySelector(`[data-open="${name}"]`));

/** @param {string} name */
const panel = (name) => /** @type {HTMLElement} */ (part("panels").querySelector(`[data-tool="${name}"]`));

/** @param {string} name */
const openTool = (name) => change({ tool: name });

/** A dot on a tool that goes on working while another is open. @param {string} name @param {boolean} on */
export const lit = (name, on) => tab(name).classList.toggle("lit", on);

/** @param {string} name @param {string} before */
function show(name, before) {
  for (const other of tools.keys()) {
    tab(other).setAttribute("aria-selected", String(other === name));
    tab(other).tabIndex = other === name ? 0 : -1;
    panel(other).hidden = other !== name;
  }
  root.dataset.tool = name;
  centre(tab(name));
  tools.get(before)?.closed?.();
  tools.get(name)?.opened?.();
  remember();
}

/** @param {import("./hooks.js").Tool} tool */
function tabOf({ name, icon }) {
  const drawing = shape("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" });
  drawing.append(shape("path", { d: icon }));
  const button = make(
    "button",
    { type: "button", id: `explorer-tab-${name}` },
    drawing,
    make("span", {}, say(`rail.${name}`)),
  );
  button.dataset.open = name;
  button.setAttribute("role", "tab");
  button.setAttribute("aria-selected", String(name === state.tool));
  button.tabIndex = name === state.tool ? 0 : -1;
  button.onclick = () => openTool(name);
  panel(name).setAttribute("role", "tabpanel");
  panel(name).setAttribute("aria-labelledby", button.id);
  return button;
}

/** @param {KeyboardEvent} event */
function step(event) {
  const by = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!by) return;
  event.preventDefault();
  const names = [...tools.keys()];
  const next = names[(names.indexOf(state.tool) + by + names.length) % names.length];
  openTool(next);
  tab(next).focus();
}

export function mountRail() {
  part("strip").append(...[...tools.values()].map(tabOf));
  part("strip").addEventListener("keydown", step);
  root.dataset.tool = state.tool;
  watch("tool", show);
}
