/**
 * Dragging photos or buildings onto something that takes them: an element with `data-drop`. A finger drags what is
 * selected (the style sheet gives selected cells `touch-action: none`); the rest of a grid it scrolls.
 */

import { element } from "/static/dom.js";
import { swallowNextClick } from "/static/pointer.js";
import { thumbnailUrl } from "./pictures.js";

const START_PX = 6;
const EDGE_PX = 48;

/**
 * Let cells of a grid be dragged, all selected ones together.
 * @param {VirtualGrid} grid
 * @param {{photoOf: (item) => number, takes: (place: string) => boolean,
 *   drop: (place: string, keys: Array, event: PointerEvent) => void}} options
 *   `photoOf` says which photo is seen under the pointer; `takes` which places, the value of `data-drop`, may be used.
 */
export function makeDraggable(grid, options) {
  grid.canvas.addEventListener("pointerdown", (event) => {
    const found = grid.itemOf(event.target);
    const isHeld = event.pointerType !== "touch" || grid.selection.has(found && grid.key(found.item));
    if (!found || event.button !== 0 || event.shiftKey || !isHeld) return;
    new Drag(grid, options, found.item, event);
  });
}

class Drag {
  place = null;

  constructor(grid, options, item, event) {
    Object.assign(this, { grid, options, item, start: event, ending: new AbortController() });
    const { signal } = this.ending;
    addEventListener("pointermove", (move) => this.#move(move), { signal });
    addEventListener("pointerup", (up) => this.#drop(up), { signal });
    addEventListener("pointercancel", () => this.#end(), { signal });
    addEventListener("keydown", (key) => this.#giveUp(key), { signal, capture: true });
  }

  #begin() {
    const key = this.grid.key(this.item);
    this.keys = this.grid.selection.has(key) ? this.grid.selection.keys() : [key];
    const count = this.keys.length > 1 ? element("span", { class: "ghost-count" }, String(this.keys.length)) : null;
    const image = element("img", { src: thumbnailUrl(this.options.photoOf(this.item), 160), alt: "" });
    this.ghost = element("div", { class: "ghost", "aria-hidden": "true" }, image, count);
    document.body.append(this.ghost);
    document.body.classList.add("is-dragging");
  }

  #move(event) {
    const far = Math.hypot(event.clientX - this.start.clientX, event.clientY - this.start.clientY);
    if (!this.ghost && far < START_PX) return;
    if (!this.ghost) this.#begin();
    this.ghost.style.transform = `translate(${event.clientX + 12}px, ${event.clientY + 12}px)`;
    this.#scroll(event);
    const under = document.elementFromPoint(event.clientX, event.clientY)?.closest("[data-drop]") ?? null;
    const place = under && this.options.takes(under.dataset.drop, this.keys) ? under : null;
    if (place === this.place) return;
    this.place?.classList.remove("is-target");
    place?.classList.add("is-target");
    this.place = place;
  }

  #scroll(event) {
    const box = this.grid.node.getBoundingClientRect();
    if (event.clientX < box.left || event.clientX > box.right) return;
    if (event.clientY > box.bottom - EDGE_PX) this.grid.node.scrollTop += 14;
    else if (event.clientY < box.top + EDGE_PX) this.grid.node.scrollTop -= 14;
  }

  #drop(event) {
    const place = this.place?.dataset.drop;
    const wasDragged = Boolean(this.ghost);
    this.#end();
    if (wasDragged) swallowNextClick();
    if (place) this.options.drop(place, this.keys, event);
  }

  #giveUp(event) {
    if (event.key !== "Escape" || !this.ghost) return;
    event.stopPropagation();
    this.#end();
  }

  #end() {
    this.ending.abort();
    this.ghost?.remove();
    this.place?.classList.remove("is-target");
    document.body.classList.remove("is-dragging");
  }
}
