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
