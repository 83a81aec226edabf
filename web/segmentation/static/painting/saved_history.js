/** The history of a canvas as the server sends it: whole numbers, one step after the other. */

import { Change } from "./changes.js";

/**
 * Read a history.
 * @param {Int32Array} numbers - Number of steps done and undone, then each step: its number of changes, and of each
 *   change whether it is paint, the numbers of runs, of numbers before and after, and the four lists.
 * @returns {{done: import("./history.js").Step[], undone: import("./history.js").Step[]}}
 */
export function readHistory(numbers) {
  let at = 0;
  const next = () => numbers[at++];
  const list = (length) => numbers.slice(at, (at += length));
  const readChange = () => {
    const [isPaint, runs, before, after] = [next() === 1, next(), next(), next()];
    return new Change(isPaint, [list(runs), list(runs), list(before), list(after)]);
  };
  const readStep = () => {
    const changes = Array.from({ length: next() }, readChange);
    return { label: "", changes, numBytes: changes.reduce((sum, change) => sum + change.numBytes, 0) };
  };
  const [numDone, numUndone] = [next(), next()];
  return { done: Array.from({ length: numDone }, readStep), undone: Array.from({ length: numUndone }, readStep) };
}
