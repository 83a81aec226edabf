/** What can be taken back and done again: one step per gesture, a bounded number of them, bounded memory. */

export const MAX_STEPS = 200;
export const MAX_BYTES = 128 * 2 ** 20;

/**
 * One gesture: its changes in the order in which they were made.
 * @typedef {{label: string, changes: import("./changes.js").Change[], numBytes: number}} Step
 */

/** Steps that were done and those taken back. Beyond its bounds the oldest are forgotten, never the newest. */
export class History {
  done = [];
  undone = [];

  /**
   * @param {number} [maxSteps]
   * @param {number} [maxBytes]
   */
  constructor(maxSteps = MAX_STEPS, maxBytes = MAX_BYTES) {
    this.maxSteps = maxSteps;
    this.maxBytes = maxBytes;
  }

  /** Memory that all steps take. */
  get numBytes() {
    return [...this.done, ...this.undone].reduce((sum, step) => sum + step.numBytes, 0);
  }

  /**
   * Add what was just done; what was taken back before can no longer be done again.
   * @param {string} label
   * @param {import("./changes.js").Change[]} changes
   */
  add(label, changes) {
    this.undone = [];
    this.done.push({ label, changes, numBytes: changes.reduce((sum, change) => sum + change.numBytes, 0) });
    let bytes = this.numBytes;
    while (this.done.length > this.maxSteps || (bytes > this.maxBytes && this.done.length > 1)) {
      bytes -= this.done.shift().numBytes;
    }
  }

  /** Move the newest step to those taken back, and give it; null when there is none. */
  undo() {
    return move(this.done, this.undone);
  }

  /** Move the step that was taken back last to those done, and give it; null when there is none. */
  redo() {
    return move(this.undone, this.done);
  }
}

function move(from, to) {
  if (from.length === 0) return null;
  to.push(from.pop());
  return to.at(-1);
}
