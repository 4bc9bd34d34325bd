// The picture follows the cursor: at most one request each animation frame, and never an older picture.
const DISTANT = 33; // milliseconds from pointer to picture: two frames
const sent = new Map(); // id -> the place asked for and the pointer event's own time
const paints = []; // [time, latency], of the last second
let painted = 0, firstId = 0, dirty = null, scheduled = false, shown = false, waiting = null;

const source = new FrameSource(base, (id, width, height, pixels) => {
  const asked = sent.get(id);
  for (const older of sent.keys()) if (older <= id) sent.delete(older);
  if (dirty !== null) schedule();
  if (id <= painted || id < firstId) return;
  const frame = { id, width, height, pixels, ...asked };
  // A distant server's answers bunch on their way. The second within one animation frame then waits for the next one,
  // or the motion would stutter between none and two; a near server's is simply the fresher picture.
  const distant = performance.now() - asked.when > DISTANT;
  if (shown && distant) waiting = frame;
  else present(frame);
}, notify, () => (dirty ??= performance.now()));

function present({ id, width, height, pixels, place, when }) {
  if (id <= painted || id < firstId) return;
  painted = id;
  paint(canvas, pixels, width, height);
  canvas.dataset.place = place;
  measure(performance.now(), performance.now() - when);
  shown = true;
  requestAnimationFrame(() => {
    const next = waiting;
    [shown, waiting] = [false, null];
    if (next) present(next);
  });
}

function paint(target, pixels, width, height) {
  if (target.width !== width || target.height !== height) Object.assign(target, { width, height });
  const image = new ImageData(width, height);
  const words = new Uint32Array(image.data.buffer);
  for (let i = 0; i < pixels.length; i++) words[i] = 0xff000000 | (pixels[i] * 0x010101);
  target.getContext("2d").putImageData(image, 0, 0);
}

function moveTo(x, y, point, when = performance.now(), z = null) {
  Object.assign(state, { x, y, point, z });
  Object.assign(root.dataset, { model: state.model, plane: state.plane ?? "", x, y, point: point ?? "", z: z ? latentHere().join(" ") : "" });
  dirty = when;
  schedule();
}

// What is asked for, and how a painted picture is known to be of it.
function here() {
  const { model, plane, x, y, point, z } = state;
  if (z) return [{ model, z: latentHere() }, [model, ...latentHere()].join(" ")];
  return [{ model, plane, x, y, point }, [model, x, y, point].join(" ")];
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  requestAnimationFrame(() => {
    scheduled = false;
    placeCursor();
    if (dirty === null || !source.ready) return;
    const [place, key] = here();
    sent.set(source.request(place), { when: dirty, place: key });
    dirty = null;
    readOut();
    each("moved");
  });
}
setInterval(() => dirty !== null && schedule(), 100); // what found no room goes out when there is some again

function measure(now, latency) {
  paints.push([now, latency]);
  while (now - paints[0][0] > 1000) paints.shift();
  root.dispatchEvent(new CustomEvent("painted", { detail: { now, latency, id: painted } }));
}

setInterval(() => {
  const recent = paints.filter(([when]) => performance.now() - when < 1000);
  if (recent.length < 3) return;
  const sorted = recent.map(([, latency]) => latency).sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))].toFixed(0);
  const span = recent[recent.length - 1][0] - recent[0][0];
  const rate = Math.round((1000 * (recent.length - 1)) / Math.max(span, 1));
  part("meter").textContent = say("map.measured", { rate, median: at(0.5), p95: at(0.95), device: root.dataset.device ?? "…" });
}, 300);
