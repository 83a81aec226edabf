/** Runs of pixels as they are found: lists that grow together. */

const FIRST_ROOM = 256;

/** A growing list of runs: the first pixel, the number of pixels, the number before and the one after. */
export class Runs {
  #starts = new Int32Array(FIRST_ROOM);
  #lengths = new Int32Array(FIRST_ROOM);
  #before = new Numbers();
  #after = new Numbers();
  length = 0;

  /** Add a run. */
  add(start, length, before, after) {
    const at = this.length;
    if (at === this.#starts.length) [this.#starts, this.#lengths] = [doubled(this.#starts), doubled(this.#lengths)];
    this.#starts[at] = start;
    this.#lengths[at] = length;
    this.#before.add(at, before);
    this.#after.add(at, after);
    this.length = at + 1;
  }

  /** Give the four lists, cut to their length; one number stands for a list of equal ones. */
  lists() {
    const [starts, lengths] = [this.#starts, this.#lengths].map((list) => list.slice(0, this.length));
    return [starts, lengths, this.#before.list(this.length), this.#after.list(this.length)];
  }
}

/** A list of numbers that stays one number as long as all are equal. */
class Numbers {
  #first = 0;
  #list = null;

  add(at, number) {
    if (at === 0) this.#first = number;
    else if (this.#list !== null) this.#put(at, number);
    else if (number !== this.#first) {
      this.#list = new Int32Array(Math.max(FIRST_ROOM, 2 * at)).fill(this.#first, 0, at);
      this.#put(at, number);
    }
  }

  #put(at, number) {
    if (at === this.#list.length) this.#list = doubled(this.#list);
    this.#list[at] = number;
  }

  list(length) {
    if (this.#list !== null) return this.#list.slice(0, length);
    return length === 0 ? new Int32Array(0) : Int32Array.of(this.#first);
  }
}

function doubled(list) {
  const larger = new Int32Array(list.length * 2);
  larger.set(list);
  return larger;
}
