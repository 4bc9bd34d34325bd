// The events, and the start; comes last, when everything else is defined.
function redraw() {
  drawCurve(current ?? { progress: {}, epochs: 200 });
  drawCloud();
}

function receive() {
  const value = props.value;
  if (!value) return;
  if (value.state === "refused") {
    if (root.dataset.state !== "running" && root.dataset.state !== "waiting") root.dataset.state = "failed";
    part("detail").textContent = value.sentence;
    return;
  }
  if (value.number < newest) return;
  if (value.number > newest) forget();
  newest = value.number;
  current = value;
  tell(value);
  drawNumbers(value);
  drawCurve(value);
  if (!value.progress.epoch) return;
  part("empty").hidden = true;
  root.dataset.epoch = value.progress.epoch;
  moveTo([...new Float32Array(bytes(value.progress.points).buffer)]);
  part("plane").textContent = say(value.latent_dim > 2 ? "train.across.plane" : "train.across", { width: (2 * cloud.to.box[2]).toFixed(1) });
  drawPictures(value.progress);
}

function forget() { // what an earlier training has drawn
  Object.assign(cloud, { from: null, to: null });
  part("empty").hidden = false;
  part("plane").textContent = "";
  delete root.dataset.epoch;
  for (const role of ["cloud", "reconstructions"]) part(role).getContext("2d").clearRect(0, 0, part(role).width, part(role).height);
}

part("cancel").onclick = () => trigger("cancel", {});
part("explore").onclick = () => trigger("explore", { model: current.model });
new ResizeObserver(redraw).observe(root);
new MutationObserver(redraw).observe(document.body, { attributeFilter: ["class"] });
watch("value", receive);
drawKey();
drawNumbers({ progress: {} });
receive();
redraw();
