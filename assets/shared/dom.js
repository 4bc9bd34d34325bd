const SVG = "http://www.w3.org/2000/svg";

/**
 * The steps of the arrow keys, to the right and up.
 *
 * @type {Record<string, [number, number]>}
 */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/** @typedef {<E extends Element = HTMLElement>(role: string, kind?: new () => E) => E} Part */

/**
 * Finds the parts of a component by the roles that its markup gives them.
 *
 * @param {ParentNode} root
 * @returns {Part} throws where there is no such part, or one of another kind
 */
export function partsOf(root) {
  /** @type {(role: string, kind?: any) => any} */
  const part = (role, kind = HTMLElement) => {
    const found = root.querySelector(`[data-role="${role}"]`);
    if (!(found instanceof kind)) throw new Error(`There is no ${kind.name} that is "${role}".`);
    return found;
  };
  return part;
}

/**
 * A new element with these properties, and what is none of its properties as attributes.
 *
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} properties
 * @param {(Node | string)[]} children
 */
export function make(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name in node) Object.assign(node, { [name]: value });
    else node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/**
 * Of the buttons in a group, one is pressed.
 *
 * @param {Element} group
 * @param {(button: HTMLButtonElement) => boolean} isPressed
 */
export function press(group, isPressed) {
  for (const button of buttons(group)) button.setAttribute("aria-pressed", String(isPressed(button)));
}

/** @param {Element} group */
export const buttons = (group) => [...group.children].filter((child) => child instanceof HTMLButtonElement);

/**
 * What a custom property of the stylesheet says here.
 *
 * @param {Element} element
 * @param {string} name
 */
export const style = (element, name) => getComputedStyle(element).getPropertyValue(name).trim();

/**
 * A new element of a drawing.
 *
 * @param {string} kind
 * @param {Record<string, unknown>} attributes
 * @param {string | number} text
 */
export function shape(kind, attributes, text = "") {
  const node = document.createElementNS(SVG, kind);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.textContent = String(text);
  return node;
}

/** @param {Element} group */
export const radios = (group) => [...group.querySelectorAll("input")];

/**
 * The value of the radio button that is chosen in a group.
 *
 * @param {Element} group
 */
export const chosen = (group) => radios(group).find((radio) => radio.checked)?.value ?? "";

/**
 * @param {Element} group
 * @param {string} value
 */
export function choose(group, value) {
  for (const radio of radios(group)) radio.checked = radio.value === value;
}

/**
 * Where on an element an event happened, in pixels.
 *
 * @param {MouseEvent} event
 * @param {Element} element
 */
export function placeIn(event, element) {
  const { left, top } = element.getBoundingClientRect();
  return [event.clientX - left, event.clientY - top];
}

/**
 * Scroll the row that an item is in, where there is too little room for all, until the item is in the middle.
 *
 * @param {Element} item
 */
export function centre(item) {
  const row = item.parentElement;
  if (!row) return;
  const [at, within] = [item, row].map((one) => one.getBoundingClientRect());
  row.scrollTo({ left: row.scrollLeft + at.left - within.left - (within.width - at.width) / 2 });
}

/**
 * @param {Blob} blob
 * @param {string} name
 */
export function saveAs(blob, name) {
  const link = make("a", { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
