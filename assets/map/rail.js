// The strip of tools beside the map; one is open at a time.
const ICONS = { // 20 × 20, stroked
  point: "M10 3v4M10 13v4M3 10h4M13 10h4M10 9a1 1 0 100 2 1 1 0 000-2",
  lattice: "M3 3h14v14H3zM3 7.7h14M3 12.3h14M7.7 3v14M12.3 3v14",
  trust: "M10 2.5l6.5 2.3v4.7c0 3.9-2.7 6.7-6.5 8-3.8-1.3-6.5-4.1-6.5-8V4.8zM7 10l2.2 2.2L13.2 8",
  walk: "M4 14.5c0-6 12-2 12-9M4 17.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3M16 5.5a1.5 1.5 0 100-3 1.5 1.5 0 000 3",
  sample: "M3.5 3.5h13v13h-13zM7 7h.01M13 7h.01M10 10h.01M7 13h.01M13 13h.01",
  draw: "M4 16l.8-3.4L13.5 4 16 6.5l-8.6 8.7zM11.7 5.8l2.5 2.5",
  axes: "M3 5.5h14M3 10h14M3 14.5h14M7 4v3M13 8.5v3M9 13v3",
  direction: "M4 16L15.5 4.5M9.5 4.5h6v6",
  select: "M4 3.5h2M9 3.5h2M14 3.5h2.5V6M16.5 9v2M16.5 14v2.5H14M11 16.5H9M6 16.5H3.5V14M3.5 11V9M3.5 6V3.5",
  compare: "M3 4h6v12H3zM11 4h6v12h-6M5 8h.01M6 12h.01M14 7h.01M15 11h.01M13 13h.01",
  history: "M3.5 10a6.5 6.5 0 106.5-6.5c-2.3 0-4.3 1.2-5.5 3M4.5 3.5v3h3M10 6.5V10l2.5 2",
};
const NAMES = Object.keys(ICONS);
const tools = {}; // name -> its hooks: opened, closed, moved, viewed, shown, cleared, click, press, pen, stepped
let open = "point";

function addTool(name, hooks) {
  tools[name] = hooks;
}

const each = (hook, ...values) => Object.values(tools).forEach((tool) => tool[hook]?.(...values));
const tab = (name) => part("strip").querySelector(`[data-open="${name}"]`);
const panel = (name) => part("panels").querySelector(`[data-tool="${name}"]`);

function openTool(name) {
  if (name === open) return;
  const before = open;
  open = name;
  for (const other of NAMES) {
    tab(other).setAttribute("aria-selected", String(other === name));
    tab(other).tabIndex = other === name ? 0 : -1;
    panel(other).hidden = other !== name;
  }
  root.dataset.tool = name;
  centre(tab(name));
  tools[before].closed?.();
  tools[name].opened?.();
  remember();
}

// In a row that scrolls, where there is too little room for all.
function centre(item) {
  const row = item.parentElement, [at, within] = [item, row].map((one) => one.getBoundingClientRect());
  row.scrollTo({ left: row.scrollLeft + at.left - within.left - (within.width - at.width) / 2 });
}

// A dot on a tool that goes on working while another is open.
const lit = (name, on) => tab(name).classList.toggle("lit", on);

function drawStrip() {
  part("strip").append(...NAMES.map((name) => {
    const button = document.createElement("button"), label = document.createElement("span");
    const icon = shape("svg", { viewBox: "0 0 20 20", "aria-hidden": "true" });
    icon.append(shape("path", { d: ICONS[name] }));
    label.textContent = say(`rail.${name}`);
    Object.assign(button, { type: "button", id: `explorer-tab-${name}` });
    button.dataset.open = name;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-selected", String(name === open));
    button.tabIndex = name === open ? 0 : -1;
    button.append(icon, label);
    button.onclick = () => openTool(name);
    panel(name).setAttribute("role", "tabpanel");
    panel(name).setAttribute("aria-labelledby", button.id);
    return button;
  }));
  root.dataset.tool = open;
}

part("strip").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const next = NAMES[(NAMES.indexOf(open) + step + NAMES.length) % NAMES.length];
  openTool(next);
  tab(next).focus();
});

// --- pieces that several panels share ---

function thumb(pixels, width, height, title, onclick) {
  const button = document.createElement("button"), picture = document.createElement("canvas");
  Object.assign(button, { type: "button", title, onclick });
  button.setAttribute("aria-label", title);
  paint(picture, pixels, width, height);
  button.append(picture);
  return button;
}

// Shares of one as labelled bars, the largest first: [[name, share, colour?], ...]
function bars(target, shares, written = (share) => `${Math.round(100 * share)} %`) {
  const largest = Math.max(...shares.map(([, share]) => share), 1e-9);
  target.replaceChildren(...shares.map(([name, share, colour]) => {
    const row = document.createElement("div"), label = document.createElement("span"), number = document.createElement("span");
    const track = document.createElement("i"), bar = document.createElement("b");
    label.textContent = name;
    number.textContent = written(share);
    bar.style.width = `${(100 * share) / largest}%`;
    if (colour) bar.style.background = colour;
    track.append(bar);
    row.append(label, track, number);
    return row;
  }));
}

const likeliest = (classes, count = 3) => classes.map((share, label) => [className(label), share, colours[label]])
  .sort((a, b) => b[1] - a[1]).slice(0, count);

// How strongly the points show: one value behind a slider in several panels.
function setLook(value) {
  root.style.setProperty("--points", value / 100);
  for (const slider of element.querySelectorAll('[data-look="points"]')) slider.value = value;
}
for (const slider of element.querySelectorAll('[data-look="points"]')) slider.oninput = () => setLook(Number(slider.value));

function stepBack(on) { // points make room for what is drawn under them, unless the visitor has chosen
  const slider = element.querySelector('[data-look="points"]');
  if (on && Number(slider.value) === 100) setLook(60);
  if (!on && !under.pictures && !under.heat && Number(slider.value) === 60) setLook(100);
}
drawStrip();
