// The order in which a film's pictures are shown.

/** Which of `count` pictures is shown at a tick: to the last one, back to the first, and so on. @param {number} tick @param {number} count */
export function forthAndBack(tick, count) {
  const last = count - 1;
  return last - Math.abs(last - (tick % (2 * last)));
}
