/**
 * A canvas: labels, paint, and all that can be done to them. What it does is equal, pixel by pixel, to what
 * segmentation/painting/canvas.py does; the tests replay the same actions in both.
 */

import {
  changeBox,
  changeFlooded,
  changePixels,
  changeRuns,
  changeSegment,
  changeToUnpainted,
} from "./changes.js";
import { Cuts } from "./cuts.js";
import { Flooder } from "./floods.js";
import { History } from "./history.js";
import { linePixels } from "./lines.js";
import { PaintedRows } from "./painted_rows.js";
import { checkColour, checkLabels, colourOf, EDGE, isBlack, paintOf, UNPAINTED } from "./planes.js";
import * as notes from "./replies.js";

export const START_COLOUR = [204, 0, 0]; // not black, which no mask keeps

/** A photo's labels and what is painted over it. Points are [x, y] in whole pixels. */
export class Canvas {
  /** The point that the next cut begins at; null when there is none. */
  cutFrom = null;
  history = new History();
  cuts = new Cuts();
  /** Called with each change as it is made (true) or taken back (false). */
  onchange = () => {};
  #flooder;
  #rows;
  #stroke = null;

  /**
   * @param {ArrayLike<number>} labels - Row by row; 0 is edge.
   * @param {number} width
   * @param {number} height
   * @param {{name: string, colour: number[]}[]} [classes] - The first one's colour is taken up.
   */
  constructor(labels, width, height, classes = []) {
    this.width = width;
    this.height = height;
    this.labelsAndCuts = checkLabels(labels, width * height);
    this.paint = new Int32Array(width * height);
    this.classes = classes;
    this.colour = classes.length > 0 ? classes[0].colour : START_COLOUR;
    this.#flooder = new Flooder(width, height);
    this.#rows = new PaintedRows(this.paint, width);
  }

  /**
   * Make a canvas of planes that were read: labels and cuts, then paint. They are not copied.
   * @param {Int32Array} planes
   */
  static of(planes, width, height) {
    const canvas = new Canvas([], 0, 0);
    Object.assign(canvas, { width, height });
    canvas.labelsAndCuts = planes.subarray(0, width * height);
    canvas.paint = planes.subarray(width * height);
    canvas.#flooder = new Flooder(width, height);
    canvas.#rows = new PaintedRows(canvas.paint, width);
    canvas.cuts = new Cuts(canvas.labelsAndCuts);
    return canvas;
  }

  /** The paint at a pixel as a colour; null where nothing is painted. */
  colourAt([x, y]) {
    const paint = this.paint[y * this.width + x];
    return paint === UNPAINTED ? null : colourOf(paint);
  }

  /** Whether a point lies on the photo. */
  isInside([x, y]) {
    return x >= 0 && x < this.width && y >= 0 && y < this.height;
  }

  /** Take up a colour; it is no step of the history. */
  setColour(colour) {
    this.colour = checkColour(colour);
    return notes.noteOnly(isBlack(this.colour) ? notes.BLACK_PAINT : "");
  }

  /** Take up the colour of a class. */
  setClass(name) {
    const found = this.classes.find((one) => one.name === name);
    if (!found) throw new RangeError(`no class ${name}`);
    return this.setColour(found.colour);
  }

  /** Paint the segment around a pixel; where it is painted already, recolour the region of equal colour. */
  fill(point) {
    if (!this.isInside(point)) return notes.noteOnly(notes.OUTSIDE);
    const at = this.#placeOf(point);
    if (this.paint[at] === UNPAINTED && this.labelsAndCuts[at] <= EDGE) {
      this.cutFrom = null;
      return notes.noteOnly(notes.ON_EDGE);
    }
    return this.#do("fill", [() => this.#fillAt(point)], notes.ALREADY);
  }

  /** Take the paint off the region of equal colour around a pixel. */
  unfill(point) {
    if (!this.isInside(point)) return notes.noteOnly(notes.OUTSIDE);
    return this.#do("unfill", [() => this.#unfillAt(point)], notes.NOT_PAINTED);
  }

  /** Fill at each pixel under a moving pointer, edges left out: along the lines between its points; one step. */
  fillStroke(points) {
    return this.#strokeAlong("fill stroke", points);
  }

  /** Unfill at each pixel under a moving pointer; see `fillStroke`. */
  unfillStroke(points) {
    return this.#strokeAlong("unfill stroke", points);
  }

  /**
   * Begin a stroke that is painted while the pointer moves; until `endStroke` nothing else may be done.
   * @param {"fill stroke"|"unfill stroke"} label
   */
  beginStroke(label) {
    this.cutFrom = null;
    this.#stroke = { label, from: null, made: [] };
  }

  /** Go on to a point. Gives the box of what changed; null when nothing did. */
  strokeTo(point) {
    const { label, from, made } = this.#stroke;
    const before = made.length;
    for (const pixel of linePixels(from ?? point, point)) {
      if (this.isInside(pixel)) this.#make(label === "fill stroke" ? this.#fillAt(pixel) : this.#unfillAt(pixel), made);
    }
    this.#stroke.from = point;
    return made.length > before ? notes.replyOf(made.slice(before), this.width).box : null;
  }

  /** End the stroke: it becomes one step. */
  endStroke() {
    const { label, made } = this.#stroke;
    this.#stroke = null;
    return this.#done(label, made, label === "unfill stroke" ? notes.NOT_PAINTED : notes.NOTHING_CHANGED);
  }

  /** Begin a cut, or draw it on from the point before: its pixels become unpainted edge. Each line is a step. */
  cut(point) {
    if (!this.isInside(point)) return notes.noteOnly(notes.OUTSIDE);
    const start = this.cutFrom;
    this.cutFrom = [...point];
    if (start === null) return notes.noteOnly(notes.FIRST_POINT);
    const places = linePixels(start, point).map((pixel) => this.#placeOf(pixel));
    places.sort((one, other) => one - other);
    const reply = this.#do("cut", this.#cutting(places), notes.NOTHING_CUT);
    this.cutFrom = [...point];
    return reply;
  }

  /** Take off all paint and close all cuts; can be undone. */
  reset() {
    const closing = () => {
      return changePixels(this.labelsAndCuts, this.width, false, this.cuts.sorted(), (label) => -1 - label);
    };
    return this.#do("reset", [closing, () => changeToUnpainted(this.paint, this.width, this.#rows)]);
  }

  /** Take another label image of the same size; paint stays, cuts go. */
  applyLabels(labels) {
    const plane = checkLabels(labels, this.width * this.height);
    const all = { left: 0, top: 0, right: this.width, bottom: this.height, mask: null };
    return this.#do("labels", [() => changeBox(this.labelsAndCuts, this.width, false, all, plane)]);
  }

  /**
   * Paint pictures (found templates), later ones over earlier ones, in one step; inside the photo only.
   * @param {{left: number, top: number, width: number, height: number, paint: Int32Array, mask: Uint8Array}[]} stamps
   */
  paintStamps(stamps) {
    const wrong = stamps.find(({ left, top, width, height }) => {
      return left < 0 || top < 0 || left + width > this.width || top + height > this.height;
    });
    if (wrong) throw new RangeError(`a stamp at ${wrong.left}, ${wrong.top} does not fit into the photo`);
    const doing = stamps.map(({ paint, ...stamp }) => {
      return () => changeBox(this.paint, this.width, true, boxOf(stamp), paint);
    });
    return this.#do("templates", doing);
  }

  /**
   * Paint runs of pixels, as a layer of the server has them: first pixel, number of pixels, paint; in one step.
   * @param {Int32Array} triples
   */
  paintRuns(triples) {
    return this.#do("picture", [() => changeRuns(this.paint, this.width, triples)]);
  }

  /** Take back the newest step. */
  undo() {
    this.cutFrom = null;
    const step = this.history.undo();
    if (step === null) return notes.noteOnly(notes.NOTHING_TO_UNDO);
    for (const change of [...step.changes].reverse()) {
      change.takeBack(this.#planeOf(change));
      this.#tell(change, false);
    }
    return notes.replyOf(step.changes, this.width);
  }

  /** Do the step again that was taken back last. */
  redo() {
    this.cutFrom = null;
    const step = this.history.redo();
    if (step === null) return notes.noteOnly(notes.NOTHING_TO_REDO);
    for (const change of step.changes) {
      change.make(this.#planeOf(change));
      this.#tell(change, true);
    }
    return notes.replyOf(step.changes, this.width);
  }

  /** Make each change as it comes, so that the next one sees it; all of them are one step. */
  #do(label, doing, otherwise = notes.NOTHING_CHANGED) {
    this.cutFrom = null;
    const made = [];
    for (const give of doing) this.#make(give(), made);
    return this.#done(label, made, otherwise);
  }

  #make(change, made) {
    if (change === null || change.starts.length === 0) return;
    change.make(this.#planeOf(change));
    this.#tell(change, true);
    made.push(change);
  }

  #tell(change, isMade) {
    this.cuts.follow(change, isMade);
    this.#rows.follow(change, isMade);
    this.onchange(change, isMade);
  }

  #done(label, made, otherwise) {
    if (made.length === 0) return notes.noteOnly(otherwise);
    this.history.add(label, made);
    const paintsBlack = (label === "fill" || label === "fill stroke") && isBlack(this.colour);
    return notes.replyOf(made, this.width, paintsBlack ? notes.BLACK_PAINT : "");
  }

  #strokeAlong(label, points) {
    this.beginStroke(label);
    for (const point of points) this.strokeTo(point);
    return this.endStroke();
  }

  #planeOf(change) {
    return change.isPaint ? this.paint : this.labelsAndCuts;
  }

  #placeOf([x, y]) {
    return y * this.width + x;
  }

  #fillAt(point) {
    const [at, wanted] = [this.#placeOf(point), paintOf(this.colour)];
    if (this.paint[at] === wanted) return null;
    if (this.paint[at] !== UNPAINTED) return this.#flooded(this.paint, point, wanted);
    return this.labelsAndCuts[at] > EDGE ? this.#flooded(this.labelsAndCuts, point, wanted) : null;
  }

  #unfillAt(point) {
    if (this.paint[this.#placeOf(point)] === UNPAINTED) return null;
    return this.#flooded(this.paint, point, UNPAINTED);
  }

  /** Give the change that paints the region of equal number in a plane. */
  #flooded(plane, [x, y], paint) {
    const region = this.#flooder.flood(plane, x, y);
    const isOwn = plane === this.paint;
    return isOwn ? changeFlooded(plane, region, paint) : changeSegment(this.paint, this.#rows, region, paint);
  }

  #cutting(places) {
    const cutLabel = (label) => (label > EDGE ? -1 - label : label); // what is edge or cut already stays as it is
    return [
      () => changePixels(this.labelsAndCuts, this.width, false, places, cutLabel),
      () => changePixels(this.paint, this.width, true, places, () => UNPAINTED),
    ];
  }
}

function boxOf({ left, top, width, height, mask }) {
  return { left, top, right: left + width, bottom: top + height, mask };
}
