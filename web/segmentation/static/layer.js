/** A result of the server that is looked at before it becomes paint: runs of pixels with the paint of each. */

import { readNumbers } from "./calls.js";

const STRIPE = 6; // pixels of the screen
const STRONG = 0xd0000000;
const WEAK = 0x78000000;

/** Shows a layer over the photo until it is accepted or dropped. */
export class LayerView {
  #stage;
  #session;
  #answer = null;
  #triples = null;
  #takeAway = null;

  /**
   * @param {import("./stage.js").Stage} stage
   * @param {import("./session.js").Session} session
   */
  constructor(stage, session) {
    this.#stage = stage;
    this.#session = session;
  }

  /** Whether there is something to accept. */
  get isThere() {
    return this.#answer !== null && this.#answer.action !== null;
  }

  /** The pixels that it would paint. */
  get numPixels() {
    return this.#answer?.pixels ?? 0;
  }

  /** Show what the server answered. */
  async show(answer) {
    const path = `photos/${this.#session.photo}/layers/${answer.layer}`;
    const triples = answer.action ? (await readNumbers(path, this.#session.signal)).numbers : new Int32Array(0);
    [this.#answer, this.#triples] = [answer, triples];
    this.#takeAway ??= this.#stage.addMarks((context, viewport) => this.#draw(context, viewport));
    this.#stage.drawMarks();
  }

  /** Let it become paint: one step. */
  accept() {
    const reply = this.#session.accept(this.#answer, this.#triples);
    this.drop();
    return reply;
  }

  /** Show nothing any more. */
  drop() {
    [this.#answer, this.#triples] = [null, null];
    this.#takeAway?.();
    this.#takeAway = null;
  }

  #draw(context, viewport) {
    if (this.#answer?.box == null) return;
    const part = viewport.boxInWindow(this.#answer.box);
    if (part === null) return;
    const image = drawRuns(this.#triples, part, viewport);
    const own = new OffscreenCanvas(image.width, image.height);
    own.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(own, part.x0, part.y0); // what lies below stays in sight, which putting would erase
  }
}

function drawRuns(triples, part, viewport) {
  const image = new ImageData(part.x1 - part.x0, part.y1 - part.y0);
  const pixels = new Uint32Array(image.data.buffer);
  const { width } = viewport.photo;
  for (let down = 0; down < image.height; down += 1) {
    const row = viewport.toPhoto(0, part.y0 + down + 0.5)[1];
    let run = firstRunAfter(triples, row * width);
    for (; run < triples.length && triples[run] < (row + 1) * width; run += 3) {
      const from = triples[run] - row * width;
      const first = Math.ceil(viewport.toWindow(from, 0)[0] - 0.5) - part.x0;
      const end = Math.ceil(viewport.toWindow(from + triples[run + 1], 0)[0] - 0.5) - part.x0;
      const paint = triples[run + 2];
      const colour = ((paint & 255) << 16) | (paint & 0xff00) | ((paint >> 16) & 255);
      for (let at = Math.max(0, first); at < Math.min(end, image.width); at += 1) {
        const isStripe = (at + down + part.x0 + part.y0) % (2 * STRIPE) < STRIPE;
        pixels[down * image.width + at] = (isStripe ? STRONG : WEAK) | colour;
      }
    }
  }
  return image;
}

/** Give where the first run begins that starts at a pixel or later, by halving. */
function firstRunAfter(triples, pixel) {
  let [low, high] = [0, triples.length / 3];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (triples[middle * 3] < pixel) low = middle + 1;
    else high = middle;
  }
  return low * 3;
}
