// Pointer, wheel and keys on the pad that lies over the map.
const PICK_RADIUS = { mouse: 8, pen: 12, touch: 18 }; // pixels
const CLICK_SLOP = 4;
const held = new Map(); // pointer id -> its place on the pad
let press = null, wheel = 1, wheelAt = null;

const local = (event) => {
  const box = pad.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
};

pad.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || !plot._fullLayout) return;
  pad.setPointerCapture(event.pointerId);
  held.set(event.pointerId, local(event));
  part("tip").hidden = true;
  flight += 1; // a hand on the map ends a flight
  if (held.size === 1) {
    press = { at: local(event), moved: false };
    if (tools[open].press?.(press.at)) return;
    moveTo(...toData(...press.at), state.point, event.timeStamp, state.z);
  }
});

pad.addEventListener("pointermove", (event) => {
  const here = local(event);
  if (!held.has(event.pointerId)) return hover(...here);
  const before = held.get(event.pointerId);
  held.set(event.pointerId, here);
  if (held.size > 1) return pinch(event.pointerId, before, here);
  if (!press) return;
  press.moved ||= Math.hypot(here[0] - press.at[0], here[1] - press.at[1]) > CLICK_SLOP;
  if (tools[open].drag?.(here)) return;
  moveTo(...toData(...here), state.point, event.timeStamp, state.z);
});

function release(event) {
  if (!held.delete(event.pointerId) || !press || held.size) return;
  const { at, moved } = press;
  press = null;
  if (tools[open].lift?.(moved && event.type !== "pointercancel")) return;
  if (event.type === "pointercancel") return;
  if (!moved) {
    const row = nearest(...at, PICK_RADIUS[event.pointerType] ?? 8);
    if (row >= 0) moveTo(points.x[row], points.y[row], points.index[row], event.timeStamp);
    else moveTo(...toData(...at), null, event.timeStamp);
    pick();
    tools[open].click?.(row);
  }
  remember();
}
pad.addEventListener("pointerup", release);
pad.addEventListener("pointercancel", release);
pad.addEventListener("pointerleave", () => {
  part("tip").hidden = true;
  each("hovered", null);
});

function pinch(id, before, here) {
  press = null; // two fingers zoom, and lift without a click
  const other = [...held].find(([key]) => key !== id)[1];
  const span = (from) => Math.hypot(from[0] - other[0], from[1] - other[1]);
  wheel *= span(before) / Math.max(span(here), 1);
  zoomSoon([(here[0] + other[0]) / 2, (here[1] + other[1]) / 2]);
}

function zoomSoon(at) {
  if (wheelAt === null) requestAnimationFrame(() => {
    zoom(wheel, ...wheelAt);
    [wheel, wheelAt] = [1, null];
  });
  wheelAt = at;
}

pad.addEventListener("wheel", (event) => {
  if (!plot._fullLayout) return;
  event.preventDefault();
  wheel *= Math.exp(Math.max(-1, Math.min(1, event.deltaY / 240)));
  zoomSoon(local(event));
}, { passive: false });

function hover(px, py) {
  if (!plot._fullLayout?.xaxis) return;
  const row = nearest(px, py, 7);
  const tip = part("tip");
  tip.hidden = row < 0;
  each("hovered", row < 0 ? null : points.index[row]);
  if (row < 0) return;
  tip.textContent = `${className(points.label[row])} · #${points.index[row]}`;
  const left = Math.min(px + 14, plot.clientWidth - tip.offsetWidth - 4);
  tip.style.transform = `translate(${left}px, ${Math.max(py - 30, 2)}px)`;
}

const KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
pad.addEventListener("keydown", (event) => {
  if (!plot._fullLayout || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = KEYS[event.key];
  if (step) {
    const [low, high] = axes()[1].range;
    const size = ((high - low) / 200) * (event.shiftKey ? 10 : 1);
    moveTo(round(state.x + step[0] * size), round(state.y + step[1] * size), state.point, event.timeStamp, state.z);
    tools[open].stepped?.();
    remember();
  } else if (event.key === "+" || event.key === "=") zoom(0.8);
  else if (event.key === "-") zoom(1.25);
  else if (event.key === "0") reset();
  else if (event.key === " " && tools[open].pen) tools[open].pen();
  else if (event.key === "Enter" || event.key === " ") pickNearest();
  else return;
  event.preventDefault();
});

function pickNearest() {
  const row = nearest(...toPixels(state.x, state.y));
  if (row < 0) return;
  moveTo(points.x[row], points.y[row], points.index[row]);
  pick();
  tools[open].click?.(row);
  remember();
}
