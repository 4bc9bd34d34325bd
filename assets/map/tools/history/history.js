// How the map formed: the points of some moments of the training, and what lies between them.
const HISTORY_SECONDS = 8;
const CURVE = { left: 4, right: 256, top: 8, bottom: 104 };
let formed = null; // the answer, with its places as floats
let playing = 0; // the animation's number, 0 while it rests
let historyTurn = 0;
let momentAsked = null; // by the link

async function openHistory() {
  if (formed) return showMoment();
  const mine = ++historyTurn;
  part("history-words").textContent = say("history.fetching");
  try {
    const told = await ask("formation", subject());
    if (mine !== historyTurn) return;
    formed = { ...told, places: floats(told.values) };
    Object.assign(part("history-at"), { max: formed.shape[0] - 1 });
    part("history-at").value = momentAsked ?? formed.shape[0] - 1;
    momentAsked = null;
    part("history-note").textContent = say("history.note", { points: formed.shape[1].toLocaleString("en"), moments: formed.shape[0] });
    drawCurve();
    showMoment();
  } catch (error) {
    if (mine === historyTurn) part("history-words").textContent = error.message;
  }
}

const moment = () => Number(part("history-at").value);

function stepAt(at) {
  const before = Math.floor(at), after = Math.min(before + 1, formed.steps.length - 1);
  return formed.steps[before] + (formed.steps[after] - formed.steps[before]) * (at - before);
}

function showMoment() {
  const on = open === "history" && formed !== null;
  root.classList.toggle("forming", on);
  if (!on) return drawForming();
  const at = moment(), epoch = stepAt(at) / formed.steps_per_epoch, epochs = formed.losses.loss.length;
  const reached = formed.losses.reconstruction[Math.min(Math.floor(epoch), epochs - 1)];
  const step = Math.round(stepAt(at)).toLocaleString("en"), loss = Number(reached.toPrecision(4));
  part("history-words").textContent = say("history.words", { step, epoch: decimal(epoch, 1), epochs, loss });
  root.dataset.moment = at;
  part("curve").querySelector(".now")?.setAttribute("transform", `translate(${curveX(epoch)} 0)`);
  drawForming();
}

function drawForming() {
  const context = blank(part("forming"), plot.clientWidth, plot.clientHeight);
  if (open !== "history" || !formed || !plot._fullLayout?.xaxis) return;
  const { places, shape: [count, size] } = formed, at = moment(), before = Math.floor(at), share = at - before;
  const [first, second] = [before, Math.min(before + 1, count - 1)].map((i) => 2 * i * size);
  const [[x0, dx], [y0, dy]] = linear();
  context.globalAlpha = 0.8;
  points.index.forEach((index, row) => {
    if (index >= size || state.hidden.has(points.label[row])) return;
    const [x, y] = [0, 1].map((i) => places[first + 2 * index + i] * (1 - share) + places[second + 2 * index + i] * share);
    context.fillStyle = colours[points.label[row]];
    context.fillRect(x0 + dx * x - 2, y0 + dy * y - 2, 4, 4);
  });
}

// --- the loss curve ---

const curveX = (epoch) => CURVE.left + (CURVE.right - CURVE.left) * Math.min(epoch / formed.losses.loss.length, 1);

function drawCurve() {
  const { reconstruction, test_reconstruction: test } = formed.losses, all = [...reconstruction, ...test];
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const y = (loss) => CURVE.bottom - ((CURVE.bottom - CURVE.top) * (loss - low)) / (high - low || 1);
  const line = (losses, kind) => shape("polyline", { class: kind, points: losses.map((loss, i) => `${curveX(i + 1)},${y(loss)}`).join(" ") });
  part("curve").replaceChildren(
    shape("path", { class: "frame", d: `M${CURVE.left} ${CURVE.top}V${CURVE.bottom}H${CURVE.right}` }),
    line(reconstruction, "train"), line(test, "test"),
    shape("text", { x: CURVE.left + 4, y: CURVE.top + 6 }, high.toPrecision(3)), shape("text", { x: CURVE.right, y: 117, "text-anchor": "end" }, say("history.epoch", { epoch: reconstruction.length })),
    shape("text", { x: CURVE.left, y: 117 }, say("history.lowest", { loss: low.toPrecision(3) })),
    shape("line", { class: "now", y1: CURVE.top, y2: CURVE.bottom }),
  );
}

// --- playing ---

function playHistory() {
  if (playing || !formed) return stopHistory();
  const last = formed.shape[0] - 1, from = moment() >= last ? 0 : moment(), begin = performance.now();
  part("history-play").textContent = say("history.pause");
  const step = (now) => {
    const at = Math.min(from + ((now - begin) / 1000 / HISTORY_SECONDS) * last, last);
    part("history-at").value = at;
    showMoment();
    if (at >= last) stopHistory();
    else playing = requestAnimationFrame(step);
  };
  playing = requestAnimationFrame(step);
}

function stopHistory() {
  cancelAnimationFrame(playing);
  playing = 0;
  part("history-play").textContent = say("history.play");
}

part("history-play").onclick = playHistory;
part("history-at").oninput = () => {
  stopHistory();
  if (formed) showMoment();
};
part("history-at").onchange = remember;

addTool("history", {
  opened: openHistory,
  closed() {
    stopHistory();
    showMoment();
  },
  toLink: () => ({ moment: open === "history" && formed && moment() < formed.shape[0] - 1 ? short(moment()) : null }),
  fromLink: {
    moment(text) {
      [momentAsked] = numbers(text, 1);
    },
  },
  viewed: drawForming,
  filtered: drawForming,
  shown: () => open === "history" && openHistory(),
  cleared() {
    historyTurn += 1;
    stopHistory();
    formed = null;
    root.classList.remove("forming");
    drawForming();
    for (const role of ["history-words", "history-note"]) part(role).textContent = "";
    part("curve").replaceChildren();
  },
});
