/** What an action on a canvas answers, and the notes that it may carry. */

export const OUTSIDE = "the point is outside of the photo";
export const ON_EDGE = "this is an edge between segments: nothing is filled; click inside a segment";
export const ALREADY = "this has the colour already";
export const NOT_PAINTED = "nothing is painted here";
export const FIRST_POINT = "the cut begins here; the next point draws it";
export const NOTHING_CUT = "there is only edge along this cut";
export const BLACK_PAINT =
  "black means nothing: no mask will hold what is painted black; choose another colour";
export const NOTHING_TO_UNDO = "there is nothing to undo";
export const NOTHING_TO_REDO = "there is nothing to redo";
export const NOTHING_CHANGED = "this changes nothing";

/**
 * What an action did.
 * @typedef {Object} Reply
 * @property {number} numPainted - Pixels whose paint is another now.
 * @property {number} numLabelled - Pixels whose label is another now.
 * @property {number[]|null} box - Left, top, width and height of what changed; null when nothing did.
 * @property {string} note - What the user should read; empty when all is as expected.
 */

/** Give the reply of an action that did nothing. */
export function noteOnly(note) {
  return { numPainted: 0, numLabelled: 0, box: null, note };
}

/**
 * Give the reply that tells of some changes, one or more.
 * @param {import("./changes.js").Change[]} changes
 * @param {number} width - Of the planes.
 * @param {string} [note]
 * @returns {Reply}
 */
export function replyOf(changes, width, note = "") {
  let [left, top, right, bottom] = [width, Infinity, 0, 0];
  const reply = { numPainted: 0, numLabelled: 0, box: null, note };
  for (const { starts, lengths, isPaint, numPixels } of changes) {
    for (let run = 0; run < starts.length; run += 1) {
      const column = starts[run] % width;
      if (column < left) left = column;
      if (column + lengths[run] > right) right = column + lengths[run];
    }
    top = Math.min(top, Math.floor(starts[0] / width));
    bottom = Math.max(bottom, Math.floor(starts.at(-1) / width) + 1);
    if (isPaint) reply.numPainted += numPixels;
    else reply.numLabelled += numPixels;
  }
  reply.box = [left, top, right - left, bottom - top];
  return reply;
}

/** Give the smallest box around some boxes; null where all are. */
export function joinBoxes(boxes) {
  const there = boxes.filter((box) => box !== null);
  if (there.length === 0) return null;
  const left = Math.min(...there.map((box) => box[0]));
  const top = Math.min(...there.map((box) => box[1]));
  const right = Math.max(...there.map((box) => box[0] + box[2]));
  const bottom = Math.max(...there.map((box) => box[1] + box[3]));
  return [left, top, right - left, bottom - top];
}
