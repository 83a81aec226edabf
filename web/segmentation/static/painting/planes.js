/**
 * What a canvas is made of: two planes of whole numbers of 32 bit, one for labels and cuts, one for paint, counted row
 * by row from the top left. docs/painting.md states the rules; segmentation/painting/ is what all of this is equal to.
 */

export const UNPAINTED = 0;
export const PAINTED = 1 << 24; // beside the three bytes of a colour, so that black paint is paint
export const EDGE = 0;
export const MAX_LABEL = (1 << 24) - 1;

/**
 * Give the number that stands in the paint plane for a colour.
 * @param {number[]} colour - Red, green, blue; 0 to 255.
 * @returns {number}
 */
export function paintOf([red, green, blue]) {
  return PAINTED | (red << 16) | (green << 8) | blue;
}

/**
 * Give the colour that a number of the paint plane stands for; the reverse of `paintOf`.
 * @param {number} paint
 * @returns {number[]}
 */
export function colourOf(paint) {
  return [(paint >> 16) & 255, (paint >> 8) & 255, paint & 255];
}

/**
 * Give a colour that was checked.
 * @param {number[]} colour
 * @returns {number[]}
 * @throws {RangeError} When it is not three whole numbers from 0 to 255.
 */
export function checkColour(colour) {
  const isColour =
    colour.length === 3 && colour.every((level) => Number.isInteger(level) && level >= 0 && level <= 255);
  if (!isColour) throw new RangeError(`${JSON.stringify(colour)} is no colour: must be 3 whole numbers from 0 to 255`);
  return [...colour];
}

/**
 * Give a label image as a plane of its own.
 * @param {ArrayLike<number>} labels
 * @param {number} size - Pixels of the photo.
 * @returns {Int32Array}
 * @throws {RangeError} When it has another size, or a label below 0 or above `MAX_LABEL`.
 */
export function checkLabels(labels, size) {
  if (labels.length !== size) throw new RangeError(`${labels.length} labels for a photo of ${size} pixels`);
  const plane = Int32Array.from(labels);
  for (let at = 0; at < size; at += 1) {
    if (plane[at] < 0 || plane[at] > MAX_LABEL) throw new RangeError(`label ${plane[at]} must be 0 to ${MAX_LABEL}`);
  }
  return plane;
}

/** Whether a colour is black, which no mask keeps. */
export function isBlack(colour) {
  return colour.every((level) => level === 0);
}
