/** Two photos beside each other, with lines between the places that match. */

import { element } from "/static/dom.js";
import { PairView } from "./pair_view.js";
import { panAndZoom, zoomCommands } from "./pan_zoom.js";
import { imageUrl } from "./pictures.js";

const LINE_HUES = 12;
const MAX_LINES = 400;
const UNKNOWN = { width: 4, height: 3 };

/** A picture of a pair. */
export class PairCanvas {
  view = new PairView();
  opacity = 0.7;
  #images = [null, null];
  #frame = 0;

  constructor() {
    this.canvas = element("canvas", { class: "pair-canvas", role: "img", tabindex: "0", "aria-label": "Two photos" });
    this.node = element("div", { class: "pair-picture" }, this.canvas);
    new ResizeObserver(() => this.#resize()).observe(this.node);
    panAndZoom(this.canvas, {
      zoom: (factor, x, y) => this.#zoom(factor, x, y),
      pan: (dx, dy) => this.#pan(dx, dy),
    });
    this.commands = {
      ...zoomCommands(this.canvas, {
        zoom: (factor) => this.#zoomMiddle(factor),
        fit: () => (this.view.fit(), this.draw()),
      }),
      lines: () => this.setOpacity(this.opacity > 0 ? 0 : 0.7),
    };
    this.canvas.addEventListener("keydown", (event) => this.#onKey(event));
    this.canvas.addEventListener("dblclick", (event) =>
      this.#zoom(event.shiftKey ? 1 / 2.5 : 2.5, event.offsetX, event.offsetY),
    );
  }

  /**
   * Show a pair, whose matches may come later.
   * @param {[number, number]} pair
   */
  show(pair) {
    this.view = new PairView();
    this.canvas.setAttribute("aria-label", "Two photos");
    this.#images = pair.map((id) => {
      const image = new Image();
      image.decoding = "async";
      image.onload = () => this.draw();
      image.src = imageUrl(id);
      return image;
    });
    this.draw();
  }

  /**
   * Draw the matches of the pair that is shown.
   * @param {number[][]} inliers
   * @param {string} label What is seen, in words.
   */
  showMatches(inliers, label) {
    this.view.inliers = inliers.slice(0, MAX_LINES);
    this.canvas.setAttribute("aria-label", label);
    this.draw();
  }

  /** How strongly the lines are drawn, 0 to 1. */
  setOpacity(opacity) {
    this.opacity = opacity;
    this.onopacity?.(opacity);
    this.draw();
  }

  /** Draw, in the next frame. */
  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #resize() {
    const ratio = devicePixelRatio;
    this.canvas.width = Math.round(this.node.clientWidth * ratio);
    this.canvas.height = Math.round(this.node.clientHeight * ratio);
    this.#draw();
  }

  #size() {
    return [this.node.clientWidth, this.node.clientHeight];
  }

  #boxes() {
    const photos = this.#images.map((image) =>
      image?.naturalWidth ? { width: image.naturalWidth, height: image.naturalHeight } : UNKNOWN,
    );
    const halves = this.view.halves(...this.#size(), photos);
    return halves.map((half, side) => ({ half, box: this.view.box(side, half, photos[side]) }));
  }

  #draw() {
    const context = this.canvas.getContext("2d");
    const ratio = devicePixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, ...this.#size());
    const places = this.#boxes();
    this.node.closest(".pair")?.classList.toggle("is-above", places[1].half.y > 0);
    places.forEach(({ half, box }, side) => this.#drawPhoto(context, half, box, this.#images[side]));
    if (this.opacity > 0 && this.#images.every((image) => image?.naturalWidth)) this.#drawLines(context, places);
  }

  #drawPhoto(context, half, box, image) {
    context.save();
    context.beginPath();
    context.rect(half.x, half.y, half.width, half.height);
    context.clip();
    context.imageSmoothingQuality = "high";
    if (image?.complete && image.naturalWidth) context.drawImage(image, box.x, box.y, box.width, box.height);
    context.restore();
  }

  #drawLines(context, [left, right]) {
    context.globalAlpha = this.opacity;
    this.view.inliers.forEach(([x0, y0, x1, y1], number) => {
      const from = { x: left.box.x + x0 * left.box.width, y: left.box.y + y0 * left.box.height };
      const to = { x: right.box.x + x1 * right.box.width, y: right.box.y + y1 * right.box.height };
      if (!isWithin(from, left.half) || !isWithin(to, right.half)) return;
      const hue = (number % LINE_HUES) * (360 / LINE_HUES);
      context.strokeStyle = `hsl(${hue} 85% 58%)`;
      context.fillStyle = context.strokeStyle;
      context.lineWidth = 1.25;
      context.beginPath();
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
      context.stroke();
      for (const { x, y } of [from, to]) dot(context, x, y);
    });
    context.globalAlpha = 1;
  }

  #sideAt(x, y) {
    const { half } = this.#boxes()[0];
    return x <= half.x + half.width && y <= half.y + half.height ? 0 : 1;
  }

  #zoom(factor, x, y) {
    const side = this.#sideAt(x, y);
    const { box } = this.#boxes()[side];
    this.view.zoom(side, factor, (x - box.x) / box.width, (y - box.y) / box.height);
    this.draw();
  }

  #zoomMiddle(factor) {
    const { x, y } = this.view.centers[0];
    this.view.zoom(0, factor, x, y);
    this.draw();
  }

  #pan(dx, dy) {
    if (this.view.scale === 1) return;
    const { box } = this.#boxes()[0];
    this.view.move(0, -dx / box.width, -dy / box.height);
    this.draw();
  }

  #onKey(event) {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (!steps[event.key] || this.view.scale === 1) return;
    event.preventDefault();
    this.#pan(...steps[event.key]);
  }
}

function isWithin({ x, y }, half) {
  return x >= half.x && x <= half.x + half.width && y >= half.y && y <= half.y + half.height;
}

function dot(context, x, y) {
  context.beginPath();
  context.arc(x, y, 2.5, 0, 2 * Math.PI);
  context.fill();
}
