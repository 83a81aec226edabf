/** A grid of any length of which only the rows in sight exist. */

import { element } from "/static/dom.js";
import { listenToGrid } from "./grid_input.js";
import { sleep, wake } from "./photo.js";

const SPARE_ROWS = 2;
const CALM_MS = 90;
const FAST_ROWS = 3;

/**
 * A list box of cells. Sends "open" (detail: {index, item}) when one is opened.
 */
export class VirtualGrid extends EventTarget {
  #cells = new Map();
  #calm = 0;
  #frame = 0;
  #lastTop = 0;
  columns = 1;
  focused = 0;

  /**
   * @param {{label: string, list: PagedList|WholeList, selection: Selection, key: (item) => string|number,
   *   fill: (cell: HTMLElement, item, index: number) => void, minWidth: number, height: (width: number) => number,
   *   gap?: number, empty?: () => Node}} options `fill` puts an item into an empty cell.
   */
  constructor(options) {
    super();
    Object.assign(this, { gap: 16 }, options);
    this.canvas = element("div", {
      class: "grid",
      role: "listbox",
      "aria-multiselectable": "true",
      "aria-label": this.label,
    });
    this.blank = element("div", { class: "empty", hidden: true });
    this.node = element("div", { class: "scroller" }, this.canvas, this.blank);
    this.node.addEventListener("scroll", () => this.#soon(), { passive: true });
    new ResizeObserver(() => this.layout()).observe(this.node);
    this.list.addEventListener("page", () => this.layout());
    this.selection.addEventListener("selection", () => this.#markAll());
    listenToGrid(this);
  }

  /** How many rows are in sight, at least one. */
  get rowsInSight() {
    return Math.max(1, Math.floor(this.node.clientHeight / this.rowHeight));
  }

  /** Fit columns and height to the room there is, and draw. */
  layout() {
    const width = this.node.clientWidth - 2 * this.gap;
    if (width <= 0) return;
    this.columns = Math.max(1, Math.floor((width + this.gap) / (this.minWidth + this.gap)));
    this.cellWidth = (width - (this.columns - 1) * this.gap) / this.columns;
    this.cellHeight = Math.round(this.height(this.cellWidth));
    this.rowHeight = this.cellHeight + this.gap;
    const rows = Math.ceil(this.list.total / this.columns);
    this.canvas.style.height = `${rows * this.rowHeight + this.gap}px`;
    this.focused = Math.max(0, Math.min(this.focused, this.list.total - 1));
    this.#showBlank();
    this.render();
  }

  /** Draw the rows in sight; the focused cell stays wherever it is. */
  render() {
    const top = this.node.scrollTop;
    const first = Math.max(0, Math.floor(top / this.rowHeight) - SPARE_ROWS) * this.columns;
    const lastRow = Math.ceil((top + this.node.clientHeight) / this.rowHeight) + SPARE_ROWS;
    const end = Math.min(this.list.total, lastRow * this.columns);
    const isFast = Math.abs(top - this.#lastTop) > FAST_ROWS * this.rowHeight;
    this.#lastTop = top;
    for (const [index, cell] of this.#cells) {
      const isWanted = (index >= first && index < end) || (index === this.focused && index < this.list.total);
      if (!isWanted) this.#drop(index, cell);
    }
    for (let index = first; index < end; index += 1) this.#show(index, isFast);
    if (this.focused < this.list.total) this.#show(this.focused, isFast);
    if (!isFast && end > first) this.list.want(first, end - 1);
    clearTimeout(this.#calm);
    this.#calm = setTimeout(() => this.#settle(first, end), CALM_MS);
  }

  #settle(first, end) {
    if (end > first) this.list.want(first, end - 1);
    wake(this.canvas);
  }

  /** Move the focus to a cell and bring it into sight. */
  focus(index) {
    if (this.list.total === 0) return this.node.focus();
    this.focused = Math.max(0, Math.min(index, this.list.total - 1));
    this.reveal(this.focused);
    this.render();
    for (const [at, cell] of this.#cells) cell.tabIndex = at === this.focused ? 0 : -1;
    return this.#cells.get(this.focused)?.focus({ preventScroll: true });
  }

  /** Move the focus to the item with this key if it is in sight, and to where the focus was if it is not. */
  focusKey(key) {
    const index = [...this.#cells.keys()].find((at) => this.list.at(at) !== null && this.key(this.list.at(at)) === key);
    this.focus(index ?? this.focused);
  }

  /** Scroll until a cell is in sight. */
  reveal(index) {
    const top = Math.floor(index / this.columns) * this.rowHeight;
    const bottom = top + this.rowHeight + this.gap;
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (bottom > this.node.scrollTop + this.node.clientHeight)
      this.node.scrollTop = bottom - this.node.clientHeight;
  }

  /** Say which cells a rectangle touches; its corners are in pixels of the canvas. */
  indexesIn({ left, top, right, bottom }) {
    const step = this.cellWidth + this.gap;
    const indexes = [];
    for (
      let row = Math.max(0, Math.floor((top - this.gap) / this.rowHeight));
      row * this.rowHeight + this.gap < bottom;
      row += 1
    ) {
      if (row * this.columns >= this.list.total) break;
      for (let column = 0; column < this.columns; column += 1) {
        const x = this.gap + column * step;
        const isTouched = x < right && x + this.cellWidth > left && row * this.rowHeight + this.rowHeight > top;
        const index = row * this.columns + column;
        if (isTouched && index < this.list.total) indexes.push(index);
      }
    }
    return indexes;
  }

  /** The item and its index that an element belongs to, or null. */
  itemOf(node) {
    const cell = node.closest?.("[role=option]");
    if (!cell || !this.canvas.contains(cell)) return null;
    const index = Number(cell.dataset.index);
    const item = this.list.at(index);
    return item === null ? null : { index, item };
  }

  /** The item that has the focus, or null. */
  focusedItem() {
    return this.list.at(this.focused);
  }

  #showBlank() {
    const isBlank = this.list.isKnown && this.list.total === 0 && Boolean(this.empty);
    this.blank.hidden = !isBlank;
    this.blank.replaceChildren(...(isBlank ? [this.empty()] : []));
  }

  #soon() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.render());
  }

  #drop(index, cell) {
    sleep(cell);
    cell.remove();
    this.#cells.delete(index);
  }

  #show(index, isFast) {
    const cell = this.#cells.get(index) ?? this.#cell(index);
    const x = this.gap + (index % this.columns) * (this.cellWidth + this.gap);
    const y = this.gap + Math.floor(index / this.columns) * this.rowHeight;
    cell.style.transform = `translate(${x}px, ${y}px)`;
    cell.style.width = `${this.cellWidth}px`;
    cell.style.height = `${this.cellHeight}px`;
    this.#fill(cell, index);
    if (!isFast) wake(cell);
  }

  #cell(index) {
    const attributes = { class: "cell", role: "option", "data-index": index, "aria-posinset": index + 1 };
    const cell = element("div", { ...attributes, tabindex: index === this.focused ? "0" : "-1" });
    this.#cells.set(index, cell);
    const next = [...this.canvas.children].find((other) => Number(other.dataset.index) > index);
    this.canvas.insertBefore(cell, next ?? null);
    return cell;
  }

  #fill(cell, index) {
    const item = this.list.at(index);
    const content = JSON.stringify(item);
    cell.setAttribute("aria-setsize", this.list.total);
    if (cell.content !== content) {
      cell.content = content;
      sleep(cell);
      cell.replaceChildren();
      cell.classList.toggle("is-coming", item === null);
      if (item !== null) this.fill(cell, item, index);
    }
    this.#mark(cell, item);
  }

  #mark(cell, item) {
    cell.setAttribute("aria-selected", String(item !== null && this.selection.has(this.key(item))));
  }

  #markAll() {
    this.canvas.classList.toggle("is-selecting", this.selection.size > 0 || this.selection.isSelecting);
    for (const [index, cell] of this.#cells) this.#mark(cell, this.list.at(index));
  }
}
