/**
 * What Gradio hands to a component's script.
 *
 * @template {object} Props
 * @typedef {object} Mounted
 * @property {HTMLElement} element
 * @property {Props} props `value` is what Python said last
 * @property {(event: string, data: object) => void} trigger
 * @property {(name: "value", changed: () => void) => void} watch only for changes from here on
 */

export {};
