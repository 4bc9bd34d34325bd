// Pointer, wheel and keys on the pad that lies over the map.
import { ARROWS, placeIn } from "../shared/dom.js";
import { remember } from "./address.js";
import { isDrawn, nearest, nearestHere, ranges, showAll, size, toPlace, zoom } from "./axes.js";
import { at, points } from "./figure.js";
import { endFlight } from "./flight.js";
import { current } from "./hooks.js";
import { className } from "./models.js";
import { pad, part } from "./page.js";
import { pick } from "./picked.js";
import { moveTo } from "./picture.js";
import { round } from "./plane.js";
import { change, state } from "./state.js";

/** @type {Record<string, number>} pixels within which a click is on a point */
const PICK_RADIUS = { mouse: 8, pen: 12, touch: 18 };
const HOVER_RADIUS = 7;
const CLICK_SLOP = 4;

/** @type {Map<number, number[]>} pointer id -> its place on the pad */
const held = new Map();
/** @type {{ at: number[], moved: boolean } | null} */
let press = null;
let wheel = 1;
/** @type {number[] | null} */
let wheelAt = null;

/** Whether a pointer alone is down. */
export const isPressed = () => press !== null;

/** @param {PointerEvent} event */
function down(event) {
  if (event.button !== 0 || !isDrawn()) return;
  const place = placeIn(event, pad);
  pad.setPointerCapture(event.pointerId);
  held.set(event.pointerId, place);
  part("tip").hidden = true;
  endFlight();
  if (held.size > 1) return;
  press = { at: place, moved: false };
  if (!current().press?.(place)) moveTo(toPlace(place), state.point, event.timeStamp, state.z);
}

/** @param {PointerEvent} event */
function move(event) {
  const here = placeIn(event, pad);
  const before = held.get(event.pointerId);
  if (!before) return hover(here);
  held.set(event.pointerId, here);
  if (held.size > 1) return pinch(event.pointerId, before, here);
  if (!press) return;
  press.moved ||= Math.hypot(here[0] - press.at[0], here[1] - press.at[1]) > CLICK_SLOP;
  if (!current().drag?.(here)) moveTo(toPlace(here), state.point, event.timeStamp, state.z);
}

/** @param {PointerEvent} event */
function release(event) {
  if (!held.delete(event.pointerId) || !press || held.size) return;
  const { at: place, moved } = press;
  press = null;
  if (current().lift?.(moved && event.type !== "pointercancel")) return;
  if (event.type === "pointercancel") return;
  if (!moved) {
    const row = nearest(place, PICK_RADIUS[event.pointerType] ?? PICK_RADIUS.mouse);
    if (row >= 0) moveTo(at(row), points.index[row], event.timeStamp);
    else moveTo(toPlace(place), null, event.timeStamp);
    pick();
    current().click?.(row);
  }
  remember();
}

function leave() {
  part("tip").hidden = true;
  change({ hovered: null });
}

/**
 * Two fingers zoom, and lift without a click.
 * @param {number} id @param {number[]} before @param {number[]} here
 */
function pinch(id, before, here) {
  press = null;
  const other = [...held].find(([key]) => key !== id)?.[1] ?? here;
  /** @param {number[]} from */
  const span = (from) => Math.hypot(from[0] - other[0], from[1] - other[1]);
  wheel *= span(before) / Math.max(span(here), 1);
  zoomSoon(here.map((value, i) => (value + other[i]) / 2));
}

/** @param {number[]} place */
function zoomSoon(place) {
  if (wheelAt === null) {
    requestAnimationFrame(() => {
      zoom(wheel, wheelAt ?? place);
      [wheel, wheelAt] = [1, null];
    });
  }
  wheelAt = place;
}

/** @param {WheelEvent} event */
function turn(event) {
  if (!isDrawn()) return;
  event.preventDefault();
  wheel *= Math.exp(Math.max(-1, Math.min(1, event.deltaY / 240)));
  zoomSoon(placeIn(event, pad));
}

/** @param {number[]} place */
function hover([px, py]) {
  if (!isDrawn()) return;
  const row = nearest([px, py], HOVER_RADIUS);
  const tip = part("tip");
  tip.hidden = row < 0;
  change({ hovered: row < 0 ? null : points.index[row] });
  if (row < 0) return;
  tip.textContent = `${className(points.label[row])} · #${points.index[row]}`;
  const left = Math.min(px + 14, size()[0] - tip.offsetWidth - 4);
  tip.style.transform = `translate(${left}px, ${Math.max(py - 30, 2)}px)`;
}

/** @param {KeyboardEvent} event */
function key(event) {
  if (!isDrawn() || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = ARROWS[event.key];
  if (step) stepBy(step, event);
  else if (event.key === "+" || event.key === "=") zoom(0.8);
  else if (event.key === "-") zoom(1.25);
  else if (event.key === "0") showAll();
  else if (event.key === " " && current().pen) current().pen?.();
  else if (event.key === "Enter" || event.key === " ") pickNearest();
  else return;
  event.preventDefault();
}

/** @param {[number, number]} step @param {KeyboardEvent} event */
function stepBy(step, event) {
  const [low, high] = ranges()[1];
  const by = ((high - low) / 200) * (event.shiftKey ? 10 : 1);
  const place = [state.x, state.y].map((value, i) => round(value + step[i] * by));
  moveTo(place, state.point, event.timeStamp, state.z);
  current().stepped?.();
  remember();
}

function pickNearest() {
  const row = nearestHere();
  if (row < 0) return;
  moveTo(at(row), points.index[row]);
  pick();
  current().click?.(row);
  remember();
}

export function mountPointer() {
  pad.addEventListener("pointerdown", down);
  pad.addEventListener("pointermove", move);
  pad.addEventListener("pointerup", release);
  pad.addEventListener("pointercancel", release);
  pad.addEventListener("pointerleave", leave);
  pad.addEventListener("wheel", turn, { passive: false });
  pad.addEventListener("keydown", key);
}
