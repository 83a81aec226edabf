/** Cutting an object out by Segment Anything: points on it and beside it, and boxes around it. */

import { announce } from "/static/announce.js";
import { button, element } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { change } from "./calls.js";
import { drawBox, drawPoint } from "./marks.js";
import { ObjectMode } from "./object_mode.js";
import { choice, part } from "./panel.js";

const MIDDLE = 1;
const RIGHT = 2;
const COLOURS = { on: "#2fbf57", off: "#e5342b", box: "#4aa8ff" };

/** The mode and its panel. */
export class Sam extends ObjectMode {
  #kind = "on";
  #prompts = [];
  #isNew = false;

  /** @param {Object} app - The page. */
  constructor(app) {
    super(app);
    this.kinds = choice({
      label: "What a click says",
      choices: [
        { name: "on", node: "On the object", title: "A point on the object (left button)" },
        { name: "off", node: "Beside it", title: "A point beside the object (right button)" },
        { name: "box", node: "Box", title: "A box around the object (middle button)" },
      ],
      onchoose: (name) => this.#choose(name),
    });
    const run = (doing) => () => this.run(doing);
    const quiet = { kind: "is-quiet" };
    this.buttons = {
      compute: button({ text: "Predict", key: "Space", kind: "is-primary", onclick: run(() => this.compute()) }),
      paint: button({ text: "Paint it", key: keyOf("fill"), onclick: run(() => this.finish()) }),
      segments: button({ text: "As segments", onclick: run(() => this.finishAsSegments()) }),
      undo: button({ text: "Take back", key: "Z", ...quiet, onclick: () => this.takeBack() }),
      reset: button({ text: "Start over", key: keyOf("reset"), ...quiet, onclick: run(() => this.startOver()) }),
      quit: button({ text: "Leave", key: keyOf("quit"), ...quiet, onclick: () => app.paintAgain() }),
    };
    this.told = element("p", { class: "soft", "aria-live": "polite" });
    const row = element("div", { class: "row wrap" }, Object.values(this.buttons));
    this.body = element("div", {}, this.kinds, row, this.told);
    this.refusal = element("p", { class: "notice" });
    this.node = part("Segment Anything", this.refusal, this.body);
    this.#choose("on");
  }

  get #isReady() {
    return this.app.overview.sam.is_ready;
  }

  get commands() {
    return { ...super.commands, undo: () => this.takeBack() };
  }

  #choose(kind) {
    this.#kind = kind;
    this.kinds.choose(kind);
  }

  /** Forget all prompts. */
  clear() {
    this.#prompts = [];
    this.#isNew = false;
  }

  /** Take the last point or box back. */
  takeBack() {
    if (this.#prompts.pop() === undefined) announce("There is no point and no box.");
    this.#isNew = true;
    this.app.stage.drawMarks();
    this.showState();
  }

  /** Show what can be done. */
  showState() {
    this.refusal.hidden = this.#isReady;
    this.refusal.textContent = this.app.overview.sam.message;
    this.body.hidden = !this.#isReady;
    const isOff = this.isBusy || this.#prompts.length === 0;
    for (const name of ["compute", "paint", "segments", "undo"]) this.buttons[name].disabled = isOff;
    this.told.textContent = this.isBusy ? "Predicting …" : `${this.#prompts.length} given`;
  }

  down(at) {
    if (!this.#isReady) return;
    const point = this.pixelOf(at);
    if (at.button === MIDDLE || (at.button === 0 && this.#kind === "box")) return this.beginBox(point);
    this.#add({ point, is_foreground: at.button !== RIGHT && this.#kind !== "off" });
  }

  #add(prompt) {
    this.#prompts.push(prompt);
    this.#isNew = true;
    this.app.stage.drawMarks();
    this.showState();
  }

  drag(at) {
    if (this.isBoxing) this.stretchBox(this.pixelOf(at));
  }

  up() {
    const box = this.isBoxing ? this.endBox() : null;
    if (box) this.#add({ box });
  }

  /** Predict the object. */
  async compute() {
    const { colour } = this.app;
    this.#isNew = false; // what is given from now on is not in the answer
    try {
      const given = { prompts: this.#prompts, colour, as: "paint" };
      await this.take(await change(`photos/${this.session.photo}/sam`, given));
    } catch (error) {
      this.#isNew = true;
      throw error;
    }
  }

  async finish() {
    if (this.#isNew) await this.compute();
    await super.finish();
  }

  askForLabels() {
    const { colour } = this.app;
    return change(`photos/${this.session.photo}/sam`, { prompts: this.#prompts, colour, as: "labels" });
  }

  drawMarks(context, viewport, ratio) {
    for (const { point, box, is_foreground: isOn } of this.#prompts) {
      if (box) drawBox(context, viewport, ratio, box, COLOURS.box);
      else drawPoint(context, viewport, ratio, point, isOn ? COLOURS.on : COLOURS.off);
    }
  }
}
