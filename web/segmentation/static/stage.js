/** The photo, what is painted over it, and marks above both: three canvases, of which only what changed is drawn. */

import { element } from "/static/dom.js";
import { Overlay } from "./overlay.js";
import { joinBoxes } from "./painting/replies.js";
import { Viewport } from "./viewport.js";

const LAYERS = ["photo", "paint", "marks"];

/** Shows a photo and its canvas. */
export class Stage {
  viewport = new Viewport();
  look = { opacity: 0.6, hasBorders: true, isDebug: false };
  canvas = null;
  picture = null;
  #layers;
  #contexts;
  #overlay = new Overlay();
  #marks = new Set();
  #due = { photo: false, paint: null, labels: null, marks: false };
  #frame = 0;

  constructor() {
    this.#layers = LAYERS.map((name) => element("canvas", { class: `layer ${name}`, "aria-hidden": "true" }));
    this.#contexts = Object.fromEntries(
      this.#layers.map((layer, place) => [LAYERS[place], layer.getContext("2d", { alpha: true })]),
    );
    this.badges = element("div", { class: "stage-badges" });
    this.node = element(
      "div",
      { id: "stage", class: "stage", role: "application", tabindex: "0", "aria-label": "Photo" },
      this.#layers,
      this.badges,
    );
    new ResizeObserver(([entry]) => this.#resize(entry)).observe(this.node);
  }

  /** Show a photo; its canvas may come later. */
  show(picture, width, height) {
    this.picture?.close();
    this.picture = picture;
    this.canvas = null;
    this.viewport.setPhoto(width, height);
    this.drawAll();
  }

  /** Show a canvas over the photo. */
  setCanvas(canvas) {
    this.canvas = canvas;
    this.drawAll();
  }

  /** Show nothing. */
  clear() {
    this.picture?.close();
    this.picture = null;
    this.canvas = null;
    this.drawAll();
  }

  /** Draw marks too: a function of a context and the viewport. Gives what takes it away. */
  addMarks(draw) {
    this.#marks.add(draw);
    this.drawMarks();
    return () => (this.#marks.delete(draw), this.drawMarks());
  }

  /** Pixels of the screen per pixel of CSS. */
  get ratio() {
    return devicePixelRatio;
  }

  /** Give the place in the window's pixels of a pointer. */
  placeOf(event) {
    const box = this.node.getBoundingClientRect();
    const across = this.viewport.window.width / box.width;
    return { x: (event.clientX - box.left) * across, y: (event.clientY - box.top) * across };
  }

  /** Zoom around a place; without one around the middle. */
  zoom(factor, x = this.viewport.window.width / 2, y = this.viewport.window.height / 2) {
    this.viewport.zoom(factor, x, y);
    this.drawAll();
  }

  /** Move the photo. */
  pan(dx, dy) {
    this.viewport.pan(dx, dy);
    this.drawAll();
  }

  /** Show the whole photo. */
  fit() {
    this.viewport.fit();
    this.drawAll();
  }

  /** Look otherwise. */
  setLook(look) {
    Object.assign(this.look, look);
    this.drawPaint([0, 0, this.viewport.photo.width, this.viewport.photo.height]);
  }

  /** Draw everything, in the next frame. */
  drawAll() {
    this.#due.photo = true;
    this.drawMarks();
    this.drawLabels([0, 0, this.viewport.photo.width, this.viewport.photo.height]);
  }

  /** Draw a box of the photo whose labels changed, and what is painted there, in the next frame. */
  drawLabels(box) {
    this.#due.labels = joinBoxes([this.#due.labels, box]);
    this.drawPaint(box);
  }

  /** Draw what is painted in a box of the photo, in the next frame. */
  drawPaint(box) {
    this.#due.paint = joinBoxes([this.#due.paint, box]);
    this.#wait();
  }

  /** Draw the marks, in the next frame. */
  drawMarks() {
    this.#due.marks = true;
    this.#wait();
  }

  #wait() {
    this.#frame ||= requestAnimationFrame(() => this.#draw());
  }

  #resize(entry) {
    const ratio = devicePixelRatio;
    const exact = entry.devicePixelContentBoxSize?.[0];
    const width = exact?.inlineSize ?? Math.round(entry.contentRect.width * ratio);
    const height = exact?.blockSize ?? Math.round(entry.contentRect.height * ratio);
    if (width === 0 || height === 0) return;
    for (const layer of this.#layers) Object.assign(layer, { width, height });
    this.viewport.setWindow(width, height);
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.drawAll();
    this.#draw(); // at once: an emptied canvas would flicker
  }

  #draw() {
    this.#frame = 0;
    const { width, height } = this.viewport.window;
    if (this.#due.photo) {
      this.#contexts.photo.clearRect(0, 0, width, height);
      this.picture?.draw(this.#contexts.photo, this.viewport);
      this.#contexts.paint.clearRect(0, 0, width, height);
    }
    if (this.canvas) this.#drawOverlay();
    if (this.#due.marks) {
      this.#contexts.marks.clearRect(0, 0, width, height);
      for (const draw of this.#marks) draw(this.#contexts.marks, this.viewport, this.ratio);
    }
    this.#due = { photo: false, paint: null, labels: null, marks: false };
  }

  #drawOverlay() {
    const [labels, part] = [this.#due.labels, this.#due.paint].map((box) => box && this.viewport.boxInWindow(box));
    if (labels) this.#overlay.readBorders(labels, this.viewport, this.canvas);
    if (part) {
      const image = this.#overlay.draw(part, this.viewport, this.canvas, this.look);
      this.#contexts.paint.putImageData(image, part.x0, part.y0);
    }
  }
}
