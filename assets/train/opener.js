/**
 * @typedef {{ key: string, map?: object }} Value another key for each opening; what the map knows of the model
 * @typedef {import("../shared/component.js").Mounted<{ value: Value | null }>} Mounted
 */

let opened = ""; // the key of what the map has been told, so that it is told once

/**
 * Nothing to see: a model that the server has opened is shown on the map, which hears of it by an event of the document.
 *
 * @param {Mounted} mounted
 */
export function mount({ props, watch }) {
  const open = () => {
    if (!props.value?.map || props.value.key === opened) return;
    opened = props.value.key;
    document.dispatchEvent(new CustomEvent("explorer-open", { detail: props.value.map }));
  };
  watch("value", open);
  open();
}
