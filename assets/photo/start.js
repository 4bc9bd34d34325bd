// The controls below the channels and above them, and the start.
const change = (values) => {
  Object.assign(edits, values);
  showEdits();
  ask();
};
part("sigma").oninput = () => change({ sigma: Number(part("sigma").value) });
part("noise-seed").onchange = () => change({ noise_seed: Math.min(Math.max(Math.round(Number(part("noise-seed").value)) || 0, 0), 2 ** 31 - 1) });
part("bits").onchange = () => change({ bits: Number(part("bits").value) });
part("sample").onclick = () => change({ sample: edits.sample === null ? 0 : edits.sample + 1 });
part("mode").onclick = () => change({ sample: null });
part("reset-all").onclick = () => {
  resetEdits();
  ask();
};
for (const button of part("views").children) {
  button.onclick = () => {
    press("views", button);
    settings.view = button.dataset.view;
    ask({ decode: false });
  };
}
for (const button of part("scales").children) {
  button.onclick = () => {
    press("scales", button);
    settings.shared = button.dataset.scale === "shared";
    ask({ decode: false });
  };
}
part("percentile").onchange = () => {
  settings.percentile = Number(part("percentile").value);
  ask({ decode: false });
};

function receive() {
  if (props.value?.stale) return; // its photo has been replaced, and the new one's arrival counted as the answer
  if (!props.value?.failed) draw(props.value);
  answered();
}
watch("value", receive);
if (props.value) receive();
