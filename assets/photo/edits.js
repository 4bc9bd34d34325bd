// What the visitor changes. One request is under way at a time; the newest one waits, older ones are forgotten.
let edits = { channels: [], sigma: 0, noise_seed: 0, bits: 0, sample: null };
let asking = false;
let waiting = null;
let patience = 0;

function ask(more = {}) {
  const request = { key: current.key, edits, settings, decode: true, ...more };
  if (asking) {
    waiting = { ...request, decode: request.decode || Boolean(waiting?.decode) };
    return;
  }
  asking = true;
  part("busy").textContent = request.decode || request.point ? say("photo.decoding") : "";
  clearTimeout(patience);
  patience = setTimeout(answered, 30_000); // an answer that never comes must not lock the controls
  trigger("change_view", structuredClone(request));
}

function answered() {
  clearTimeout(patience);
  asking = false;
  part("busy").textContent = "";
  if (!waiting) return;
  const next = waiting;
  waiting = null;
  ask({ ...next, key: current.key, edits, settings });
}

function buildChannels(count) {
  part("channels").replaceChildren(...Array.from({ length: count }, (_, index) => {
    const number = index + 1, name = say("photo.channel", { number });
    const on = make("input", { type: "checkbox", checked: true });
    const reset = make("button", { type: "button", className: "reset", textContent: say("photo.channel.reset"), ariaLabel: say("photo.channel.reset.label", { number }) });
    const marker = make("i", { className: "cell", hidden: true });
    const picture = make("div", { className: "picture", tabIndex: 0 }, make("img", { draggable: false }), marker);
    picture.setAttribute("role", "application");
    picture.ariaLabel = say("photo.channel.label", { number });
    on.onchange = () => editChannel(index, { on: on.checked });
    reset.onclick = () => editChannel(index, identity());
    listen(picture);
    const header = make("header", {}, make("label", {}, on, name), reset);
    const box = make("section", { className: "channel" }, header, picture, make("div", { className: "scale" }), make("div", { className: "ends" }),
      make("dl", { className: "statistics" }), knob(index, "gain", -2, 3, 0.05), knob(index, "offset", -3, 3, 0.05));
    box.ariaLabel = name;
    return box;
  }));
}

function knob(index, name, min, max, step) {
  const said = say(`photo.knob.${name}`), ariaLabel = say("photo.knob.label", { knob: said, number: index + 1 });
  const slider = make("input", { type: "range", min, max, step, value: identity()[name], ariaLabel });
  slider.dataset.knob = name;
  slider.oninput = () => editChannel(index, { [name]: Number(slider.value) });
  return make("label", { className: "knob" }, said, slider, make("output", {}));
}

function editChannel(index, change) {
  Object.assign(edits.channels[index], change);
  showEdits();
  ask();
}

function showEdits() {
  edits.channels.forEach((channel, index) => {
    const box = part("channels").children[index];
    box.classList.toggle("off", !channel.on);
    box.classList.toggle("edited", channel.gain !== 1 || channel.offset !== 0 || !channel.on);
    box.querySelector("input[type=checkbox]").checked = channel.on;
    for (const slider of box.querySelectorAll("[data-knob]")) {
      slider.value = channel[slider.dataset.knob];
      slider.nextElementSibling.textContent = decimal(channel[slider.dataset.knob], 2);
    }
  });
  part("sigma").value = edits.sigma;
  part("sigma-value").textContent = decimal(edits.sigma, 2);
  part("noise-seed").value = edits.noise_seed;
  part("bits").value = edits.bits;
  part("mode").hidden = edits.sample === null;
  part("sample").textContent = say(edits.sample === null ? "photo.sample" : "photo.sample.again");
}

function resetEdits() {
  edits = { channels: current.channels.map(identity), sigma: 0, noise_seed: 0, bits: 0, sample: null };
  waiting = null;
  showEdits();
}

function drawChannel(channel, index) {
  const box = part("channels").children[index];
  Object.assign(box.querySelector("img"), { src: channel.picture, alt: say("photo.channel.picture", { number: index + 1 }) });
  box.querySelector(".scale").style.background = `linear-gradient(90deg, ${current.scale.join(", ")})`;
  const middle = current.deviation ? [] : [make("span", { textContent: "0" })];
  const end = (value) => make("span", { textContent: decimal(value, 2) });
  box.querySelector(".ends").replaceChildren(end(channel.low), ...middle, end(channel.high));
  box.querySelector(".statistics").replaceChildren(...["mean", "std", "min", "max"].map((name) =>
    make("div", {}, make("dt", { textContent: say(`photo.statistic.${name}`) }), make("dd", { textContent: decimal(channel[name], 2) }))));
}
