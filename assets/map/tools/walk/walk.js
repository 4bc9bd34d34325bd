// A walk past two to five anchors: its path on the map, and a film strip that plays forth and back.
const WALK_STEPS = 12; // pictures from one anchor to the next
const WALK_ANCHORS = 5;
const WALK_HINTS = [say("walk.hint.first"), say("walk.hint.second")];
let walkAnchors = []; // {x, y, point, z}: z is null while a picked point's latents are on their way
let walkFilm = null; // the answer: latents and places of its pictures
let walkAt = -1; // the picture under the cursor
let walkSpot = null; // where that left the cursor: anything else that moves it ends the playing
let walkPlaying = false, walkTurn = 0;

const walkMethod = () => part("walk-method").querySelector(":checked").value;
const walkPace = () => Number(part("walk-speed").value);
const walkSays = (sentence) => (part("walk-note").textContent = sentence);
const walkKnown = () => walkAnchors.every(({ z }) => z);
const walkQuestion = () => ({
  model: state.model, anchors: walkAnchors.map(({ z }) => z), steps: WALK_STEPS, method: walkMethod(),
});

const walkAsk = new Latest("walk", (told) => {
  showFilm(told);
  if (walkKnown()) walkSays(say("walk.note.film", { count: told.latents.length }));
}, (sentence) => {
  showFilm(null);
  walkSays(sentence);
});

// --- anchors ---

function addAnchor() {
  const { x, y, point } = state, last = walkAnchors[walkAnchors.length - 1];
  if (walkAnchors.length === WALK_ANCHORS) return walkSays(say("walk.note.sixth"));
  if (last && last.x === x && last.y === y) return walkSays(say("walk.note.same", { number: walkAnchors.length }));
  const z = point === null || dimensions() === 2 ? latentHere() : pointLatents.get(point) ?? null;
  walkAnchors.push({ x, y, point, z });
  walkChanged();
}

function walkChanged() {
  lit("walk", walkAnchors.length > 0);
  for (const role of ["walk-undo", "walk-clear"]) part(role).disabled = !walkAnchors.length;
  part("walk-film").dataset.anchors = JSON.stringify(walkAnchors.map(({ z }) => z));
  walkSays(WALK_HINTS[walkAnchors.length] ?? "");
  if (walkAnchors.length < 2) {
    walkAsk.drop();
    showFilm(null);
  } else {
    drawWalk();
    walkSoon();
  }
}

function walkSoon() {
  walkSays(say("walk.note.decoding"));
  remember();
  if (walkKnown()) walkAsk.ask({ ...subject(), ...walkQuestion() }); // else when the picked points' latents have come
}

// A picked point's latents have come.
function anchorsArrive() {
  const before = walkKnown();
  for (const anchor of walkAnchors) anchor.z ??= pointLatents.get(anchor.point) ?? null;
  if (!before && walkKnown()) walkChanged();
}

function forgetWalk() {
  stopWalk();
  walkAnchors = [];
  walkChanged();
}

// --- film ---

function showFilm(told) {
  walkFilm = told;
  if (!told) stopWalk();
  for (const role of ["walk-play", "walk-gif", "walk-npz"]) part(role).disabled = !told;
  const film = part("walk-film");
  film.dataset.method = told ? walkMethod() : "";
  const [, height, width] = told?.shape ?? [];
  film.replaceChildren(...(told ? pictures(told) : []).map((pixels, i) => filmPicture(pixels, width, height, i)));
  const last = (told?.latents.length ?? 0) - 1;
  markPicture(walkPlaying ? Math.min(walkAt, last) : [0, last].find((i) => isHere(told?.xy[i])) ?? -1);
  drawWalk();
}

function filmPicture(pixels, width, height, i) {
  const anchor = i % WALK_STEPS ? 0 : i / WALK_STEPS + 1;
  const title = anchor ? say("walk.anchor.title", { number: anchor }) : say("walk.picture.title", { number: i + 1 });
  const made = thumb(pixels, width, height, title, () => visitPicture(i)), number = document.createElement("small");
  number.textContent = anchor || "";
  made.append(number);
  made.tabIndex = i ? -1 : 0; // one stop for the keyboard; arrows go on from there
  return made;
}

const isHere = (xy) => Boolean(xy) && Math.hypot(xy[0] - state.x, xy[1] - state.y) < 1e-4;
const spotHere = () => [state.model, state.plane, state.x, state.y, state.point, state.z];
const stillThere = () => Boolean(walkSpot) && spotHere().every((value, i) => value === walkSpot[i]);

function goToPicture(i) {
  setLatent(walkFilm.latents[i]);
  markPicture(i);
}

function markPicture(i) {
  const shown = part("walk-film").children;
  shown[walkAt]?.removeAttribute("aria-current");
  walkAt = i;
  walkSpot = spotHere();
  const now = shown[i];
  if (!now) return;
  now.setAttribute("aria-current", "true");
  for (const other of shown) other.tabIndex = other === now ? 0 : -1;
  centre(now);
}

function visitPicture(i) {
  stopWalk();
  goToPicture(i);
  bringIntoView(state.x, state.y);
  pick();
  remember();
}

part("walk-film").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const next = part("walk-film").children[[...part("walk-film").children].indexOf(document.activeElement) + step];
  if (!step || !next) return;
  event.preventDefault();
  next.focus({ preventScroll: true });
  next.click();
});

// --- playing ---

function playWalk() {
  const mine = ++walkTurn;
  let tick = Math.max(walkAt, 0), due = performance.now() + walkPace();
  walkPlaying = true;
  part("walk-play").textContent = say("walk.pause");
  goToPicture(tick);
  pick();
  const step = (now) => {
    if (mine !== walkTurn) return;
    if (!stillThere() || !plot.clientWidth) return stopWalk();
    if (now >= due) {
      due = Math.max(due + walkPace(), now);
      const last = walkFilm.latents.length - 1;
      tick = (tick + 1) % (2 * last); // forth and back
      goToPicture(last - Math.abs(last - tick));
    }
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

function stopWalk() {
  if (!walkPlaying) return;
  walkTurn += 1;
  walkPlaying = false;
  part("walk-play").textContent = say("walk.play");
  remember();
}

// --- drawing ---

function drawWalk() {
  overlay("walk", walkAnchors.length ? () => [...(walkFilm ? walkPath(walkFilm.xy) : []), ...walkAnchors.flatMap(walkPin)] : null);
}

function walkPath(xy) {
  const line = outline(xy);
  const steps = xy.map((place) => toPixels(...place)).map(([cx, cy]) => shape("circle", { cx, cy, r: 2.5, class: "walk-step" }));
  return [
    shape("polyline", { points: line, class: "walk-path casing" }),
    shape("polyline", { points: line, class: "walk-path", "data-role": "walk-path" }),
    ...steps,
  ];
}

// A numbered pin, above its place so that the cursor does not hide the number; below it at the upper edge.
function walkPin({ x, y }, i) {
  const [cx, cy] = toPixels(x, y), up = cy < 40 ? -1 : 1;
  const drop = "M0 0C-2 -7 -10 -12 -10 -21a10 10 0 1 1 20 0C10 -12 2 -7 0 0z";
  return [
    shape("path", { d: drop, transform: `translate(${cx} ${cy}) scale(1 ${up})`, class: "walk-pin" }),
    shape("text", { x: cx, y: cy - 21 * up + 4, class: "walk-number" }, i + 1),
  ];
}

// --- controls ---

async function saveWalk(kind) {
  try {
    download(await ask("walk_file", { ...walkQuestion(), kind, speed: walkPace() }));
  } catch (error) {
    walkSays(error.message);
  }
}

const showPace = () => (part("walk-pace").textContent = say("walk.pace", { pace: walkPace() }));
part("walk-play").onclick = () => (walkPlaying ? stopWalk() : playWalk());
part("walk-undo").onclick = () => {
  walkAnchors.pop();
  walkChanged();
};
part("walk-clear").onclick = forgetWalk;
part("walk-gif").onclick = () => saveWalk("gif");
part("walk-npz").onclick = () => saveWalk("npz");
part("walk-speed").oninput = showPace;
for (const input of part("walk-method").querySelectorAll("input")) input.onchange = () => walkAnchors.length > 1 && walkSoon();
pad.addEventListener("pointerdown", stopWalk);
showPace();
walkSays(WALK_HINTS[0]);

addTool("walk", {
  click: addAnchor,
  toLink: () => ({
    anchors: walkKnown() ? walkAnchors.map(({ z }) => z.map(short).join(",")).join(";") : null,
    walk: walkAnchors.length && walkMethod() === "spherical" ? "spherical" : null,
  }),
  fromLink: {
    walk(text) {
      part("walk-method").querySelector(`[value="${CSS.escape(text)}"]`).checked = true;
    },
    anchors(text) {
      const latents = text.split(";").map((z) => numbers(z, dimensions()));
      if (latents.length > WALK_ANCHORS) throw new Error("anchors");
      walkAnchors = latents.map((z) => {
        const [x, y] = z.length === 2 ? z : project(z);
        return { x, y, point: null, z };
      });
      walkChanged();
    },
  },
  moved() {
    if (!walkKnown()) anchorsArrive();
    if (walkAt < 0 || stillThere()) return;
    stopWalk();
    markPicture(-1);
  },
  cleared: forgetWalk,
});
