/**
 * Where a photo lies in the window: how many pixels of the screen one of its pixels takes, and where its top left is.
 * All lengths are pixels of the screen (not of CSS), so that one pixel is one pixel at any ratio.
 */

const MOST_SCALE = 64;
const KEPT_IN_SIGHT = 60; // pixels of the photo's border that stay in the window

/** The place of a photo in a window. */
export class Viewport {
  scale = 1;
  left = 0;
  top = 0;
  #isFitted = true;

  constructor() {
    this.window = { width: 1, height: 1 };
    this.photo = { width: 1, height: 1 };
  }

  /** Take another photo, and show all of it. */
  setPhoto(width, height) {
    this.photo = { width, height };
    this.fit();
  }

  /** Take another size of the window; what was in its middle stays there, and what was fitted is. */
  setWindow(width, height) {
    const [dx, dy] = [(width - this.window.width) / 2, (height - this.window.height) / 2];
    this.window = { width, height };
    if (this.#isFitted) this.fit();
    else this.pan(dx, dy);
  }

  /** Show the whole photo. */
  fit() {
    this.scale = this.#fitting();
    this.left = Math.round((this.window.width - this.photo.width * this.scale) / 2);
    this.top = Math.round((this.window.height - this.photo.height * this.scale) / 2);
    this.#isFitted = true;
  }

  /** Zoom; what lies at (x, y) stays there. */
  zoom(factor, x, y) {
    const scale = Math.min(MOST_SCALE, Math.max(this.#fitting() / 2, this.scale * factor));
    const [photoX, photoY] = [(x - this.left) / this.scale, (y - this.top) / this.scale];
    this.scale = scale;
    this.left = x - photoX * scale;
    this.top = y - photoY * scale;
    this.pan(0, 0);
  }

  /** Move the photo. */
  pan(dx, dy) {
    this.#isFitted = false;
    const { window, photo, scale } = this;
    this.left = kept(this.left + dx, window.width, photo.width * scale);
    this.top = kept(this.top + dy, window.height, photo.height * scale);
  }

  /** Give the pixel of the photo at a place of the window; it may lie outside of the photo. */
  toPhoto(x, y) {
    return [Math.floor((x - this.left) / this.scale), Math.floor((y - this.top) / this.scale)];
  }

  /** Give the place of a point of the photo, in photo pixels with fractions. */
  toWindow(x, y) {
    return [this.left + x * this.scale, this.top + y * this.scale];
  }

  /** Give the part of the window that shows a box (left, top, width, height) of the photo; null when none does. */
  boxInWindow([left, top, width, height]) {
    const x0 = Math.max(0, Math.floor(this.left + left * this.scale) - 1);
    const y0 = Math.max(0, Math.floor(this.top + top * this.scale) - 1);
    const x1 = Math.min(this.window.width, Math.ceil(this.left + (left + width) * this.scale) + 1);
    const y1 = Math.min(this.window.height, Math.ceil(this.top + (top + height) * this.scale) + 1);
    return x1 > x0 && y1 > y0 ? { x0, y0, x1, y1 } : null;
  }

  #fitting() {
    return Math.min(this.window.width / this.photo.width, this.window.height / this.photo.height, MOST_SCALE);
  }
}

function kept(place, window, photo) {
  const margin = Math.min(KEPT_IN_SIGHT, photo, window);
  return Math.round(Math.min(window - margin, Math.max(margin - photo, place)));
}
