/**
 * The first fill of a large segment would run in the browser's interpreter, and take four times as long as the next
 * ones. So the rules are run on a small canvas, a little at a time, while the page waits for its first photo.
 */

import { Canvas } from "./canvas.js";
import { addedBy } from "./check.js";

const SIDE = 256;
const ROUNDS = 20; // after fewer, the first fill of 12 megapixels is still slower than the next ones

/** Run the rules until they are compiled; the page may do other things in between. */
export async function warmUp() {
  for (let round = 0; round < ROUNDS; round += 1) {
    await new Promise((resolve) => setTimeout(resolve));
    paintOnce();
  }
}

function paintOnce() {
  const canvas = new Canvas(new Int32Array(SIDE * SIDE).fill(1), SIDE, SIDE);
  canvas.onchange = addedBy;
  canvas.fill([0, 0]);
  canvas.setColour([0, 0, 0]);
  canvas.fill([0, 0]);
  canvas.cut([0, 0]);
  canvas.cut([SIDE - 1, SIDE - 1]);
  canvas.unfill([0, SIDE - 1]);
  canvas.undo();
  canvas.redo();
  canvas.reset();
  canvas.undo();
}
