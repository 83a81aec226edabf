/**
 * What lies over the photo: paint, borders of segments, cuts, or all labels. Each pixel of the screen takes the pixel
 * of the photo below its middle, so drawing costs what the window has of pixels, however large the photo is.
 */

const OPAQUE = 0xff000000;
const LIGHT = 1; // what a pixel of the window is of a border
const DARK = 2;
const BORDER_LIGHT = 0x80ffffff;
const BORDER_DARK = 0x4d000000;
const CUT = 0xffffffff;
const EDGE_COLOUR = 0xd0101010;
const MOST_CUT = 200_000; // pixels; beyond, they are seen without being looked for

/**
 * How the overlay looks.
 * @typedef {{opacity: number, hasBorders: boolean, isDebug: boolean}} Look
 *
 * A part of the window, in pixels of the screen; the last ones are no part of it.
 * @typedef {{x0: number, y0: number, x1: number, y1: number}} Part
 */

/** Draws it. Borders are read where labels changed or the window moved, not each time that something is painted. */
export class Overlay {
  #borders = new Uint8Array(0);
  #across = 0;

  /**
   * Read the borders in a part of the window; call before `draw` when labels changed, or where they lie.
   *
   * A light line on one side of a border and a dark one on the other can be seen on any photo. Three rows of labels are
   * kept: each is read once, as the photo's rows lie far from each other in memory.
   * @param {Part} part
   * @param {import("./viewport.js").Viewport} viewport
   * @param {import("./painting/canvas.js").Canvas} canvas
   */
  readBorders(part, viewport, { labelsAndCuts, width, height }) {
    const { window } = viewport;
    if (this.#borders.length !== window.width * window.height) {
      this.#borders = new Uint8Array(window.width * window.height);
    }
    this.#across = window.width;
    // one more on each side: a border is known by its neighbours
    const columns = samples(part.x0 - 1, part.x1 + 1, viewport.left, viewport.scale, width);
    const rows = samples(part.y0 - 1, part.y1 + 1, viewport.top, viewport.scale, height);
    const read = (row, into) => readRow(labelsAndCuts, rows.places[row] * width, columns.places, into);
    let [above, here, below] = [0, 1, 2].map((row) => read(row, new Int32Array(columns.places.length)));
    for (let row = 1; row < rows.places.length - 1; row += 1) {
      if (row > 1) {
        [above, here, below] = [here, below, above];
        if (rows.places[row + 1] === rows.places[row]) below.set(here);
        else read(row + 1, below);
      }
      const first = (part.y0 + row - 1) * this.#across + part.x0 - 1;
      markBorders(this.#borders, first, part.x1 - part.x0, above, here, below);
    }
  }

  /**
   * Draw a part of the window.
   * @param {Part} part
   * @param {import("./viewport.js").Viewport} viewport
   * @param {import("./painting/canvas.js").Canvas} canvas
   * @param {Look} look
   * @returns {ImageData}
   */
  draw(part, viewport, canvas, look) {
    const image = new ImageData(part.x1 - part.x0, part.y1 - part.y0);
    const pixels = new Uint32Array(image.data.buffer);
    const columns = samples(part.x0, part.x1, viewport.left, viewport.scale, canvas.width);
    const rows = samples(part.y0, part.y1, viewport.top, viewport.scale, canvas.height);
    const alpha = (Math.round(look.opacity * 255) << 24) >>> 0;
    if (look.isDebug) drawLabels(pixels, columns, rows, canvas, part);
    else drawPaint(pixels, columns, rows, canvas, alpha);
    if (look.hasBorders && !look.isDebug) this.#drawBorders(pixels, columns, rows, part);
    drawCuts(pixels, canvas, viewport, part);
    return image;
  }

  #drawBorders(pixels, columns, rows, part) {
    const borders = this.#borders;
    for (let down = rows.first; down < rows.end; down += 1) {
      const [first, own] = [down * (part.x1 - part.x0), (part.y0 + down) * this.#across + part.x0];
      for (let at = columns.first; at < columns.end; at += 1) {
        const border = borders[own + at];
        if (border === LIGHT) pixels[first + at] = BORDER_LIGHT;
        else if (border === DARK && pixels[first + at] === 0) pixels[first + at] = BORDER_DARK;
      }
    }
  }
}

/**
 * Give the row or column of the photo below each pixel of the window, the nearest one beside the photo, and where those
 * within the photo begin and end.
 */
function samples(from, to, start, scale, size) {
  const places = new Int32Array(to - from);
  let [first, end] = [places.length, 0];
  for (let at = 0; at < places.length; at += 1) {
    const place = Math.floor((from + at + 0.5 - start) / scale);
    places[at] = Math.min(size - 1, Math.max(0, place));
    if (places[at] !== place) continue;
    first = Math.min(first, at);
    end = at + 1;
  }
  return { places, first, end };
}

function readRow(plane, base, columns, into) {
  for (let at = 0; at < columns.length; at += 1) into[at] = plane[base + columns[at]];
  return into;
}

/** Say of each pixel of a row of the window, `first` being the one before it, what it is of a border. */
function markBorders(borders, first, count, above, here, below) {
  for (let at = 1; at <= count; at += 1) {
    const label = here[at];
    if (here[at + 1] !== label || below[at] !== label) borders[first + at] = LIGHT;
    else borders[first + at] = here[at - 1] !== label || above[at] !== label ? DARK : 0;
  }
}

function drawPaint(pixels, columns, rows, { paint, width }, alpha) {
  const [across, { places, first, end }] = [columns.places.length, columns];
  for (let down = rows.first; down < rows.end; down += 1) {
    const own = down * across;
    if (down > rows.first && rows.places[down] === rows.places[down - 1]) {
      pixels.copyWithin(own, own - across, own);
      continue;
    }
    const base = rows.places[down] * width;
    for (let at = first; at < end; at += 1) {
      const number = paint[base + places[at]];
      if (number !== 0) pixels[own + at] = alpha | swapped(number);
    }
  }
}

/** Red, green, blue of a paint number as the bytes of a pixel of the screen have them. */
function swapped(number) {
  return ((number & 255) << 16) | (number & 0xff00) | ((number >> 16) & 255);
}

function drawLabels(pixels, columns, rows, { labelsAndCuts, paint, width }, part) {
  const [across, { places, first, end }] = [columns.places.length, columns];
  let last = 0;
  let colour = EDGE_COLOUR;
  for (let down = rows.first; down < rows.end; down += 1) {
    const base = rows.places[down] * width;
    for (let at = first; at < end; at += 1) {
      const label = labelsAndCuts[base + places[at]];
      const number = paint[base + places[at]];
      if (label !== last) {
        last = label;
        colour = colourOfLabel(label);
      }
      const isHatched = number !== 0 && ((part.x0 + at + part.y0 + down) & 7) < 4;
      pixels[down * across + at] = isHatched ? OPAQUE | swapped(number) : colour;
    }
  }
}

/** Labels that are near each other get colours that are not. */
export function colourOfLabel(label) {
  if (label < 0) return CUT;
  if (label === 0) return EDGE_COLOUR;
  const mixed = Math.imul(label ^ (label >>> 7), 0x9e3779b1) >>> 0;
  const level = (byte) => 64 + ((3 * (byte & 255)) >> 2);
  return 0xc0000000 | (level(mixed >>> 24) << 16) | (level(mixed >>> 16) << 8) | level(mixed >>> 8);
}

/** Draw cut pixels: a line of one pixel would be missed where many pixels of the photo share one of the screen. */
function drawCuts(pixels, { cuts, width }, viewport, part) {
  if (cuts.places.size > MOST_CUT) return;
  const [across, down] = [part.x1 - part.x0, part.y1 - part.y0];
  const side = Math.max(1, Math.round(viewport.scale));
  for (const place of cuts.places) {
    const [x, y] = viewport.toWindow(place % width, Math.floor(place / width));
    const [left, top] = [Math.round(x) - part.x0, Math.round(y) - part.y0];
    const [from, to] = [Math.max(0, left), Math.min(across, left + side)];
    if (from >= to) continue;
    for (let row = Math.max(0, top); row < Math.min(down, top + side); row += 1) {
      pixels.fill(CUT, row * across + from, row * across + to);
    }
  }
}
