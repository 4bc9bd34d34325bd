// The test points on their way: a canvas that moves each from where it was to where it is.
const MOVE = 260; // milliseconds, about as long as from one answer to the next
const cloud = { from: null, to: null, since: 0, drawing: 0 };
const names = props.class_names, labels = props.labels, palette = props.palette;

// The least box in which nearly all points lie, as centre and half a side: [x, y, half].
function box(points) {
  const sorted = [0, 1].map((axis) => points.filter((_, i) => i % 2 === axis).sort((a, b) => a - b));
  const ends = sorted.map((values) => [values[Math.floor(0.005 * values.length)], values[Math.ceil(0.995 * values.length) - 1]]);
  return [...ends.map(([low, high]) => (low + high) / 2), Math.max(...ends.map(([low, high]) => (high - low) / 2), 1e-3) * 1.1];
}

function moveTo(points) {
  const target = { points, box: box(points) };
  cloud.from = cloud.to ? between(progressOf()) : target;
  cloud.to = target;
  cloud.since = performance.now();
  if (!cloud.drawing) cloud.drawing = requestAnimationFrame(drawCloud);
}

const progressOf = () => (still.matches ? 1 : Math.min((performance.now() - cloud.since) / MOVE, 1));
const mix = (a, b, t) => a.map((value, i) => value + (b[i] - value) * t);
const between = (t) => ({ points: mix(cloud.from.points, cloud.to.points, t), box: mix(cloud.from.box, cloud.to.box, t) });

function fitted(canvas) { // its context, in CSS pixels
  const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight;
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    Object.assign(canvas, { width: Math.round(width * ratio), height: Math.round(height * ratio) });
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return [context, width, height];
}

function drawCloud() {
  cloud.drawing = 0;
  if (!cloud.to || !part("cloud").clientWidth) return;
  const t = progressOf(), { points, box: [cx, cy, half] } = between(t);
  const [context, width, height] = fitted(part("cloud"));
  const scale = Math.min(width, height) / 2 / half;
  const place = (i) => [width / 2 + (points[2 * i] - cx) * scale, height / 2 - (points[2 * i + 1] - cy) * scale];
  context.strokeStyle = style("--border-color-primary");
  context.lineWidth = 1;
  for (const [x, y, right, down] of [[width / 2 - cx * scale, 0, 0, height], [0, height / 2 + cy * scale, width, 0]]) {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + right, y + down);
    context.stroke();
  }
  const radius = Math.max(2.2, Math.min(width, height) / 130);
  context.globalAlpha = 0.8;
  labels.forEach((label, i) => {
    context.fillStyle = palette[label % palette.length];
    context.beginPath();
    context.arc(...place(i), radius, 0, 2 * Math.PI);
    context.fill();
  });
  context.globalAlpha = 1;
  drawNames(context, place);
  if (t < 1) cloud.drawing = requestAnimationFrame(drawCloud);
}

function drawNames(context, place) { // at each class's middle
  context.font = "600 14px ui-sans-serif, system-ui, sans-serif";
  Object.assign(context, { textAlign: "center", textBaseline: "middle", lineWidth: 4, lineJoin: "round" });
  context.strokeStyle = style("--background-fill-primary");
  context.fillStyle = style("--body-text-color");
  names.forEach((name, label) => {
    const places = labels.flatMap((other, i) => (other === label ? [place(i)] : []));
    const [x, y] = [0, 1].map((axis) => places.map((at) => at[axis]).sort((a, b) => a - b)[places.length >> 1]);
    context.strokeText(name, x, y);
    context.fillText(name, x, y);
  });
}

function drawKey() {
  part("legend").append(...names.map((name, label) => {
    const entry = document.createElement("span"), dot = document.createElement("i");
    dot.style.background = palette[label % palette.length];
    entry.append(dot, name);
    return entry;
  }));
}
