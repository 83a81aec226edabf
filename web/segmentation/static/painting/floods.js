/** Floods: the pixels that hang together with one, by their 4 neighbours, and hold the same number. */

const FIRST_STACK = 1 << 12; // numbers; it grows
const SPAN = 4; // numbers of a span on the stack: row, first and last column to look at, direction down or up

/**
 * Some pixels of a plane.
 * @typedef {Object} Region
 * @property {number} left
 * @property {number} top
 * @property {number} right - The column after the last.
 * @property {number} bottom - The row after the last.
 * @property {Uint8Array|null} mask - Not 0 for its pixels; null: all within the box.
 * @property {number} start - Place in the mask of the pixel at the top left of the box.
 * @property {number} stride - Length of a row of the mask.
 */

/** Floods planes of one size. It has one mask, so a region is valid until the next flood or `clear`. */
export class Flooder {
  #stack = new Int32Array(FIRST_STACK);
  #size = 0;
  #mask;

  /**
   * @param {number} width
   * @param {number} height
   */
  constructor(width, height) {
    this.width = width;
    this.height = height;
    this.#mask = new Uint8Array(width * height);
  }

  /**
   * Give the 4-connected region of equal number around a pixel.
   *
   * A span fill (Heckbert, "A Seed Fill Algorithm", Graphics Gems, 1990): whole runs of a row are taken at once; what
   * lies below and above them is looked at later, from a stack.
   * @param {Int32Array} plane
   * @param {number} x
   * @param {number} y
   * @returns {Region} Give it to `clear` when it is done with.
   */
  flood(plane, x, y) {
    const { width } = this;
    const mask = this.#mask;
    const wanted = plane[y * width + x];
    let [left, top, right, bottom] = [x, y, x, y];
    this.#size = 0;
    this.#push(y - 1, x, x, -1);
    this.#push(y, x, x, 1);
    while (this.#size > 0) {
      this.#size -= SPAN;
      const [stack, place] = [this.#stack, this.#size];
      const [row, from, to, direction] = [stack[place], stack[place + 1], stack[place + 2], stack[place + 3]];
      const base = row * width;
      for (let at = from; at <= to; at += 1) {
        if (plane[base + at] !== wanted || mask[base + at] !== 0) continue;
        let first = at;
        if (at === from) while (first > 0 && plane[base + first - 1] === wanted) first -= 1;
        while (at + 1 < width && plane[base + at + 1] === wanted) at += 1;
        mask.fill(1, base + first, base + at + 1);
        if (first < left) left = first;
        if (at > right) right = at;
        if (row < top) top = row;
        if (row > bottom) bottom = row;
        this.#push(row + direction, first, at, direction);
        if (first < from) this.#push(row - direction, first, from - 1, -direction);
        if (at > to) this.#push(row - direction, to + 1, at, -direction);
      }
    }
    return { left, top, right: right + 1, bottom: bottom + 1, mask, start: top * width + left, stride: width };
  }

  /**
   * Empty the mask for the next flood.
   * @param {Region} region
   */
  clear({ left, top, right, bottom }) {
    for (let row = top; row < bottom; row += 1) this.#mask.fill(0, row * this.width + left, row * this.width + right);
  }

  #push(row, from, to, direction) {
    if (row < 0 || row >= this.height) return;
    if (this.#size + SPAN > this.#stack.length) {
      const larger = new Int32Array(this.#stack.length * 2);
      larger.set(this.#stack);
      this.#stack = larger;
    }
    const stack = this.#stack;
    stack[this.#size] = row;
    stack[this.#size + 1] = from;
    stack[this.#size + 2] = to;
    stack[this.#size + 3] = direction;
    this.#size += SPAN;
  }
}
