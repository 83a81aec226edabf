/**
 * One photo that is painted: its canvas, and the actions that go to the server as they are done. The page does not wait
 * for the server; each answer carries sums of its planes, so that a difference between both is noticed.
 */

import { plural } from "/static/dom.js";
import { addressOf, change, finish, read, readNumbers } from "./calls.js";
import { Canvas } from "./painting/canvas.js";
import { addedBy, checkOf } from "./painting/check.js";
import { replay } from "./painting/replay.js";
import { readHistory } from "./painting/saved_history.js";
import { PhotoPicture } from "./photo_picture.js";

const MOST_AT_ONCE = 1000;
const RETRY_MS = 2000;
const PAINTING = new Set(["fill", "fill_stroke"]);

/**
 * A photo being painted. Sends "change" when something was painted, "kept" when what is on the server is another,
 * "reloaded" when the server's canvas took the place of the page's, "trouble" and "calm" when it does not answer, and
 * when it does again.
 */
export class Session extends EventTarget {
  canvas = null;
  picture = null;
  state = null;
  /** Whether its masks are being written. */
  isSaving = false;
  /** Whether the server does not answer; what is done meanwhile is sent when it does. */
  isCutOff = false;
  #pending = [];
  #sending = null;
  #revision = 0;
  #serverColour = null;
  #check = [0, 0];
  #stroke = null;
  #image = null;
  #ending = new AbortController();

  /** @param {number} photo */
  constructor(photo) {
    super();
    this.photo = photo;
  }

  /** Given up when the page goes to another photo. */
  get signal() {
    return this.#ending.signal;
  }

  /** Actions that the server does not have yet. */
  get numPending() {
    return this.#pending.length;
  }

  /**
   * Load the photo, its segments and its paint.
   * @param {{onstate: Function, onpicture: Function, onprogress: Function}} told - Called as they are known.
   */
  async open({ onstate, onpicture, onprogress }) {
    this.#image = PhotoPicture.load(addressOf(this.photo, "image"), this.signal);
    this.#image.catch(() => {}); // told below, after what the server says
    this.state = await change(`photos/${this.photo}/open`);
    onstate(this.state);
    this.picture = await this.#image;
    this.signal.throwIfAborted();
    onpicture(this.picture);
    while (!this.state.is_ready) {
      await finish(this.state.job, { signal: this.signal, onprogress });
      this.state = await change(`photos/${this.photo}/open`);
    }
    await this.#load();
  }

  /** Take what the server has. */
  async #load() {
    const [planes, history] = await Promise.all(
      ["planes", "history"].map((what) => readNumbers(`photos/${this.photo}/${what}`, this.signal)),
    );
    this.state = await read(`photos/${this.photo}`, {}, this.signal);
    const { width, height, cut_from: cutFrom, colour } = this.state;
    this.canvas = Canvas.of(planes.numbers, width, height);
    Object.assign(this.canvas.history, readHistory(history.numbers));
    Object.assign(this.canvas, { cutFrom, colour });
    this.#revision = planes.revision;
    this.#serverColour = colour;
    this.#check = [checkOf(this.canvas.paint), checkOf(this.canvas.labelsAndCuts)];
    this.canvas.onchange = (one, isMade) => this.#follow(one, isMade);
  }

  #follow(one, isMade) {
    const plane = one.isPaint ? 0 : 1;
    this.#check[plane] = (this.#check[plane] + addedBy(one, isMade)) >>> 0;
  }

  /**
   * Do an action, here at once and on the server soon.
   * @param {Object} action - As docs/formats.md has them.
   * @param {() => import("./painting/replies.js").Reply} [doing] - What it is here, where that is not its replay.
   * @returns {import("./painting/replies.js").Reply}
   */
  act(action, doing = () => replay(this.canvas, action)) {
    this.endStroke();
    return this.#done(action, doing());
  }

  /** Paint with another colour from now on. */
  setColour(colour) {
    this.endStroke();
    return this.canvas.setColour(colour);
  }

  #done(action, reply) {
    if (PAINTING.has(action.action) && String(this.#serverColour) !== String(this.canvas.colour)) {
      this.#serverColour = this.canvas.colour;
      this.#pending.push({ action: { action: "colour", colour: this.canvas.colour }, check: null });
    }
    this.#pending.push({ action, check: [...this.#check] });
    this.dispatchEvent(new CustomEvent("change", { detail: reply }));
    this.dispatchEvent(new Event("kept"));
    this.#send();
    return reply;
  }

  /** Begin a stroke under the pointer; `kind` is "fill" or "unfill". */
  beginStroke(kind) {
    this.endStroke();
    this.canvas.beginStroke(`${kind} stroke`);
    this.#stroke = { kind, points: [] };
  }

  /** Go on to a pixel; gives the box that changed. A stroke ends where the server's canvas is taken meanwhile. */
  strokeTo(point) {
    if (this.#stroke === null) return null;
    const { points } = this.#stroke;
    if (points.length > 0 && String(points.at(-1)) === String(point)) return null;
    points.push(point);
    const box = this.canvas.strokeTo(point);
    if (box !== null) this.dispatchEvent(new CustomEvent("paint", { detail: box }));
    return box;
  }

  /** End the stroke: one step, and one action. Gives its reply; null when there is none. */
  endStroke() {
    if (this.#stroke === null) return null;
    const { kind, points } = this.#stroke;
    this.#stroke = null;
    const reply = this.canvas.endStroke();
    if (points.length === 0) return null;
    if (points.length > 1) return this.#done({ action: `${kind}_stroke`, points }, reply);
    const action = { action: kind, at: points[0] };
    // a click: where nothing was painted the fill says why
    return this.#done(action, reply.box === null ? replay(this.canvas, action) : reply);
  }

  /** Whether a stroke is under way. */
  get isStroking() {
    return this.#stroke !== null;
  }

  #send() {
    this.#sending ??= this.#sendAll()
      .catch((error) => this.dispatchEvent(new CustomEvent("trouble", { detail: error })))
      .finally(() => {
        this.#sending = null;
        this.dispatchEvent(new Event("kept"));
      });
  }

  async #sendAll() {
    while (this.#pending.length > 0 && !this.signal.aborted) {
      const batch = this.#pending.slice(0, MOST_AT_ONCE);
      const actions = batch.map(({ action }) => action);
      let answer;
      try {
        answer = await change(`photos/${this.photo}/actions`, { revision: this.#revision, actions });
      } catch (error) {
        if (error.status !== undefined) return this.#refused(error);
        if (!this.isCutOff) this.#tellCutOff(error);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        continue;
      }
      if (this.isCutOff) this.#tellCalm();
      this.#pending.splice(0, batch.length);
      this.#revision = answer.revision;
      Object.assign(this.state, { painted: answer.painted, is_saved: answer.is_saved });
      const { check } = batch.at(-1);
      if (check && String(check) !== String(answer.check)) return this.#reload("the server's canvas is another one");
    }
  }

  #tellCutOff(error) {
    this.isCutOff = true;
    const words = `${error.message} What you paint is sent when it answers again: leave this page open.`;
    this.dispatchEvent(new CustomEvent("trouble", { detail: new Error(words) }));
    this.dispatchEvent(new Event("kept"));
  }

  #tellCalm() {
    this.isCutOff = false;
    this.dispatchEvent(new CustomEvent("calm", { detail: "The server answers again, and has everything." }));
  }

  /** The server did not take what was done here: its canvas counts. */
  async #refused(error) {
    const undone = this.#pending.length;
    await this.#reload(null);
    const words = `${error.message} (loaded again; not taken from this window: ${plural(undone, "action")})`;
    this.dispatchEvent(new CustomEvent("trouble", { detail: new Error(words) }));
  }

  /** Look whether another window painted meanwhile, and take what it did; gives whether it did. */
  async refresh() {
    const isBusy = () => this.canvas === null || this.numPending > 0 || this.#sending !== null || this.isStroking;
    if (isBusy()) return false;
    const { revision } = await read(`photos/${this.photo}`, {}, this.signal);
    if (isBusy() || revision === this.#revision) return false;
    await this.#reload(null);
    return true;
  }

  async #reload(reason) {
    this.#pending = [];
    this.#stroke = null;
    this.canvas = null; // nothing can be painted meanwhile
    await this.#load();
    this.dispatchEvent(new Event("reloaded"));
    if (reason) this.dispatchEvent(new CustomEvent("trouble", { detail: new Error(`${reason}: it was loaded again`) }));
  }

  /** Wait until the server has everything. */
  async flush() {
    this.endStroke();
    while (this.#sending) await this.#sending;
  }

  /** Write the masks of what the server has; call `flush` before. It goes on when the page leaves the photo. */
  async save() {
    this.isSaving = true;
    this.dispatchEvent(new Event("kept"));
    try {
      const saved = await change(`photos/${this.photo}/save`);
      this.state.is_saved = saved.is_saved;
      return saved;
    } finally {
      this.isSaving = false;
      this.dispatchEvent(new Event("kept"));
    }
  }

  /**
   * Let a layer of the server become paint.
   * @param {{layer: string, action: Object}} layer
   * @param {Int32Array} triples - Its runs.
   */
  accept(layer, triples) {
    return this.act(layer.action, () => this.canvas.paintRuns(triples));
  }

  /** Take other segments: the answer of a job, or of GrabCut or SAM. */
  async takeLabels({ file, action }) {
    const { numbers } = await readNumbers(`photos/${this.photo}/labels/${file}`, this.signal);
    return this.act(action, () => this.canvas.applyLabels(numbers));
  }

  /** Give up what is under way; the server has everything (call `flush` before). */
  close() {
    this.#ending.abort();
    this.#image?.then(
      (picture) => picture.close(),
      () => {}, // it was given up before it came
    );
  }
}
