/** How many pixels of each row are painted: where none is, a fill need not look at what stands there. */

import { UNPAINTED } from "./planes.js";

/** Counts of painted pixels, kept up to date. */
export class PaintedRows {
  #width;
  #counts;

  /**
   * @param {Int32Array} paint - The plane that it begins with.
   * @param {number} width
   */
  constructor(paint, width) {
    this.#width = width;
    this.#counts = new Int32Array(width === 0 ? 0 : paint.length / width);
    for (let row = 0; row < this.#counts.length; row += 1) {
      let count = 0;
      for (let at = row * width; at < (row + 1) * width; at += 1) if (paint[at] !== UNPAINTED) count += 1;
      this.#counts[row] = count;
    }
  }

  /** Say whether nothing is painted in the row of a pixel. */
  isEmptyAt(place) {
    return this.#counts[Math.floor(place / this.#width)] === 0;
  }

  /**
   * Follow a change.
   * @param {import("./changes.js").Change} change
   * @param {boolean} isMade - False when it is taken back.
   */
  follow({ isPaint, starts, lengths, before, after }, isMade) {
    if (!isPaint) return;
    const [old, next] = isMade ? [before, after] : [after, before];
    const [oldStep, nextStep] = [old.length > 1 ? 1 : 0, next.length > 1 ? 1 : 0];
    for (let run = 0; run < starts.length; run += 1) {
      const more = Number(next[run * nextStep] !== UNPAINTED) - Number(old[run * oldStep] !== UNPAINTED);
      if (more !== 0) this.#counts[Math.floor(starts[run] / this.#width)] += more * lengths[run];
    }
  }
}
