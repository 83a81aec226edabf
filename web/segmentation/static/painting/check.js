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
  const [oldStep, nextStep] = [old.length > 1 ? 1 : 0, next.length > 1 ? 1 : 0];
  let sum = 0;
  for (let run = 0; run < starts.length; run += 1) {
    const length = lengths[run];
    const ends = 2 * starts[run] + length + 1;
    // the sum of the run's places, modulo 2^32: half of a product of which one factor is even
    const places = (length & 1) === 0 ? Math.imul(length >>> 1, ends) : Math.imul(length, ends / 2);
    sum = (sum + Math.imul(places, next[run * nextStep] - old[run * oldStep])) | 0;
  }
  return sum >>> 0;
}
