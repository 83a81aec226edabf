/** Lines of pixels, 8-connected: a flood that goes by 4 neighbours does not cross them. */

/**
 * Give the pixels of the line from one point to another, both included, in this order.
 *
 * Bresenham's line (IBM Systems Journal 4(1), 1965); a tie goes away from the first end, which is the one with the
 * smaller x, then y, so that the line back has the same pixels.
 * @param {number[]} start - x, y.
 * @param {number[]} end
 * @returns {number[][]} x, y of each pixel.
 */
export function linePixels(start, end) {
  const isBackwards = start[0] > end[0] || (start[0] === end[0] && start[1] > end[1]);
  return isBackwards ? forwards(end, start).reverse() : forwards(start, end);
}

function forwards([x0, y0], [x1, y1]) {
  const [width, height, down] = [x1 - x0, Math.abs(y1 - y0), y1 >= y0 ? 1 : -1];
  const n = Math.max(width, height);
  if (n === 0) return [[x0, y0]];
  const isFlat = width >= height;
  const shorter = isFlat ? height : width;
  return Array.from({ length: n + 1 }, (_, step) => {
    const aside = Math.floor((2 * step * shorter + n) / (2 * n));
    return isFlat ? [x0 + step, y0 + down * aside] : [x0 + aside, y0 + down * step];
  });
}
