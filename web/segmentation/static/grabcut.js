/** Cutting an object out by GrabCut: strokes that say what is object and what is not, and boxes around it. */

import { button, element, plural } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { change } from "./calls.js";
import { drawBox, drawStroke } from "./marks.js";
import { ObjectMode } from "./object_mode.js";
import { choice, part, slider } from "./panel.js";

const MIDDLE = 1;
const RIGHT = 2;
const FIRST_BRUSH = 3;
const MOST_BRUSH = 100;
const HOW =
  "Draw a box around the object, or strokes on it and beside it, then compute; correct with strokes and compute again.";
const KINDS = {
  foreground: { words: "Object", colour: "#ffffff", title: "Surely object (left button)" },
  background: { words: "Not object", colour: "#111111", title: "Surely background (right button)" },
  probable_foreground: { words: "Perhaps object", colour: "#c8c8c8", title: "Perhaps (Ctrl or Alt, left button)" },
  probable_background: { words: "Perhaps not", colour: "#484848", title: "Perhaps not (Ctrl or Alt, right button)" },
  box: { words: "Box", colour: "#4aa8ff", title: "A box around the object (middle button)" },
};

/** The mode and its panel. */
export class GrabCut extends ObjectMode {
  #kind = "foreground";
  #brush = FIRST_BRUSH;
  #strokes = [];
  #boxes = [];
  #numSent = { strokes: 0, boxes: 0 };
  #hasBegun = false;
  #rounds = 0;
  #stroke = null;

  /** @param {Object} app - The page. */
  constructor(app) {
    super(app);
    const choices = Object.entries(KINDS).map(([name, { words, colour, title }]) => {
      const dot = element("span", { class: "dot" });
      dot.style.background = colour;
      return { name, title, node: element("span", { class: "row" }, dot, words) };
    });
    this.kinds = choice({ label: "What is drawn", choices, onchoose: (name) => this.#choose(name) });
    this.size = slider({
      ...{ name: "Brush size", min: 0, max: MOST_BRUSH, step: 1, value: FIRST_BRUSH },
      text: (value) => `${value} px`,
      oninput: (value) => (this.#brush = value),
    });
    this.told = element("p", { class: "soft", "aria-live": "polite" });
    const run = (doing) => () => this.run(doing);
    const quiet = { kind: "is-quiet" };
    this.buttons = {
      compute: button({ text: "Compute", key: "Space", kind: "is-primary", onclick: run(() => this.compute()) }),
      paint: button({ text: "Paint it", key: keyOf("fill"), onclick: run(() => this.finish()) }),
      segments: button({ text: "As segments", onclick: run(() => this.finishAsSegments()) }),
      reset: button({ text: "Start over", key: keyOf("reset"), ...quiet, onclick: run(() => this.startOver()) }),
      quit: button({ text: "Leave", key: keyOf("quit"), ...quiet, onclick: () => app.paintAgain() }),
    };
    this.node = part(
      "Cut an object out",
      element("p", { class: "soft small" }, HOW),
      this.kinds,
      element("div", { class: "row wrap" }, Object.values(this.buttons)),
      this.told,
      this.size,
    );
    this.#choose("box");
  }

  get commands() {
    return {
      ...super.commands,
      smaller: () => this.#resize(-1),
      larger: () => this.#resize(1),
    };
  }

  #resize(by) {
    this.#brush = Math.min(MOST_BRUSH, Math.max(0, this.#brush + by * (this.#brush >= 20 ? 5 : 1)));
    this.size.set(this.#brush);
  }

  #choose(kind) {
    this.#kind = kind;
    this.kinds.choose(kind);
  }

  /** Forget all strokes and boxes. */
  clear() {
    [this.#strokes, this.#boxes, this.#stroke] = [[], [], null];
    this.#numSent = { strokes: 0, boxes: 0 };
    this.#hasBegun = false;
    this.#rounds = 0;
    this.#choose("box");
  }

  /** Show what can be done. */
  showState() {
    const isEmpty = this.#strokes.length + this.#boxes.length === 0;
    this.buttons.compute.disabled = this.isBusy || isEmpty;
    this.buttons.paint.disabled = this.buttons.segments.disabled = this.isBusy || this.#rounds === 0;
    this.node.setAttribute("aria-busy", String(this.isBusy));
    const pixels = plural(this.layer?.numPixels ?? 0, "pixel");
    const found = this.#rounds > 0 ? `Round ${this.#rounds}: ${pixels}` : "";
    this.told.textContent = this.isBusy ? "Computing …" : found;
  }

  #kindOf(at) {
    if (at.button === MIDDLE) return "box";
    if (at.button === RIGHT) return at.alternative ? "probable_background" : "background";
    if (at.alternative) return "probable_foreground";
    return this.#kind;
  }

  down(at) {
    const point = this.pixelOf(at);
    const kind = this.#kindOf(at);
    if (kind === "box") return this.beginBox(point);
    this.#stroke = { kind, points: [point], brush: this.#brush };
    this.#strokes.push(this.#stroke);
    this.app.stage.drawMarks();
  }

  drag(at) {
    const point = this.pixelOf(at);
    if (this.isBoxing) return this.stretchBox(point);
    this.#stroke?.points.push(point);
    this.app.stage.drawMarks();
  }

  up() {
    const box = this.isBoxing ? this.endBox() : null;
    if (box) this.#boxes.push(box);
    this.#stroke = null;
    if (box && this.#boxes.length === 1) this.#choose("foreground");
    this.showState();
  }

  cancel() {
    super.cancel();
    if (this.#stroke) this.#strokes.pop();
    this.#stroke = null;
  }

  /** Do one round with what was drawn. */
  async compute() {
    const given = {
      begin: !this.#hasBegun,
      strokes: this.#strokes.slice(this.#numSent.strokes),
      rectangles: this.#boxes.slice(this.#numSent.boxes),
      rounds: 1,
      colour: this.app.colour,
    };
    const answer = await this.#send(given, { strokes: this.#strokes.length, boxes: this.#boxes.length });
    this.#rounds = answer.rounds;
    await this.take(answer);
  }

  /** What was added stays on the server, even where it refuses the round. */
  async #send(given, numSent) {
    try {
      return await change(`photos/${this.session.photo}/grabcut`, given);
    } catch (error) {
      if (error.status === undefined) numSent = this.#numSent;
      throw error;
    } finally {
      this.#hasBegun ||= numSent !== this.#numSent;
      this.#numSent = numSent;
    }
  }

  askForLabels() {
    return change(`photos/${this.session.photo}/grabcut/labels`);
  }

  drawMarks(context, viewport, ratio) {
    for (const box of this.#boxes) drawBox(context, viewport, ratio, box, KINDS.box.colour);
    for (const { kind, points, brush } of this.#strokes) {
      drawStroke(context, viewport, ratio, points, brush, KINDS[kind].colour);
    }
  }
}
