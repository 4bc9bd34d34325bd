// What the server says of a training, in words: headline, bar and buttons.
const part = (role) => element.querySelector(`[data-role="${role}"]`);
const root = part("train");
const base = new URL("gradio_api/explorer/", document.baseURI);
const minus = (text) => text.replace("-", "−");
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const style = (name) => getComputedStyle(root).getPropertyValue(name).trim();
const still = matchMedia("(prefers-reduced-motion: reduce)");
const COLLAPSED = 0.1; // nats, below which a code says nothing of its picture
let newest = 0; // an answer of an older training is passed over
let current = null;
// Not in the stylesheet, which Gradio wraps in a rule, where no keyframes can stand.
const drift = part("bar").animate([{ marginLeft: "0" }, { marginLeft: "70%" }], { duration: 1400, iterations: Infinity, direction: "alternate", easing: "ease-in-out" });
drift.cancel();

const HEADLINES = {
  waiting: ({ place }) => (place > 1 ? say("train.waiting", { before: place - 1 }) : say("train.waiting.next")),
  running: ({ progress, epochs }) => {
    if (!progress.epoch) return say("train.starting");
    return progress.epoch < epochs ? say("train.running", { epoch: progress.epoch, epochs }) : say("train.packing");
  },
  done: ({ epochs }) => say(epochs === 1 ? "train.done.one" : "train.done", { epochs }),
  failed: ({ sentence }) => translated(sentence),
  ended: ({ sentence }) => translated(sentence),
  refused: ({ sentence }) => translated(sentence),
};
const DETAILS = {
  waiting: () => say("train.waiting.detail"),
  running: ({ progress, epochs, seconds: since }) => {
    const seconds = since.toFixed(0);
    if (!progress.epoch) return say("train.starting.detail", { seconds });
    const left = Math.ceil((since - began) * (epochs - progress.epoch) / progress.epoch);
    return say(left > 0 && progress.epoch > 2 ? "train.running.left" : "train.running.detail", { seconds, left });
  },
  done: ({ seconds, progress }) => {
    const unused = progress.losses?.kl.at(-1) < COLLAPSED;
    return say(unused ? "train.done.unused" : "train.done.detail", { seconds: seconds.toFixed(0) });
  },
};
let began = 0; // seconds until the first epochs were seen

function tell(value) {
  const { state, progress, epochs, model } = value;
  root.dataset.state = state;
  if (state === "running" && !progress.epoch) began = value.seconds;
  part("headline").textContent = HEADLINES[state](value);
  part("detail").textContent = DETAILS[state]?.(value) ?? "";
  const share = progress.epoch ? progress.epoch / epochs : 0;
  const meter = part("meter");
  const unknown = state === "waiting" || (state === "running" && (!share || share === 1));
  meter.classList.toggle("unknown", unknown);
  if (!unknown || still.matches) drift.cancel();
  else if (drift.playState !== "running") drift.play();
  meter.setAttribute("aria-valuemax", epochs);
  meter.setAttribute("aria-valuenow", progress.epoch ?? 0);
  part("bar").style.width = `${100 * share}%`;
  part("cancel").hidden = state !== "running" && state !== "waiting";
  for (const role of ["explore", "download"]) part(role).hidden = !model;
  if (model) part("download").href = new URL(`own.zip?model=${model}`, base);
}
