/**
 * A number as people read it, with a minus sign instead of a hyphen.
 *
 * @param {number} value
 * @param {number} digits after the point
 */
export const decimal = (value, digits) => value.toFixed(digits).replace("-", "−");
