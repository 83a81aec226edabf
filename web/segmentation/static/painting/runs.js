/** Runs of pixels as they are found: four lists that grow together. */

const FIRST_LENGTH = 256;

/** A growing list of runs: the first pixel, the number of pixels, the number before and the one after. */
export class Runs {
  #lists = Array.from({ length: 4 }, () => new Int32Array(FIRST_LENGTH));
  length = 0;

  /** Add a run. */
  add(start, length, before, after) {
    if (this.length === this.#lists[0].length) this.#grow();
    const [starts, lengths, befores, afters] = this.#lists;
    starts[this.length] = start;
    lengths[this.length] = length;
    befores[this.length] = before;
    afters[this.length] = after;
    this.length += 1;
  }

  /** Give the four lists, cut to their length; one number stands for a list of equal ones. */
  lists() {
    const [starts, lengths, befores, afters] = this.#lists.map((list) => list.subarray(0, this.length));
    return [starts.slice(), lengths.slice(), compact(befores), compact(afters)];
  }

  #grow() {
    this.#lists = this.#lists.map((list) => {
      const larger = new Int32Array(list.length * 2);
      larger.set(list);
      return larger;
    });
  }
}

function compact(list) {
  const isOne = list.every((number) => number === list[0]);
  return list.slice(0, isOne ? 1 : list.length);
}
