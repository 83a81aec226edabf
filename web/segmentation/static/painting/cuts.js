/** The pixels of a canvas that were cut, kept up to date, so that nothing has to look for them in the whole plane. */

import { EDGE } from "./planes.js";

/** Places of cut pixels, counted row by row. */
export class Cuts {
  /** In no order. */
  places = new Set();

  /** @param {Int32Array} [labelsAndCuts] - What it begins with; without it there is no cut. */
  constructor(labelsAndCuts = new Int32Array(0)) {
    for (let at = 0; at < labelsAndCuts.length; at += 1) if (labelsAndCuts[at] < EDGE) this.places.add(at);
  }

  /** Give all places, rising. */
  sorted() {
    return Int32Array.from(this.places).sort();
  }

  /**
   * Follow a change.
   * @param {import("./changes.js").Change} change
   * @param {boolean} isMade - False when it is taken back.
   */
  follow({ isPaint, starts, lengths, before, after }, isMade) {
    if (isPaint) return;
    const numbers = isMade ? after : before;
    const step = numbers.length > 1 ? 1 : 0;
    for (let run = 0; run < starts.length; run += 1) {
      const isCut = numbers[run * step] < EDGE;
      if (!isCut && this.places.size === 0) continue;
      for (let at = starts[run]; at < starts[run] + lengths[run]; at += 1) {
        if (isCut) this.places.add(at);
        else this.places.delete(at);
      }
    }
  }
}
