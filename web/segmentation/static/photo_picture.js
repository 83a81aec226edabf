/** The photo itself, with smaller copies of it for when it is seen from afar. */

import { getFile } from "/static/api.js";

const LARGE = 800_000; // pixels, about those of a window; a larger picture gets a copy of half its sides

/** A photo and its copies, each of half the sides of the one before. */
export class PhotoPicture {
  #levels = [];

  /**
   * Load a photo.
   * @param {string} address
   * @param {AbortSignal} signal
   */
  static async load(address, signal) {
    const response = await getFile(address, signal);
    const picture = new PhotoPicture();
    let level = await createImageBitmap(await response.blob());
    picture.#levels.push(level);
    while (level.width * level.height > LARGE) {
      const halved = { resizeWidth: Math.ceil(level.width / 2), resizeHeight: Math.ceil(level.height / 2) };
      level = await createImageBitmap(level, { ...halved, resizeQuality: "high" });
      picture.#levels.push(level);
    }
    return picture;
  }

  /** Draw it where the viewport has it; enlarged, each pixel is a square. */
  draw(context, viewport) {
    const { scale, left, top, photo } = viewport;
    const level = this.#levels.findLast((_, place) => 2 ** -place >= Math.min(1, scale)) ?? this.#levels[0];
    context.imageSmoothingEnabled = scale < 1;
    context.imageSmoothingQuality = "medium";
    context.drawImage(level, left, top, photo.width * scale, photo.height * scale);
  }

  /** Give the colour of a pixel. */
  colourAt([x, y]) {
    const one = new OffscreenCanvas(1, 1).getContext("2d");
    one.drawImage(this.#levels[0], x, y, 1, 1, 0, 0, 1, 1);
    return [...one.getImageData(0, 0, 1, 1).data.slice(0, 3)];
  }

  /** Let its memory go. */
  close() {
    for (const level of this.#levels) level.close();
    this.#levels = [];
  }
}
