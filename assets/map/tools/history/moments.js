// Between the moments that were kept.

/** A value at a moment, between those of the moments before and after. @param {number[]} values @param {number} at */
export function between(values, at) {
  const before = Math.floor(at);
  const after = Math.min(before + 1, values.length - 1);
  return values[before] + (values[after] - values[before]) * (at - before);
}
