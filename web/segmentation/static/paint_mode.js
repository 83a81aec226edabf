/** Painting by pointing: left fills, right takes paint off, middle or Shift cuts; the tools do the same. */

import { announce } from "/static/announce.js";
import { element } from "/static/dom.js";
import { ALREADY } from "./painting/replies.js";

const MIDDLE = 1;
const RIGHT = 2;
const WORDS = { fill: "filling", unfill: "unfilling" };

/** What pointing does while painting. */
export class PaintMode {
  /** "fill", "unfill", "cut" or "pick". */
  tool = "fill";
  /** "fill" or "unfill" under the moving pointer, without a button; null: neither. */
  continuous = null;
  #app;
  #kind = null;
  #pointer = null;

  /** @param {Object} app - The page. */
  constructor(app) {
    this.#app = app;
    this.badge = element("span", { class: "badge continuous", hidden: true });
    app.stage.badges.append(this.badge);
    app.stage.addMarks((context, viewport, ratio) => this.#drawCut(context, viewport, ratio));
  }

  get #session() {
    return this.#app.session;
  }

  #pixelOf(at) {
    return this.#app.stage.viewport.toPhoto(at.x, at.y);
  }

  down(at) {
    const point = this.#pixelOf(at);
    if (!this.#session?.canvas) return;
    if (at.button === MIDDLE || (at.button === 0 && (at.shift || this.tool === "cut"))) this.#cut(point);
    else if (at.button === 0 && this.tool === "pick") this.#app.pickColour(point);
    else this.#begin(at.button === RIGHT ? "unfill" : this.tool, point);
  }

  #begin(kind, point) {
    this.#kind = kind;
    this.#session.beginStroke(kind);
    this.#session.strokeTo(point);
  }

  #cut(point) {
    const reply = this.#session.act({ action: "cut", points: [point] });
    this.#pointer = point;
    this.#app.stage.drawMarks();
    if (reply.note) announce(reply.note);
  }

  drag(at) {
    if (this.#kind !== null) this.#session.strokeTo(this.#pixelOf(at));
  }

  up() {
    if (this.#kind === null) return;
    this.#kind = null;
    const reply = this.#session.endStroke();
    if (reply?.note && reply.note !== ALREADY) announce(reply.note);
  }

  /** A second finger came: what the first one painted is taken back. */
  cancel() {
    if (this.#kind === null) return;
    this.#kind = null;
    const reply = this.#session.endStroke();
    if (reply?.box) this.#session.act({ action: "undo" });
  }

  hover(at) {
    const point = this.#pixelOf(at);
    this.#app.showPlace(point);
    const session = this.#session;
    if (!session?.canvas) return;
    if (session.canvas.cutFrom !== null) {
      this.#pointer = point;
      this.#app.stage.drawMarks();
    }
    if (this.continuous === null || !session.canvas.isInside(point)) return;
    if (!session.isStroking) session.beginStroke(this.continuous);
    session.strokeTo(point);
  }

  /** The pointer left the photo: the stroke under it is one step. */
  leave() {
    this.#pointer = null;
    this.#app.stage.drawMarks();
    if (this.#kind === null) this.#session?.endStroke();
  }

  /** Toggle filling (left) or unfilling (right) under the moving pointer. */
  double(button) {
    if (this.tool === "cut" || this.tool === "pick") return;
    const kind = button === RIGHT ? "unfill" : this.tool;
    this.setContinuous(this.continuous === kind ? null : kind);
  }

  /** Fill or unfill under the moving pointer from now on, or no longer. */
  setContinuous(kind) {
    if (this.#kind === null) this.#session?.endStroke();
    this.continuous = kind;
    this.badge.hidden = kind === null;
    this.badge.textContent = kind === null ? "" : `${WORDS[kind]} under the pointer – double-click or Esc ends it`;
    this.#app.stage.node.classList.toggle("is-continuous", kind !== null);
  }

  #drawCut(context, viewport, ratio) {
    const from = this.#session?.canvas?.cutFrom;
    if (!from || this.#app.mode !== this) return;
    const [x, y] = viewport.toWindow(from[0] + 0.5, from[1] + 0.5);
    const line = (colour, width) => {
      context.strokeStyle = colour;
      context.lineWidth = width * ratio;
      context.beginPath();
      context.arc(x, y, 5 * ratio, 0, 2 * Math.PI);
      if (this.#pointer) {
        context.moveTo(x, y);
        context.lineTo(...viewport.toWindow(this.#pointer[0] + 0.5, this.#pointer[1] + 0.5));
      }
      context.stroke();
    };
    line("rgb(0 0 0 / 60%)", 3);
    line("#fff", 1.2);
  }
}
