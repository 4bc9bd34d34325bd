// The sketch pad: drawn on with pointer or keys, or a picture from a file.
const SKETCH = 280; // pixels of the pad's side
const BRUSH = 22;
const HALVED = SKETCH / 2; // what is sent: each pixel the mean of two by two
const KEY_STEP = 14;
const sketch = part("sketch"), ink = sketch.getContext("2d", { willReadFrequently: true });
let sketched = false; // whether there is anything on the pad
let stroke = null; // where the pen was last, while it is down
let sketchTurn = 0; // a picture that is being read belongs to the turn in which it was chosen
const pen = { at: [SKETCH / 2, SKETCH / 2], down: false }; // moved by keys

function blankSketch(ground, brush) {
  Object.assign(ink, { fillStyle: ground, strokeStyle: brush, lineWidth: BRUSH, lineCap: "round", lineJoin: "round" });
  ink.fillRect(0, 0, SKETCH, SKETCH);
}

function setSketched(on) {
  sketched = on;
  part("sketch-invite").hidden = on;
}

const onSketch = (event) => {
  const box = sketch.getBoundingClientRect();
  return [((event.clientX - box.left) * SKETCH) / box.width, ((event.clientY - box.top) * SKETCH) / box.height];
};

function strokeTo(places) {
  ink.beginPath();
  ink.moveTo(...stroke);
  for (const place of places) ink.lineTo(...place);
  ink.stroke();
  stroke = places[places.length - 1];
  setSketched(true);
  ownSoon();
}

sketch.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || stroke) return;
  event.preventDefault(); // or a drag would select text
  sketch.setPointerCapture(event.pointerId);
  sketchTurn += 1;
  const [x, y] = (stroke = onSketch(event));
  strokeTo([[x + 0.01, y]]); // a line of no length leaves no dot
});
sketch.addEventListener("pointermove", (event) => {
  if (!stroke || !sketch.hasPointerCapture(event.pointerId)) return;
  const between = event.getCoalescedEvents?.() ?? []; // a fast hand moves several times a frame
  strokeTo((between.length ? between : [event]).map(onSketch));
});
sketch.addEventListener("lostpointercapture", () => (stroke = null)); // also after pointerup and pointercancel

// --- with keys: the arrows move the pen, Space puts it down and lifts it ---

function showPen(shown) {
  part("sketch-pen").hidden = !shown;
  part("sketch-pen").classList.toggle("down", pen.down);
  const [left, top] = pen.at.map((at) => `${(100 * at) / SKETCH}%`);
  Object.assign(part("sketch-pen").style, { left, top });
}

function penTo(place) {
  if (pen.down) {
    stroke = pen.at;
    strokeTo([place]);
    stroke = null;
  }
  pen.at = place;
}

sketch.addEventListener("keydown", (event) => {
  const step = KEYS[event.key];
  if (event.ctrlKey || event.metaKey || event.altKey || !(step || event.key === " ")) return;
  event.preventDefault();
  const size = event.shiftKey ? 3 * KEY_STEP : KEY_STEP;
  if (step) penTo([step[0], -step[1]].map((way, i) => Math.min(Math.max(pen.at[i] + way * size, 0), SKETCH)));
  else {
    pen.down = !pen.down;
    if (pen.down) sketchTurn += 1;
    penTo([pen.at[0] + (pen.down ? 0.01 : 0), pen.at[1]]);
  }
  showPen(true);
});
sketch.addEventListener("focus", () => showPen(sketch.matches(":focus-visible")));
sketch.addEventListener("blur", () => {
  pen.down = false;
  showPen(false);
});

function clearSketch() {
  sketchTurn += 1;
  stroke = null;
  pen.down = false;
  setSketched(false);
  blankSketch("#000", "#fff");
  ownAsk.drop();
  forgetOwn();
}

// --- a picture from a file: the browser reads it, and the server gets pixels only ---

async function uploadSketch(file) {
  const mine = ++sketchTurn, picture = await createImageBitmap(file).catch(() => null);
  if (mine !== sketchTurn) return picture?.close();
  if (!picture) return (part("own-note").textContent = say("draw.unreadable"));
  const scale = SKETCH / Math.max(picture.width, picture.height);
  const [width, height] = [picture.width * scale, picture.height * scale];
  const ground = groundOf(picture), bright = ground.reduce((sum, level) => sum + level) > 3 * 127;
  blankSketch(`rgb(${ground})`, bright ? "#000" : "#fff");
  ink.imageSmoothingQuality = "high";
  ink.drawImage(picture, (SKETCH - width) / 2, (SKETCH - height) / 2, width, height);
  picture.close();
  setSketched(true);
  ownSoon();
}

// The colour around a picture that is not square, and under one that is transparent: its border's; what its ink stands
// out from; or, of a sheet with a transparent margin or round corners, that of the sheet.
function groundOf(picture) {
  const small = document.createElement("canvas"), side = 32;
  Object.assign(small, { width: side, height: side });
  const context = small.getContext("2d");
  context.drawImage(picture, 0, 0, side, side);
  const { data } = context.getImageData(0, 0, side, side), all = Array.from({ length: side * side }, (_, i) => i);
  const [column, row, alpha] = [(i) => i % side, (i) => Math.floor(i / side), (i) => data[4 * i + 3]];
  const most = all.reduce((highest, i) => Math.max(highest, alpha(i)), 0), inked = all.filter((i) => alpha(i) > most / 2);
  const [left, right] = extent(inked.map(column)), [top, bottom] = extent(inked.map(row));
  const sheet = inked.length > 0.9 * (right - left + 1) * (bottom - top + 1);
  if (all.some((i) => alpha(i) < 250) && !(sheet && inked.length > 0.2 * all.length)) {
    const luma = (i) => 0.299 * data[4 * i] + 0.587 * data[4 * i + 1] + 0.114 * data[4 * i + 2];
    const weight = all.reduce((sum, i) => sum + alpha(i), 0), mean = all.reduce((sum, i) => sum + alpha(i) * luma(i), 0) / (weight || 1);
    return mean < 128 ? [255, 255, 255] : [0, 0, 0];
  }
  const border = inked.filter((i) => [left, right].includes(column(i)) || [top, bottom].includes(row(i)));
  return [0, 1, 2].map((channel) => border.map((i) => data[4 * i + channel]).sort((a, b) => a - b)[border.length >> 1]);
}

const extent = (places) => places.reduce(([low, high], place) => [Math.min(low, place), Math.max(high, place)], [32, 0]);

part("sketch-clear").onclick = clearSketch;
part("sketch-upload").onclick = () => part("sketch-file").click();
part("sketch-file").onchange = () => {
  const [file] = part("sketch-file").files;
  part("sketch-file").value = ""; // so that the same file can be chosen again
  if (file) uploadSketch(file);
};
sketch.addEventListener("dragover", (event) => event.preventDefault());
sketch.addEventListener("drop", (event) => {
  event.preventDefault();
  const [file] = event.dataTransfer.files;
  if (file) uploadSketch(file);
});

// --- what is sent ---

function greySketch() {
  const { data } = ink.getImageData(0, 0, SKETCH, SKETCH), grey = new Uint8Array(HALVED * HALVED);
  const luma = (i) => 299 * data[i] + 587 * data[i + 1] + 114 * data[i + 2]; // in thousandths: whole numbers
  for (let i = 0; i < grey.length; i++) {
    const first = 4 * (2 * Math.floor(i / HALVED) * SKETCH + 2 * (i % HALVED)), below = first + 4 * SKETCH;
    grey[i] = Math.round((luma(first) + luma(first + 4) + luma(below) + luma(below + 4)) / 4000);
  }
  return btoa(String.fromCharCode(...grey));
}
