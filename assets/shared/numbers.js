/**
 * A number as people read it, with a minus sign instead of a hyphen.
 *
 * @param {number} value
 * @param {number} digits after the point
 */
export const decimal = (value, digits) => value.toFixed(digits).replace("-", "−");

/**
 * A count with its thousands set apart.
 *
 * @param {number} count
 */
export const grouped = (count) => count.toLocaleString("en");

/**
 * Six digits, as short as can be.
 *
 * @param {number} value
 */
export const short = (value) => String(Number(value.toPrecision(6)));
