/** Positions as points of a plane, in metres; the hulls of buildings; which point is near. */

const METRES_PER_DEGREE = 111_195;

/**
 * A flat map around a middle: exact enough for a town.
 */
export class Projection {
  /** @param {number[][]} positions Rows [latitude, longitude]; their mean is the middle. */
  constructor(positions) {
    const count = Math.max(1, positions.length);
    this.latitude = positions.reduce((sum, [latitude]) => sum + latitude, 0) / count;
    this.longitude = positions.reduce((sum, [, longitude]) => sum + longitude, 0) / count;
    this.shrink = Math.max(0.01, Math.cos((this.latitude * Math.PI) / 180));
  }

  /** @returns {{x: number, y: number}} Metres to the east and to the south. */
  toPlane([latitude, longitude]) {
    const x = (longitude - this.longitude) * METRES_PER_DEGREE * this.shrink;
    return { x, y: (this.latitude - latitude) * METRES_PER_DEGREE };
  }

  /** @returns {[number, number]} Latitude and longitude. */
  toPosition({ x, y }) {
    return [this.latitude - y / METRES_PER_DEGREE, this.longitude + x / (METRES_PER_DEGREE * this.shrink)];
  }
}

/**
 * The convex hull of points, counter-clockwise (Andrew's monotone chain, 1979).
 * @param {{x: number, y: number}[]} points
 */
export function convexHull(points) {
  const sorted = [...points].sort((one, other) => one.x - other.x || one.y - other.y);
  if (sorted.length < 3) return sorted;
  const half = (ordered) => {
    const chain = [];
    for (const point of ordered) {
      while (chain.length > 1 && turn(chain.at(-2), chain.at(-1), point) <= 0) chain.pop();
      chain.push(point);
    }
    return chain.slice(0, -1);
  };
  return [...half(sorted), ...half(sorted.reverse())];
}

function turn(from, over, to) {
  return (over.x - from.x) * (to.y - from.y) - (over.y - from.y) * (to.x - from.x);
}

/**
 * Give a round length for a scale bar that is not longer than some metres: 1, 2 or 5 with zeros.
 * @param {number} atMost Metres.
 */
export function roundLength(atMost) {
  const power = 10 ** Math.floor(Math.log10(atMost));
  return [5, 2, 1].find((digit) => digit * power <= atMost) * power;
}

/** Write a length in metres, or kilometres from a thousand on. */
export function lengthText(metres) {
  return metres >= 1000 ? `${metres / 1000} km` : `${metres} m`;
}

/** The colour of a building: neighbours in number lie far apart on the wheel. */
export function colourOf(number, isDark) {
  if (number === null) return isDark ? "#9aa1ab" : "#747a83";
  const hue = (Number(number) * 137.508) % 360;
  return isDark ? `hsl(${hue} 62% 66%)` : `hsl(${hue} 58% 42%)`;
}
