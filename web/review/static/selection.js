/** What is selected, in a grid. */

/** Keys of selected items. Sends "selection" when they change. */
export class Selection extends EventTarget {
  #keys = new Set();
  #anchor = 0;
  /** True while a tap selects and does not open. */
  isSelecting = false;

  get size() {
    return this.#keys.size;
  }

  /** Where a range starts: the index that was selected last on its own. */
  get anchor() {
    return this.#anchor;
  }

  set anchor(index) {
    this.#anchor = index;
  }

  /** The selected keys, in the order in which they were selected. */
  keys() {
    return [...this.#keys];
  }

  has(key) {
    return this.#keys.has(key);
  }

  /** Select what was not, and the other way round. */
  toggle(key, index) {
    if (!this.#keys.delete(key)) this.#keys.add(key);
    this.#anchor = index;
    this.#tell();
  }

  /** Select these and no others. */
  replace(keys) {
    this.#keys = new Set(keys);
    this.#tell();
  }

  /** Select these, too. */
  add(keys) {
    this.replace([...this.#keys, ...keys]);
  }

  /** Keep those that still exist. */
  retain(keys) {
    const present = new Set(keys);
    const kept = this.keys().filter((key) => present.has(key));
    if (kept.length !== this.size) this.replace(kept);
  }

  /** Let taps select from now on, or open again. */
  switchSelecting() {
    if (this.isSelecting) return this.clear();
    this.isSelecting = true;
    return this.#tell();
  }

  /** Select nothing. */
  clear() {
    this.isSelecting = false;
    this.replace([]);
  }

  #tell() {
    this.dispatchEvent(new Event("selection"));
  }
}
