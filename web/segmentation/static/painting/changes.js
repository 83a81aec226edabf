/** Changes of a plane, run by run: what stood there, what stands there now; each can be made and taken back. */

import { UNPAINTED } from "./planes.js";
import { Runs } from "./runs.js";

/** Other numbers in some pixels of a plane; a run is a piece of one row where one number took the place of another. */
export class Change {
  /**
   * @param {boolean} isPaint - Whether the paint plane changes, or that of labels.
   * @param {Int32Array[]} lists - First pixels, numbers of pixels, numbers before and after, run by run from the top
   *   left; one number before or after stands for all.
   */
  constructor(isPaint, [starts, lengths, before, after]) {
    this.isPaint = isPaint;
    this.starts = starts;
    this.lengths = lengths;
    this.before = before;
    this.after = after;
  }

  /** Pixels that change. */
  get numPixels() {
    let sum = 0;
    for (let run = 0; run < this.lengths.length; run += 1) sum += this.lengths[run];
    return sum;
  }

  /** Memory that it takes. */
  get numBytes() {
    return [this.starts, this.lengths, this.before, this.after].reduce((sum, list) => sum + list.byteLength, 0);
  }

  /** Make the change in a plane that holds what stood before. */
  make(plane) {
    write(plane, this, this.after);
  }

  /** Put back what stood before the change. */
  takeBack(plane) {
    write(plane, this, this.before);
  }
}

const LONG = 24; // pixels from which on filling at once is faster than one by one

function write(plane, { starts, lengths }, numbers) {
  const step = numbers.length > 1 ? 1 : 0;
  for (let run = 0; run < starts.length; run += 1) {
    const number = numbers[run * step];
    const end = starts[run] + lengths[run];
    if (lengths[run] >= LONG) plane.fill(number, starts[run], end);
    else for (let at = starts[run]; at < end; at += 1) plane[at] = number;
  }
}

/**
 * Pixels of a box.
 * @typedef {Object} Box
 * @property {number} left
 * @property {number} top
 * @property {number} right - The column after the last.
 * @property {number} bottom - The row after the last.
 * @property {Uint8Array|null} mask - Row by row; not 0 for its pixels; null: all within the box.
 */

/**
 * Give the change that puts `after` into a box. Pixels that hold it already are no part of it. The plane stays.
 * @param {Int32Array} plane
 * @param {number} width - Of the plane.
 * @param {boolean} isPaint
 * @param {Box} box
 * @param {Int32Array} after - A number for each pixel of the box.
 */
export function changeBox(plane, width, isPaint, { left, top, right, bottom, mask }, after) {
  const runs = new Runs();
  const columns = right - left;
  for (let row = top; row < bottom; row += 1) {
    rowToNumbers(runs, plane, row * width + left, columns, mask, after, (row - top) * columns);
  }
  return new Change(isPaint, runs.lists());
}

/**
 * Give the change that takes off all paint.
 * @param {Int32Array} paint
 * @param {number} width
 * @param {import("./painted_rows.js").PaintedRows} rows
 */
export function changeToUnpainted(paint, width, rows) {
  const runs = new Runs();
  for (let first = 0; first < paint.length; first += width) {
    if (!rows.isEmptyAt(first)) rowToNumber(runs, paint, first, first + width, UNPAINTED);
  }
  return new Change(true, runs.lists());
}

/**
 * Give the change that paints a region flooded in the plane of labels; see `changeBox`.
 * @param {Int32Array} paint
 * @param {import("./painted_rows.js").PaintedRows} rows
 * @param {import("./floods.js").Region} region
 * @param {number} after
 */
export function changeSegment(paint, rows, { starts, lengths }, after) {
  const runs = new Runs();
  for (let run = 0; run < starts.length; run += 1) {
    if (rows.isEmptyAt(starts[run])) runs.add(starts[run], lengths[run], UNPAINTED, after);
    else rowToNumber(runs, paint, starts[run], starts[run] + lengths[run], after);
  }
  return new Change(true, runs.lists());
}

/**
 * Give the change that puts `after` into a region flooded in this very plane, which holds one other number.
 * @param {Int32Array} plane
 * @param {import("./floods.js").Region} region
 * @param {number} after
 */
export function changeFlooded(plane, { starts, lengths }, after) {
  return new Change(true, [starts.slice(), lengths.slice(), Int32Array.of(plane[starts[0]]), Int32Array.of(after)]);
}

/** Add the runs of one row that hold another number. */
function rowToNumber(runs, plane, start, end, after) {
  let at = start;
  while (at < end) {
    const before = plane[at];
    const first = at;
    at += 1;
    while (at < end && plane[at] === before) at += 1;
    if (before !== after) runs.add(first, at - first, before, after);
  }
}

function rowToNumbers(runs, plane, first, columns, mask, numbers, offset) {
  const isIn = (column) => mask === null || mask[offset + column] !== 0;
  let column = 0;
  while (column < columns) {
    const before = plane[first + column];
    const after = numbers[offset + column];
    const start = column;
    column += 1;
    if (before === after || !isIn(start)) continue;
    const isSame = () => plane[first + column] === before && numbers[offset + column] === after && isIn(column);
    while (column < columns && isSame()) column += 1;
    runs.add(first + start, column - start, before, after);
  }
}

/**
 * Give the change that puts paint into runs of pixels.
 * @param {Int32Array} plane - Of paint.
 * @param {number} width - Of the plane.
 * @param {Int32Array} triples - First pixel, number of pixels, paint of each run; rising, none over another.
 */
export function changeRuns(plane, width, triples) {
  const runs = new Runs();
  for (let at = 0; at < triples.length; at += 3) {
    const [end, paint] = [triples[at] + triples[at + 1], triples[at + 2]];
    // a run of a layer may go on into the next row; one of a change does not
    for (let first = triples[at]; first < end; ) {
      const last = Math.min(end, first - (first % width) + width);
      rowToNumber(runs, plane, first, last, paint);
      first = last;
    }
  }
  return new Change(true, joined(runs.lists(), width));
}

/** Join runs that touch in one row with equal numbers, as all changes have them. */
function joined([starts, lengths, before, after], width) {
  const runs = new Runs();
  const numbersOf = (run) => [before[before.length > 1 ? run : 0], after[after.length > 1 ? run : 0]];
  for (let run = 0; run < starts.length; ) {
    const [old, next] = numbersOf(run);
    let end = starts[run] + lengths[run];
    let further = run + 1;
    const goesOn = () => {
      if (further >= starts.length || starts[further] !== end || end % width === 0) return false;
      const [otherOld, otherNext] = numbersOf(further);
      return otherOld === old && otherNext === next;
    };
    for (; goesOn(); further += 1) end += lengths[further];
    runs.add(starts[run], end - starts[run], old, next);
    run = further;
  }
  return runs.lists();
}

/**
 * Give the change that puts other numbers into some pixels.
 * @param {Int32Array} plane
 * @param {number} width - Of the plane.
 * @param {boolean} isPaint
 * @param {ArrayLike<number>} places - Counted row by row, each once, rising.
 * @param {(before: number) => number} afterOf - Gives the new number of a pixel.
 */
export function changePixels(plane, width, isPaint, places, afterOf) {
  const runs = new Runs();
  let [start, length, before, after] = [-1, 0, 0, 0];
  for (let at = 0; at < places.length; at += 1) {
    const place = places[at];
    const [old, next] = [plane[place], afterOf(plane[place])];
    if (old === next) continue;
    if (length > 0 && place === start + length && place % width !== 0 && old === before && next === after) {
      length += 1;
      continue;
    }
    if (length > 0) runs.add(start, length, before, after);
    [start, length, before, after] = [place, 1, old, next];
  }
  if (length > 0) runs.add(start, length, before, after);
  return new Change(isPaint, runs.lists());
}
