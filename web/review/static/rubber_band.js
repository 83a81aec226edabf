/** Selecting with a rubber band: from the blank between cells, or from anywhere with Shift. */

import { element } from "/static/dom.js";
import { swallowNextClick } from "/static/pointer.js";

const STILL_PX = 5;

/**
 * Let a rubber band select cells of a grid.
 * @param {VirtualGrid} grid
 */
export function stretchBand(grid) {
  grid.node.addEventListener("pointerdown", (event) => {
    const isOnCell = Boolean(event.target.closest("[role=option]"));
    const isOnBar = event.offsetX > grid.node.clientWidth && event.target === grid.node;
    if (event.button !== 0 || event.pointerType === "touch" || isOnBar || (isOnCell && !event.shiftKey)) return;
    new Band(grid, event);
  });
}

class Band {
  #edge = 0;

  constructor(grid, event) {
    this.grid = grid;
    this.start = this.#place(event);
    this.former = event.ctrlKey || event.metaKey || event.shiftKey ? grid.selection.keys() : [];
    this.node = element("div", { class: "band" });
    this.ending = new AbortController();
    const { signal } = this.ending;
    addEventListener("pointermove", (move) => this.#move(move), { signal });
    addEventListener("pointerup", () => this.#end(), { signal });
    addEventListener("pointercancel", () => this.#end(), { signal });
    event.preventDefault();
  }

  #place(event) {
    const box = this.grid.canvas.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  }

  #move(event) {
    const at = this.#place(event);
    const isStill = Math.hypot(at.x - this.start.x, at.y - this.start.y) < STILL_PX;
    if (isStill && !this.node.isConnected) return;
    this.#scroll(event);
    const left = Math.min(at.x, this.start.x);
    const top = Math.min(at.y, this.start.y);
    const box = { left, top, right: Math.max(at.x, this.start.x), bottom: Math.max(at.y, this.start.y) };
    this.grid.canvas.append(this.node);
    this.node.style.transform = `translate(${left}px, ${top}px)`;
    this.node.style.width = `${box.right - left}px`;
    this.node.style.height = `${box.bottom - top}px`;
    const items = this.grid.indexesIn(box).map((index) => this.grid.list.at(index));
    this.grid.selection.replace([...this.former, ...items.filter((item) => item !== null).map(this.grid.key)]);
  }

  #scroll(event) {
    const box = this.grid.node.getBoundingClientRect();
    this.#edge = event.clientY > box.bottom - 30 ? 18 : event.clientY < box.top + 30 ? -18 : 0;
    this.grid.node.scrollTop += this.#edge;
  }

  #end() {
    this.ending.abort();
    if (this.node.isConnected) swallowNextClick();
    else if (this.former.length === 0) this.grid.selection.clear();
    setTimeout(() => this.node.remove());
  }
}
