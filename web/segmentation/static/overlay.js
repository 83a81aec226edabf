/**
 * What lies over the photo: paint, borders of segments, cuts, or all labels. Each pixel of the screen takes the pixel
 * of the photo below its middle, so drawing costs what the window has of pixels, however large the photo is.
 */

const OPAQUE = 0xff000000;
const OUTSIDE = -1;
const NOTHING = 0x7fffffff; // no label is as large
const BORDER_LIGHT = 0x80ffffff;
const BORDER_DARK = 0x4d000000;
const CUT = 0xffffffff;
const EDGE_COLOUR = 0xd0101010;

/**
 * How the overlay looks.
 * @typedef {{opacity: number, hasBorders: boolean, isDebug: boolean}} Look
 */

/**
 * Draw a part of the window.
 * @param {{x0: number, y0: number, x1: number, y1: number}} part
 * @param {import("./viewport.js").Viewport} viewport
 * @param {import("./painting/canvas.js").Canvas} canvas
 * @param {Look} look
 * @returns {ImageData}
 */
export function drawOverlay(part, viewport, canvas, look) {
  const image = new ImageData(part.x1 - part.x0, part.y1 - part.y0);
  const pixels = new Uint32Array(image.data.buffer);
  // one more on each side: a border is known by its neighbours
  const columns = samples(part.x0 - 1, part.x1 + 1, viewport.left, viewport.scale, canvas.width);
  const rows = samples(part.y0 - 1, part.y1 + 1, viewport.top, viewport.scale, canvas.height);
  const alpha = (Math.round(look.opacity * 255) << 24) >>> 0;
  if (look.isDebug) drawLabels(pixels, columns, rows, canvas, part);
  else drawPaint(pixels, columns, rows, canvas, alpha);
  if (look.hasBorders && !look.isDebug) drawBorders(pixels, columns, rows, canvas);
  return image;
}

/** Give the row or column of the photo below each pixel of the window. */
function samples(from, to, start, scale, size) {
  const found = new Int32Array(to - from);
  for (let at = from; at < to; at += 1) {
    const place = Math.floor((at + 0.5 - start) / scale);
    found[at - from] = place >= 0 && place < size ? place : OUTSIDE;
  }
  return found;
}

function drawPaint(pixels, columns, rows, { paint, width }, alpha) {
  const across = columns.length - 2;
  for (let down = 0; down < rows.length - 2; down += 1) {
    const [first, row] = [down * across, rows[down + 1]];
    if (row === OUTSIDE) continue;
    if (down > 0 && row === rows[down]) {
      pixels.copyWithin(first, first - across, first);
      continue;
    }
    const base = row * width;
    for (let at = 0; at < across; at += 1) {
      const column = columns[at + 1];
      const number = column === OUTSIDE ? 0 : paint[base + column];
      if (number !== 0) pixels[first + at] = alpha | swapped(number);
    }
  }
}

/** Red, green, blue of a paint number as the bytes of a pixel of the screen have them. */
function swapped(number) {
  return ((number & 255) << 16) | (number & 0xff00) | ((number >> 16) & 255);
}

/**
 * A light line on one side of a border and a dark one on the other can be seen on any photo. Three rows of labels are
 * kept: each is read once, as the photo's rows lie far from each other in memory.
 */
function drawBorders(pixels, columns, rows, { labelsAndCuts, width }) {
  const across = columns.length - 2;
  const baseOf = (row) => (rows[row] === OUTSIDE ? OUTSIDE : rows[row] * width);
  const read = (row, into) => readRow(labelsAndCuts, baseOf(row), columns, into);
  let [above, here, below] = [0, 1, 2].map((row) => read(row, new Int32Array(columns.length)));
  for (let down = 0; down < rows.length - 2; down += 1) {
    for (let at = 0; at < across; at += 1) {
      const label = here[at + 1];
      if (label === NOTHING) continue;
      const place = down * across + at;
      if (isOther(here[at + 2], label) || isOther(below[at + 1], label)) pixels[place] = BORDER_LIGHT;
      else if (pixels[place] === 0 && (isOther(here[at], label) || isOther(above[at + 1], label))) {
        pixels[place] = BORDER_DARK;
      }
    }
    [above, here, below] = [here, below, above];
    if (down + 3 >= rows.length) break;
    if (rows[down + 3] === rows[down + 2]) below.set(here);
    else read(down + 3, below);
  }
}

function isOther(label, than) {
  return label !== than && label !== NOTHING;
}

function readRow(plane, base, columns, into) {
  for (let at = 0; at < columns.length; at += 1) {
    into[at] = base === OUTSIDE || columns[at] === OUTSIDE ? NOTHING : plane[base + columns[at]];
  }
  return into;
}

function drawLabels(pixels, columns, rows, { labelsAndCuts, paint, width }, part) {
  const across = columns.length - 2;
  for (let down = 0; down < rows.length - 2; down += 1) {
    if (rows[down + 1] === OUTSIDE) continue;
    const base = rows[down + 1] * width;
    for (let at = 0; at < across; at += 1) {
      const column = columns[at + 1];
      if (column === OUTSIDE) continue;
      const isHatched = paint[base + column] !== 0 && ((part.x0 + at + part.y0 + down) & 7) < 4;
      const shown = isHatched ? OPAQUE | swapped(paint[base + column]) : colourOfLabel(labelsAndCuts[base + column]);
      pixels[down * across + at] = shown;
    }
  }
}

/** Labels that are near each other get colours that are not. */
export function colourOfLabel(label) {
  if (label < 0) return CUT;
  if (label === 0) return EDGE_COLOUR;
  const mixed = Math.imul(label ^ (label >>> 7), 0x9e3779b1) >>> 0;
  const [one, two, three] = [mixed >>> 24, (mixed >>> 16) & 255, (mixed >>> 8) & 255];
  return 0xc0000000 | ((64 + (one * 3) / 4) << 16) | ((64 + (two * 3) / 4) << 8) | (64 + (three * 3) / 4);
}
