// The losses by epoch, and a test image of each class above its reconstruction.
const CURVES = [["reconstruction", "training", "--accent"], ["test_reconstruction", "test", "--test"], ["kl", "kl", "--kl"]];

function drawCurve({ progress, epochs }) {
  const canvas = part("curve");
  if (!canvas.clientWidth) return;
  const [context, width, height] = fitted(canvas), left = 26, bottom = 18;
  const losses = progress.losses ?? {};
  const top = niceTop(Math.max(...Object.values(losses).flat(), losses.kl ? 1 : 40));
  const at = (epoch, loss) => [
    left + 4 + ((width - left - 8) * (epoch - 1)) / Math.max(epochs - 1, 1),
    height - bottom - ((height - bottom - 6) * loss) / top,
  ];
  drawAxes(context, at, top, epochs, width, left);
  context.lineWidth = 2;
  context.lineJoin = "round";
  for (const [key, , colour] of CURVES) {
    const values = losses[key] ?? [];
    context.strokeStyle = context.fillStyle = style(colour);
    context.beginPath();
    values.forEach((loss, i) => loss !== null && context.lineTo(...at(i + 1, loss)));
    context.stroke();
    if (!values.length) continue;
    context.beginPath();
    context.arc(...at(values.length, values.at(-1) ?? 0), 3, 0, 2 * Math.PI);
    context.fill();
  }
}

const niceTop = (most) => [1, 2, 5, 10, 20, 30, 40, 50, 60, 80, 100, 200, 500, 1000].find((top) => top >= most) ?? most;

function drawAxes(context, at, top, epochs, width, left) {
  Object.assign(context, { font: "11px ui-sans-serif, system-ui, sans-serif", fillStyle: style("--body-text-color-subdued"), lineWidth: 1 });
  context.strokeStyle = style("--border-color-primary");
  Object.assign(context, { textAlign: "right", textBaseline: "middle" });
  for (const loss of [0, top / 2, top]) {
    const y = Math.round(at(1, loss)[1]) + 0.5;
    context.beginPath();
    context.moveTo(left, y);
    context.lineTo(width, y);
    context.stroke();
    context.fillText(String(loss), left - 5, y);
  }
  context.textBaseline = "top";
  for (const epoch of new Set([1, epochs])) {
    const [x, y] = at(epoch, 0);
    context.textAlign = epoch === 1 ? "left" : "right";
    context.fillText(epoch === 1 ? say("train.loss.first") : String(epoch), epoch === 1 ? left : x + 4, y + 5);
  }
}

function drawNumbers({ progress }) {
  part("numbers").replaceChildren(...CURVES.map(([key, name, colour]) => {
    const entry = document.createElement("div"), term = document.createElement("dt"), mark = document.createElement("i"), number = document.createElement("dd");
    mark.style.background = `var(${colour})`;
    term.append(mark, say(`train.loss.${name}`));
    const last = progress.losses?.[key].at(-1);
    number.textContent = typeof last === "number" ? minus(last.toFixed(2)) : "–";
    entry.append(term, number);
    return entry;
  }));
}

function drawPictures({ pictures, side }) {
  const canvas = part("reconstructions"), grey = bytes(pictures), count = names.length;
  Object.assign(canvas, { width: count * (side + 1) - 1, height: 2 * side + 1 });
  const context = canvas.getContext("2d");
  for (let row = 0; row < 2; row++) for (let column = 0; column < count; column++) {
    const image = context.createImageData(side, side), start = (row * count + column) * side * side;
    for (let i = 0; i < side * side; i++) image.data.set([grey[start + i], grey[start + i], grey[start + i], 255], 4 * i);
    context.putImageData(image, column * (side + 1), row * (side + 1));
  }
}
