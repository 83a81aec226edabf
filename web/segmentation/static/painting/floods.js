/** Floods: the pixels that hang together with one, by their 4 neighbours, and hold the same number. */

const FIRST_ROOM = 1 << 12; // runs; it grows
const FIRST_SIDE = 64; // pixels; half of the sides of the window around most segments
const GROWTH = 4; // of the sides, so that all windows before the last one cost a fifteenth of it

/**
 * Pixels that were found, as runs within rows, from the top left.
 * @typedef {Object} Region
 * @property {Int32Array} starts - First pixel of each run, counted row by row.
 * @property {Int32Array} lengths - Pixels of each run.
 */

/** Floods planes of one size. Its lists are used again, so a region is valid until the next flood. */
export class Flooder {
  #room = FIRST_ROOM;
  #starts = new Int32Array(FIRST_ROOM);
  #lengths = new Int32Array(FIRST_ROOM);
  #parents = new Int32Array(FIRST_ROOM);

  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
  }

  /**
   * Give the 4-connected region of equal number around a pixel.
   *
   * All runs of this number in a window around the pixel are joined with those that they touch in the row above
   * (connected components by runs and disjoint sets: Wu, Otoo, Suzuki, "Optimizing two-pass connected-component
   * labeling algorithms", Pattern Analysis and Applications 12, 2009). Where the region reaches the window's border
   * inside the plane, the same is done in a larger window.
   * @param {Int32Array} plane
   * @param {number} x
   * @param {number} y
   * @returns {Region}
   */
  flood(plane, x, y) {
    const { width, height } = this;
    for (let side = FIRST_SIDE; ; side *= GROWTH) {
      const reach = side * GROWTH >= Math.max(width, height) * 2 ? width + height : side / 2;
      const [left, right] = [Math.max(0, x - reach), Math.min(width, x + reach)];
      const [top, bottom] = [Math.max(0, y - reach), Math.min(height, y + reach)];
      const { count, own } = this.#findRuns(plane, { left, right, top, bottom }, x, y);
      const region = this.#select(count, own);
      if (this.#isWithin(region, { left, right, top, bottom })) return region;
    }
  }

  /** Find all runs of the number at a pixel and join those that touch; gives their number and the pixel's own run. */
  #findRuns(plane, { left, right, top, bottom }, x, y) {
    const { width } = this;
    const wanted = plane[y * width + x];
    const pixel = y * width + x;
    let [count, own, above] = [0, 0, 0]; // above: the first run of the row above that can touch the next one
    for (let row = top; row < bottom; row += 1) {
      this.#makeRoom(count + right - left);
      const [starts, lengths, parents] = [this.#starts, this.#lengths, this.#parents];
      const [rowFirst, end] = [count, row * width + right];
      for (let at = row * width + left; at < end; at += 1) {
        if (plane[at] !== wanted) continue;
        const start = at;
        while (at < end && plane[at] === wanted) at += 1;
        while (above < rowFirst && starts[above] + lengths[above] + width <= start) above += 1;
        let root = count;
        for (let other = above; other < rowFirst && starts[other] + width < at; other += 1) {
          root = joined(parents, root, other, count);
        }
        starts[count] = start;
        lengths[count] = at - start;
        parents[count] = root;
        if (start <= pixel && pixel < at) own = count;
        count += 1;
      }
      above = rowFirst;
    }
    return { count, own };
  }

  /** Keep the runs that hang together with one. */
  #select(count, own) {
    const [starts, lengths, parents] = [this.#starts, this.#lengths, this.#parents];
    // a parent comes before its children, so each is resolved when they are
    for (let run = 0; run < count; run += 1) parents[run] = parents[parents[run]];
    const wanted = parents[own];
    let kept = 0;
    for (let run = 0; run < count; run += 1) {
      if (parents[run] !== wanted) continue;
      starts[kept] = starts[run];
      lengths[kept] = lengths[run];
      kept += 1;
    }
    return { starts: starts.subarray(0, kept), lengths: lengths.subarray(0, kept) };
  }

  /** Say whether a region can go on nowhere beyond a window. */
  #isWithin({ starts, lengths }, { left, right, top, bottom }) {
    const { width, height } = this;
    if (top > 0 && starts[0] < (top + 1) * width) return false;
    if (bottom < height && starts[starts.length - 1] >= (bottom - 1) * width) return false;
    if (left === 0 && right === width) return true;
    for (let run = 0; run < starts.length; run += 1) {
      const column = starts[run] % width;
      if ((column === left && left > 0) || (column + lengths[run] === right && right < width)) return false;
    }
    return true;
  }

  #makeRoom(needed) {
    if (needed <= this.#room) return;
    while (this.#room < needed) this.#room *= 2;
    [this.#starts, this.#lengths, this.#parents] = [this.#starts, this.#lengths, this.#parents].map((list) => {
      const larger = new Int32Array(this.#room);
      larger.set(list);
      return larger;
    });
  }
}

/** Join the set of a run that is new, whose first run is `root`, with that of another; gives the first run of both. */
function joined(parents, root, other, fresh) {
  while (parents[other] !== other) {
    parents[other] = parents[parents[other]]; // halves the way for the next time
    other = parents[other];
  }
  if (root === fresh || root === other) return other;
  if (root < other) return (parents[other] = root);
  return (parents[root] = other);
}
