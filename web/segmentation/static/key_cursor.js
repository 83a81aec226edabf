/** A cursor that keys move over the photo: with it they do all that a pointer does, for whoever has none. */

const STEP = 16; // pixels of CSS
const MARGIN = 40; // pixels of the screen that stay between the cursor and the border of the window
const ARM = 14; // pixels of CSS

/** The cursor. It is at a pixel of the photo, shown or not. */
export class KeyCursor {
  #stage;
  #modeOf;
  #told;
  #point = null;
  #held = null;
  #takeAway = null;

  /**
   * @param {import("./stage.js").Stage} stage
   * @param {() => import("./pointing.js").Mode|null} modeOf - Gives the mode that is on.
   * @param {(point: number[]) => void} told - Called with the pixel at which the cursor is.
   */
  constructor(stage, modeOf, told) {
    [this.#stage, this.#modeOf, this.#told] = [stage, modeOf, told];
    stage.node.addEventListener("pointerdown", () => this.hide());
  }

  /** Whether it is shown. */
  get isShown() {
    return this.#takeAway !== null;
  }

  /** Show it; when it is shown, do there what the tool does. A box begins with one press and ends with the next. */
  press() {
    const mode = this.#modeOf();
    if (mode === null) return;
    if (!this.isShown) return this.#show();
    const [held, at] = [this.#held, this.#place()];
    this.#held = null;
    if (held === mode) mode.up(at);
    else {
      mode.down(at);
      if (mode.isBoxing) this.#held = mode;
      else mode.up(at);
    }
    this.#told(this.#point);
  }

  /**
   * Move it.
   * @param {number} across - To the right: 1; to the left: -1.
   * @param {number} down
   * @param {boolean} isFine - By one pixel of the photo.
   */
  move(across, down, isFine) {
    const { scale } = this.#stage.viewport;
    const step = isFine ? 1 : Math.max(1, Math.round((STEP * this.#stage.ratio) / scale));
    this.#put([this.#point[0] + across * step, this.#point[1] + down * step]);
    const mode = this.#modeOf();
    if (this.#held !== null && this.#held === mode) mode.drag(this.#place());
    else mode?.hover?.(this.#place());
  }

  /** Put it away. */
  hide() {
    if (!this.isShown) return;
    this.#held?.cancel();
    this.#held = null;
    this.#modeOf()?.leave?.();
    this.#takeAway();
    this.#takeAway = null;
  }

  /** It comes back where it was, if that is in sight; else in the middle of the window. */
  #show() {
    const { viewport } = this.#stage;
    const { width, height } = viewport.window;
    const [x, y] = this.#point === null ? [-1, -1] : viewport.toWindow(...this.#point);
    const isInSight = x >= 0 && y >= 0 && x < width && y < height;
    this.#takeAway = this.#stage.addMarks((context, _, ratio) => this.#draw(context, ratio));
    this.#put(isInSight ? this.#point : viewport.toPhoto(width / 2, height / 2));
  }

  #put([x, y]) {
    const { photo, window } = this.#stage.viewport;
    this.#point = [Math.min(photo.width - 1, Math.max(0, x)), Math.min(photo.height - 1, Math.max(0, y))];
    const at = this.#place();
    const [dx, dy] = [aside(at.x, window.width), aside(at.y, window.height)];
    if (dx !== 0 || dy !== 0) this.#stage.pan(dx, dy);
    else this.#stage.drawMarks();
    this.#told(this.#point);
  }

  #place() {
    const { viewport } = this.#stage;
    const { width, height } = viewport.photo;
    this.#point = [Math.min(width - 1, this.#point[0]), Math.min(height - 1, this.#point[1])]; // of another photo
    const [x, y] = viewport.toWindow(this.#point[0] + 0.5, this.#point[1] + 0.5);
    return { x, y, button: 0, shift: false, alternative: false, isTouch: false };
  }

  #draw(context, ratio) {
    const { x, y } = this.#place();
    const [inner, outer] = [3 * ratio, ARM * ratio];
    for (const [colour, width] of [["rgb(0 0 0 / 75%)", 5], ["#fff", 2]]) {
      context.strokeStyle = colour;
      context.lineWidth = width * ratio;
      context.lineCap = "round";
      context.beginPath();
      for (const [right, down] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
        context.moveTo(x + right * inner, y + down * inner);
        context.lineTo(x + right * outer, y + down * outer);
      }
      context.stroke();
    }
  }
}

/** Give by how much the photo has to move so that a place is in sight again. */
function aside(place, size) {
  const margin = Math.min(MARGIN, size / 4);
  if (place < margin) return margin - place;
  return place > size - margin ? size - margin - place : 0;
}
