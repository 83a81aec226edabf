/** Pixels that were cut: a line of one pixel would be missed where many pixels of the photo share one of the screen. */

const MOST_SHOWN = 200_000;

/** The cut pixels of a canvas, kept up to date. */
export class CutPixels {
  #places = new Set();

  /** Begin with a canvas. */
  read(canvas) {
    this.#places.clear();
    const labels = canvas.labelsAndCuts;
    for (let at = 0; at < labels.length; at += 1) if (labels[at] < 0) this.#places.add(at);
  }

  /** Follow a change of labels. */
  follow({ isPaint, starts, lengths, before, after }, isMade) {
    if (isPaint) return;
    const numbers = isMade ? after : before;
    for (let run = 0; run < starts.length; run += 1) {
      const isCut = numbers[numbers.length > 1 ? run : 0] < 0;
      if (!isCut && this.#places.size === 0) continue;
      for (let at = starts[run]; at < starts[run] + lengths[run]; at += 1) {
        if (isCut) this.#places.add(at);
        else this.#places.delete(at);
      }
    }
  }

  /**
   * Draw those within a part of the window.
   * @param {CanvasRenderingContext2D} context
   * @param {import("./viewport.js").Viewport} viewport
   * @param {number} width - Of the photo.
   * @param {{x0: number, y0: number, x1: number, y1: number}} part
   */
  draw(context, viewport, width, part) {
    if (this.#places.size > MOST_SHOWN) return;
    const side = Math.max(1, viewport.scale);
    context.fillStyle = "#ffffff";
    for (const place of this.#places) {
      const [x, y] = viewport.toWindow(place % width, Math.floor(place / width));
      if (x + side < part.x0 || y + side < part.y0 || x > part.x1 || y > part.y1) continue;
      context.fillRect(Math.round(x), Math.round(y), Math.max(1, Math.round(side)), Math.max(1, Math.round(side)));
    }
  }
}
