/**
 * Mouse, pen and fingers on the stage. One finger, the pen and the mouse do what the mode says; two fingers and the
 * wheel zoom and move; the hand moves.
 */

const WHEEL_STEP = 0.0016;
const LINE_PX = 20;
const STILL_PX = 9; // a finger that moves less taps

/**
 * What pointing does. `down` begins a gesture; the others follow it. Places are pixels of the window.
 * @typedef {Object} Mode
 * @property {(at: Place) => void} down
 * @property {(at: Place) => void} drag
 * @property {(at: Place) => void} up
 * @property {() => void} cancel
 * @property {(at: Place) => void} [hover]
 * @property {() => void} [leave]
 * @property {(button: number) => void} [double]
 *
 * @typedef {{x: number, y: number, button: number, shift: boolean, alternative: boolean, isTouch: boolean}} Place
 */

/** Listens to the stage. */
export class Pointing {
  #stage;
  #modeOf;
  #fingers = new Map();
  #active = null;
  isHand = false;

  /**
   * @param {import("./stage.js").Stage} stage
   * @param {() => Mode|null} modeOf - Gives the mode that is on.
   */
  constructor(stage, modeOf) {
    this.#stage = stage;
    this.#modeOf = modeOf;
    const listen = (name, run, options) => stage.node.addEventListener(name, run, options);
    listen("pointerdown", (event) => this.#down(event));
    listen("pointermove", (event) => this.#move(event));
    listen("pointerup", (event) => this.#up(event));
    listen("pointercancel", (event) => this.#cancel(event));
    listen("pointerleave", () => this.#active ?? modeOf()?.leave?.());
    listen("wheel", (event) => this.#wheel(event), { passive: false });
    listen("contextmenu", (event) => event.preventDefault());
    // the middle button would scroll by itself, or paste
    listen("mousedown", (event) => this.#mouseDown(event));
    listen("auxclick", (event) => event.preventDefault());
  }

  #placeOf(event) {
    const { button, shiftKey: shift, ctrlKey, altKey, metaKey } = event;
    const alternative = ctrlKey || altKey || metaKey;
    return { ...this.#stage.placeOf(event), button, shift, alternative, isTouch: event.pointerType === "touch" };
  }

  #mouseDown(event) {
    if (event.button === 1) event.preventDefault();
    if (event.detail === 2 && event.button !== 1 && !this.isHand) this.#modeOf()?.double?.(event.button);
  }

  #down(event) {
    if (this.#active && event.pointerType !== "touch") return;
    this.#stage.node.focus({ preventScroll: true });
    this.#stage.node.setPointerCapture(event.pointerId);
    const at = this.#placeOf(event);
    if (at.isTouch) this.#touchDown(event.pointerId, at);
    else if (this.isHand && at.button === 0) this.#begin(event.pointerId, at, this.#hand());
    else this.#begin(event.pointerId, at, this.#modeOf());
  }

  #begin(pointer, at, mode) {
    if (mode === null) return;
    this.#active = { pointer, mode, button: at.button };
    mode.down(at);
  }

  #touchDown(pointer, at) {
    this.#fingers.set(pointer, { at, first: at });
    if (this.#fingers.size === 1) return;
    this.#active?.mode.cancel();
    this.#active = null;
    for (const finger of this.#fingers.values()) finger.isOfTwo = true;
  }

  #move(event) {
    const at = this.#placeOf(event);
    if (at.isTouch) return this.#touchMove(event.pointerId, at);
    if (this.#active?.pointer === event.pointerId) this.#active.mode.drag({ ...at, button: this.#active.button });
    else if (!this.#active) this.#modeOf()?.hover?.(at);
  }

  #touchMove(pointer, at) {
    const finger = this.#fingers.get(pointer);
    if (!finger) return;
    const other = [...this.#fingers].find(([key]) => key !== pointer)?.[1];
    if (other) this.#pinch(finger.at, at, other.at);
    else if (this.#active) this.#active.mode.drag({ ...at, button: 0 });
    else if (!finger.isOfTwo && distance(finger.first, at) > STILL_PX * this.#stage.ratio) {
      this.#begin(pointer, { ...finger.first, button: 0 }, this.isHand ? this.#hand() : this.#modeOf());
      this.#active?.mode.drag({ ...at, button: 0 });
    }
    finger.at = at;
  }

  #pinch(before, at, other) {
    const factor = distance(at, other) / Math.max(1, distance(before, other));
    this.#stage.zoom(factor, (at.x + other.x) / 2, (at.y + other.y) / 2);
    this.#stage.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
  }

  #up(event) {
    const at = this.#placeOf(event);
    const finger = this.#fingers.get(event.pointerId);
    this.#fingers.delete(event.pointerId);
    const isTap = finger && !finger.isOfTwo && !this.#active && !this.isHand;
    if (isTap) this.#begin(event.pointerId, { ...at, button: 0 }, this.#modeOf());
    if (this.#active?.pointer !== event.pointerId) return;
    const { mode, button } = this.#active;
    this.#active = null;
    mode.up({ ...at, button });
  }

  #cancel(event) {
    this.#fingers.delete(event.pointerId);
    if (this.#active?.pointer !== event.pointerId) return;
    this.#active.mode.cancel();
    this.#active = null;
  }

  #wheel(event) {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? LINE_PX : 1;
    if (event.shiftKey) {
      const [dx, dy] = event.deltaX === 0 ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
      this.#stage.pan(-dx * unit * this.#stage.ratio, -dy * unit * this.#stage.ratio);
      return;
    }
    const { x, y } = this.#stage.placeOf(event);
    this.#stage.zoom(Math.exp(-event.deltaY * unit * WHEEL_STEP * (event.ctrlKey ? 5 : 1)), x, y);
  }

  #hand() {
    let last = null;
    const drag = (at) => {
      this.#stage.pan(at.x - last.x, at.y - last.y);
      last = at;
    };
    return { down: (at) => (last = at), drag, up: () => {}, cancel: () => {} };
  }
}

function distance(one, other) {
  return Math.hypot(one.x - other.x, one.y - other.y);
}
