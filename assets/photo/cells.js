// Pointing: the same cell marked in the photo and in every channel, its pixels and its numbers beside it.
let cell = null; // { row, column }

function cellAt(event, box) {
  const bounds = box.getBoundingClientRect();
  const across = (event.clientX - bounds.left) / bounds.width, down = (event.clientY - bounds.top) / bounds.height;
  // The photo may end within its last cells, whose other pixels are padding; the channels show whole cells.
  const columns = box === frame ? current.width / current.step : current.columns;
  const rows = box === frame ? current.height / current.step : current.rows;
  return clampCell(Math.floor(down * rows), Math.floor(across * columns));
}

const clampCell = (row, column) => ({
  row: Math.min(Math.max(row, 0), current.rows - 1),
  column: Math.min(Math.max(column, 0), current.columns - 1),
});

function pointAt(place) {
  cell = place;
  const { step, width, height, rows, columns } = current;
  mark(part("cell"), cell, width / step, height / step);
  for (const marker of root.querySelectorAll(".channel .cell")) mark(marker, cell, columns, rows);
  const numbers = current.channels.map((_, i) => decimal(current.values[(i * rows + cell.row) * columns + cell.column], 2));
  const x = cell.column * step, y = cell.row * step;
  const reach = current.influence && sameCell(current.influence) ? ` · ${say("photo.influence", { reach: current.influence.reach })}` : "";
  part("reading").textContent = say("photo.reading", { ...cell, x, y, numbers: numbers.join("  ") }) + reach;
  drawPatch(x, y, step);
  part("influence").hidden = !reach;
}

const sameCell = (other) => cell && other.row === cell.row && other.column === cell.column;

function mark(marker, { row, column }, columns, rows) {
  marker.hidden = false;
  const box = { left: column / columns, top: row / rows, width: 1 / columns, height: 1 / rows };
  for (const [side, share] of Object.entries(box)) marker.style[side] = `${share * 100}%`;
}

function drawPatch(x, y, step) {
  const canvas = part("patch"), image = part("source");
  Object.assign(canvas, { width: step, height: step });
  if (image?.complete && image.naturalWidth) canvas.getContext("2d").drawImage(image, x, y, step, step, 0, 0, step, step);
}

function forgetCell() {
  cell = null;
  for (const marker of root.querySelectorAll(".cell")) marker.hidden = true;
  part("source")?.remove();
  const source = make("img", { src: layers.photo, hidden: true });
  source.dataset.role = "source"; // at full size, whatever the frame shows
  root.append(source);
}

function drawInfluence(influence) {
  if (influence) part("influence").src = influence.picture;
  part("influence").hidden = !influence;
  if (cell) pointAt(cell);
}

function listen(box) {
  box.onpointermove = (event) => pointAt(cellAt(event, box));
  box.onclick = (event) => {
    pointAt(cellAt(event, box));
    ask({ point: cell, decode: false });
  };
  box.onkeydown = (event) => {
    const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    const from = cell ?? { row: current.rows >> 1, column: current.columns >> 1 };
    if (event.key === "Enter" && cell) ask({ point: cell, decode: false });
    else if (event.key in moves) pointAt(clampCell(from.row + moves[event.key][0], from.column + moves[event.key][1]));
    else return;
    event.preventDefault();
  };
}
listen(frame);
