/** The drawn map: points, hulls of buildings, a scale; panned and zoomed. */

import { element } from "/static/dom.js";
import { colourOf, convexHull, lengthText, Projection, roundLength } from "./map_points.js";
import { panAndZoom, zoomCommands } from "./pan_zoom.js";

const NEAR_PX = 16;
const MARGIN = 0.84;
const MIN_SPAN_M = 20;
const SCALE_BAR_PX = 140;
const MAX_NUMBERS = 120;

/** A map of points. Calls `ontap(position, point)` when it is tapped: the point near it, or null. */
export class MapCanvas {
  chosen = null;
  isPlacing = false;
  #points = [];
  #hulls = [];
  #frame = 0;
  #wasFitted = false;

  constructor() {
    this.canvas = element("canvas", { class: "map-canvas", tabindex: "0", role: "img", "data-drop": "map" });
    this.node = element("div", { class: "map-picture" }, this.canvas);
    this.middle = { x: 0, y: 0 };
    this.perMetre = 1;
    this.projection = new Projection([]);
    const targets = {
      zoom: (...args) => this.#zoom(...args),
      pan: (...args) => this.#pan(...args),
      tap: (x, y) => this.#tap(x, y),
      fit: () => this.fit(),
    };
    panAndZoom(this.canvas, targets);
    this.commands = zoomCommands(this.canvas, targets);
    this.canvas.addEventListener("keydown", (event) => this.#onKey(event));
    for (const name of ["focus", "blur"]) this.canvas.addEventListener(name, () => this.draw());
    new ResizeObserver(() => this.#resize()).observe(this.node);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
    document.addEventListener("theme", () => this.draw());
  }

  /**
   * Show points.
   * @param {{id: number, position: [number, number], number: string|null, isPlaced: boolean}[]} points
   */
  show(points) {
    if (!this.#wasFitted) this.projection = new Projection(points.map((point) => point.position));
    this.#points = points.map((point) => ({ ...point, ...this.projection.toPlane(point.position) }));
    const groups = new Map();
    for (const point of this.#points)
      if (point.number !== null) groups.set(point.number, [...(groups.get(point.number) ?? []), point]);
    this.#hulls = [...groups].filter(([, members]) => members.length > 2).map(hullOf);
    this.canvas.setAttribute(
      "aria-label",
      `Map of ${points.length} photos. Arrows move it, plus and minus zoom; Enter is a tap in the middle.`,
    );
    if (!this.#wasFitted && points.length > 0) this.fit();
    this.draw();
  }

  /** Show all points. */
  fit() {
    const [width, height] = [this.node.clientWidth, this.node.clientHeight];
    if (this.#points.length === 0 || width === 0) return;
    const box = bounds(this.#points);
    this.middle = { x: (box.left + box.right) / 2, y: (box.top + box.bottom) / 2 };
    const spans = [Math.max(MIN_SPAN_M, box.right - box.left), Math.max(MIN_SPAN_M, box.bottom - box.top)];
    this.perMetre = MARGIN * Math.min(width / spans[0], height / spans[1]);
    this.#wasFitted = true;
    this.draw();
  }

  /** The latitude and longitude of a place, in pixels of the canvas. */
  positionAt(x, y) {
    return this.projection.toPosition(this.#toPlane(x, y));
  }

  /** Draw, in the next frame. */
  draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #toPlane(x, y) {
    const { clientWidth, clientHeight } = this.node;
    return {
      x: this.middle.x + (x - clientWidth / 2) / this.perMetre,
      y: this.middle.y + (y - clientHeight / 2) / this.perMetre,
    };
  }

  #toScreen({ x, y }) {
    const { clientWidth, clientHeight } = this.node;
    return {
      x: (x - this.middle.x) * this.perMetre + clientWidth / 2,
      y: (y - this.middle.y) * this.perMetre + clientHeight / 2,
    };
  }

  #zoom(factor, x, y) {
    const before = this.#toPlane(x, y);
    this.perMetre = Math.min(2000, Math.max(1e-4, this.perMetre * factor));
    const after = this.#toPlane(x, y);
    this.middle = { x: this.middle.x + before.x - after.x, y: this.middle.y + before.y - after.y };
    this.draw();
  }

  #pan(dx, dy) {
    this.middle = { x: this.middle.x - dx / this.perMetre, y: this.middle.y - dy / this.perMetre };
    this.draw();
  }

  #tap(x, y) {
    this.canvas.focus();
    this.ontap?.(this.positionAt(x, y), this.#near(x, y));
  }

  #near(x, y) {
    let best = null;
    let reach = NEAR_PX;
    for (const point of this.#points) {
      const at = this.#toScreen(point);
      const far = Math.hypot(at.x - x, at.y - y);
      if (far < reach) [best, reach] = [point, far];
    }
    return best;
  }

  #onKey(event) {
    const steps = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
    if (steps[event.key]) this.#pan(...steps[event.key]);
    else if (event.key === "Enter") this.#tap(this.node.clientWidth / 2, this.node.clientHeight / 2);
    else return;
    event.preventDefault();
  }

  #resize() {
    this.canvas.width = Math.round(this.node.clientWidth * devicePixelRatio);
    this.canvas.height = Math.round(this.node.clientHeight * devicePixelRatio);
    if (!this.#wasFitted) this.fit();
    this.#draw();
  }

  #draw() {
    const context = this.canvas.getContext("2d");
    const style = getComputedStyle(this.node);
    const paint = {
      ink: style.color,
      line: style.borderColor,
      paper: style.backgroundColor,
      isDark: style.colorScheme === "dark",
    };
    context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    context.clearRect(0, 0, this.node.clientWidth, this.node.clientHeight);
    this.#drawNet(context, paint);
    for (const hull of this.#hulls) this.#drawHull(context, hull, paint);
    for (const point of this.#points) this.#drawPoint(context, point, paint);
    this.#drawNumbers(context, paint);
    this.#drawScale(context, paint);
    if (document.activeElement === this.canvas || this.isPlacing) this.#drawCross(context, paint);
  }

  #drawNet(context, { line }) {
    const step = roundLength(SCALE_BAR_PX / this.perMetre);
    const { clientWidth: width, clientHeight: height } = this.node;
    const [from, to] = [this.#toPlane(0, 0), this.#toPlane(width, height)];
    context.strokeStyle = line;
    context.lineWidth = 1;
    context.globalAlpha = 0.55;
    context.beginPath();
    for (let x = Math.ceil(from.x / step) * step; x < to.x; x += step) {
      const at = Math.round(this.#toScreen({ x, y: 0 }).x) + 0.5;
      context.moveTo(at, 0);
      context.lineTo(at, height);
    }
    for (let y = Math.ceil(from.y / step) * step; y < to.y; y += step) {
      const at = Math.round(this.#toScreen({ x: 0, y }).y) + 0.5;
      context.moveTo(0, at);
      context.lineTo(width, at);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  #drawNumbers(context, { ink }) {
    const isIn = ({ x, y }) => x > 0 && y > 0 && x < this.node.clientWidth && y < this.node.clientHeight;
    const seen = this.#hulls
      .map(({ number, label }) => ({ number, at: this.#toScreen(label) }))
      .filter(({ at }) => isIn(at));
    if (seen.length > MAX_NUMBERS) return;
    context.font = `600 13px ${getComputedStyle(this.node).fontFamily}`;
    context.fillStyle = ink;
    context.textAlign = "center";
    for (const { number, at } of seen) context.fillText(number, at.x, at.y - 18);
    context.textAlign = "start";
  }

  #drawHull(context, { number, corners }, { isDark }) {
    context.beginPath();
    for (const corner of corners) {
      const { x, y } = this.#toScreen(corner);
      context.lineTo(x, y);
    }
    context.closePath();
    context.fillStyle = colourOf(number, isDark);
    context.strokeStyle = context.fillStyle;
    context.lineJoin = "round";
    context.globalAlpha = 0.14;
    context.lineWidth = 14;
    context.stroke();
    context.fill();
    context.globalAlpha = 1;
  }

  #drawPoint(context, point, { isDark, paper, ink }) {
    const { x, y } = this.#toScreen(point);
    if (x < -9 || y < -9 || x > this.node.clientWidth + 9 || y > this.node.clientHeight + 9) return;
    const isChosen = point.id === this.chosen;
    context.beginPath();
    context.arc(x, y, isChosen ? 9 : 5.5, 0, 2 * Math.PI);
    context.fillStyle = colourOf(point.number, isDark);
    context.fill();
    context.lineWidth = isChosen ? 3 : 1.5;
    context.strokeStyle = isChosen || point.isPlaced ? ink : paper;
    context.stroke();
  }

  #drawScale(context, { ink }) {
    const metres = roundLength(SCALE_BAR_PX / this.perMetre);
    const [x, y, width] = [20, this.node.clientHeight - 22, metres * this.perMetre];
    context.strokeStyle = ink;
    context.fillStyle = ink;
    context.lineWidth = 2;
    context.beginPath();
    context.moveTo(x, y - 6);
    context.lineTo(x, y);
    context.lineTo(x + width, y);
    context.lineTo(x + width, y - 6);
    context.stroke();
    context.font = `13px ${getComputedStyle(this.node).fontFamily}`;
    context.fillText(lengthText(metres), x, y - 12);
  }

  #drawCross(context, { ink }) {
    const [x, y] = [this.node.clientWidth / 2, this.node.clientHeight / 2];
    context.strokeStyle = ink;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x - 12, y);
    context.lineTo(x + 12, y);
    context.moveTo(x, y - 12);
    context.lineTo(x, y + 12);
    context.stroke();
  }
}

function hullOf([number, members]) {
  const corners = convexHull(members);
  const across = members.map(({ x }) => x).sort((one, other) => one - other);
  const down = members.map(({ y }) => y).sort((one, other) => one - other);
  return { number, corners, label: { x: across[across.length >> 1], y: down[down.length >> 1] } };
}

function bounds(points) {
  const box = { left: Infinity, right: -Infinity, top: Infinity, bottom: -Infinity };
  for (const { x, y } of points) {
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  }
  return box;
}
