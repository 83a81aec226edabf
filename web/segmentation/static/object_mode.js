/** What cutting out an object has in common, by strokes or by prompts: a result is shown, then accepted or left. */

import { announce, complain } from "/static/announce.js";
import { plural } from "/static/dom.js";
import { LayerView } from "./layer.js";
import { drawBox } from "./marks.js";

const LEAST_BOX = 4; // pixels of the photo

/** A mode of pointing with a panel; `compute`, `clear` and `drawMarks` are those of the kind. */
export class ObjectMode {
  layer = null;
  isBusy = false;
  #takeMarksAway = null;
  #box = null;
  #colour = null;
  #turn = Promise.resolve();

  /** @param {Object} app - The page. */
  constructor(app) {
    this.app = app;
  }

  get session() {
    return this.app.session;
  }

  /** Begin with the photo in sight. */
  begin() {
    this.layer = new LayerView(this.app.stage, this.session);
    this.clear();
    this.#takeMarksAway = this.app.stage.addMarks((...given) => {
      this.drawMarks(...given);
      if (this.#box) drawBox(...given, this.#box, "#4aa8ff");
    });
    this.showState();
  }

  /** Leave: nothing is painted. */
  end() {
    this.layer?.drop();
    this.#takeMarksAway?.();
    this.#takeMarksAway = null;
    this.layer = null;
  }

  /** The commands while it is on. */
  get commands() {
    const run = (doing) => () => this.run(doing);
    return {
      save: run(() => this.compute()),
      fill: run(() => this.finish()),
      reset: run(() => this.startOver()),
      quit: () => this.app.paintAgain(),
      back: () => this.app.paintAgain(),
    };
  }

  /** Do something that takes a while; what is asked for meanwhile is done after it. */
  run(doing) {
    this.#turn = this.#turn.then(async () => {
      if (this.layer === null) return; // left meanwhile
      this.isBusy = true;
      this.showState();
      await doing();
    });
    this.#turn = this.#turn.catch(complain).finally(() => {
      this.isBusy = false;
      this.showState();
    });
    return this.#turn;
  }

  /** Show what the server found. */
  async take(answer) {
    this.#colour = this.app.colour;
    await this.layer?.show(answer);
    this.showState();
  }

  /** Let the object become paint. */
  async finish() {
    if (!this.layer.isThere || String(this.#colour) !== String(this.app.colour)) await this.compute();
    if (!this.layer?.isThere) return announce("Nothing was found yet: draw where the object is.");
    const { numPixels } = this.layer;
    this.layer.accept();
    announce(`${plural(numPixels, "pixel")} painted.`);
    this.app.paintAgain();
  }

  /** Let its parts become the photo's segments, to be filled and cut. */
  async finishAsSegments() {
    await this.session.takeLabels(await this.askForLabels());
    this.app.paintAgain();
  }

  /** Forget what was drawn. */
  async startOver() {
    this.layer.drop();
    this.clear();
    this.app.stage.drawMarks();
  }

  /** Stretch a box from a place. */
  beginBox(point) {
    this.#box = [...point, ...point];
  }

  /** Whether a box is being stretched. */
  get isBoxing() {
    return this.#box !== null;
  }

  /** Stretch it to a point. */
  stretchBox(point) {
    this.#box.splice(2, 2, ...point);
    this.app.stage.drawMarks();
  }

  /** End it; gives the box, or null when it is too small to be meant. */
  endBox() {
    const box = this.#box;
    this.#box = null;
    this.app.stage.drawMarks();
    const isMeant = Math.abs(box[2] - box[0]) >= LEAST_BOX && Math.abs(box[3] - box[1]) >= LEAST_BOX;
    return isMeant ? box : null;
  }

  /** A second finger came. */
  cancel() {
    this.#box = null;
    this.app.stage.drawMarks();
  }

  pixelOf(at) {
    return this.app.stage.viewport.toPhoto(at.x, at.y);
  }
}
