// A tour of seven stops over all tabs. The map hears of a stop by an event of the document and sets itself to it.
const STOPS = 7, PHOTO_STOP = 7;
document.title = say("page.title");
const part = (role) => element.querySelector(`[data-role="${role}"]`);
let at = 0; // 0: no tour

// The page's own tabs; the map's tools are tabs too, but carry what they open.
const pageTabs = () => [...document.querySelectorAll('button[role="tab"]')].filter((tab) => !tab.dataset.open && tab.offsetParent);

function goToStop(next) {
  at = next;
  part("stop").hidden = at === 0;
  part("start").hidden = at !== 0;
  if (!at) return part("start").focus();
  part("count").textContent = say("tour.count", { at, all: STOPS });
  part("text").textContent = say(`tour.${at}`);
  part("back").disabled = at === 1;
  part("next").textContent = say(at === STOPS ? "tour.done" : "tour.next");
  pageTabs()[at === PHOTO_STOP ? 1 : 0]?.click();
  document.dispatchEvent(new CustomEvent("explorer-stop", { detail: at }));
  if (at === PHOTO_STOP) setTimeout(() => document.querySelector("#photo-examples .examples button")?.click(), 300);
  part("next").focus({ preventScroll: true });
}

part("start").onclick = () => goToStop(1);
part("next").onclick = () => goToStop(at === STOPS ? 0 : at + 1);
part("back").onclick = () => goToStop(at - 1);
part("end").onclick = () => goToStop(0);
element.addEventListener("keydown", (event) => event.key === "Escape" && at && goToStop(0));
