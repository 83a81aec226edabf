/**
 * A sum over a plane that tells whether two programs hold the same one: over all pixels (i + 1) times the number of
 * pixel i, modulo 2^32. It is kept up to date with each change, run by run.
 */

/** Give the sum of a whole plane. */
export function checkOf(plane) {
  let sum = 0;
  for (let at = 0; at < plane.length; at += 1) if (plane[at] !== 0) sum = (sum + Math.imul(at + 1, plane[at])) | 0;
  return sum >>> 0;
}

/**
 * Give what a change adds to the sum of its plane.
 * @param {import("./changes.js").Change} change
 * @param {boolean} isMade - False when it is taken back.
 */
export function addedBy({ starts, lengths, before, after }, isMade) {
  const [old, next] = isMade ? [before, after] : [after, before];
  let sum = 0;
  for (let run = 0; run < starts.length; run += 1) {
    const places = (lengths[run] * (2 * starts[run] + lengths[run] + 1)) / 2; // whole, and below 2^53
    const difference = next[next.length > 1 ? run : 0] - old[old.length > 1 ? run : 0];
    sum = (sum + Math.imul(places % 2 ** 32, difference)) | 0;
  }
  return sum >>> 0;
}
