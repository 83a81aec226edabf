/** Where both photos of a pair lie in one picture, and which place of one belongs to which of the other. */

const MAX_SCALE = 24;
const GAP_PX = 6;

/**
 * The view of a pair: one scale for both photos, and for each the place that is in its middle.
 * Places are fractions of a photo's width and height.
 */
export class PairView {
  scale = 1;
  centers = [
    { x: 0.5, y: 0.5 },
    { x: 0.5, y: 0.5 },
  ];

  /** @param {number[][]} inliers Rows [x0, y0, x1, y1] of places that match. */
  constructor(inliers = []) {
    this.inliers = inliers;
  }

  /** Show both photos whole. */
  fit() {
    this.scale = 1;
    this.centers = [
      { x: 0.5, y: 0.5 },
      { x: 0.5, y: 0.5 },
    ];
  }

  /**
   * Say in which box each photo has its half: side by side or one above the other, whichever shows them larger.
   * @param {number} width
   * @param {number} height
   * @param {{width: number, height: number}[]} photos
   * @returns {{x: number, y: number, width: number, height: number}[]}
   */
  halves(width, height, photos) {
    const across = (width - GAP_PX) / 2;
    const down = (height - GAP_PX) / 2;
    const beside = [0, across + GAP_PX].map((x) => ({ x, y: 0, width: across, height }));
    const above = [0, down + GAP_PX].map((y) => ({ x: 0, y, width, height: down }));
    const area = (halves) =>
      photos.reduce((sum, photo, side) => sum + fitted(halves[side], photo) ** 2 * areaOf(photo), 0);
    return area(above) > area(beside) ? above : beside;
  }

  /**
   * Say where a photo is drawn.
   * @param {number} side 0 or 1
   * @param {Object} half Its box.
   * @param {{width: number, height: number}} photo
   */
  box(side, half, photo) {
    const scale = fitted(half, photo) * this.scale;
    const [width, height] = [photo.width * scale, photo.height * scale];
    const { x, y } = this.centers[side];
    return { x: half.x + half.width / 2 - x * width, y: half.y + half.height / 2 - y * height, width, height };
  }

  /** Move one photo by fractions of its size; the other goes where the matches lead. */
  move(side, dx, dy) {
    const center = this.centers[side];
    this.#center(side, center.x + dx, center.y + dy);
  }

  /** Zoom so that the place (x, y) of a photo, in fractions, stays where it is. */
  zoom(side, factor, x, y) {
    const scale = Math.min(MAX_SCALE, Math.max(1, this.scale * factor));
    const share = 1 - this.scale / scale;
    this.scale = scale;
    if (scale === 1) return this.fit();
    const { x: fromX, y: fromY } = this.centers[side];
    return this.#center(side, fromX + (x - fromX) * share, fromY + (y - fromY) * share);
  }

  #center(side, x, y) {
    const inside = { x: clamp(x), y: clamp(y) };
    this.centers[side] = inside;
    this.centers[1 - side] = this.matching(side, inside);
  }

  /**
   * Say which place of the other photo belongs to a place of this one: the mean shift of the matches near it.
   * @param {number} side
   * @param {{x: number, y: number}} at
   */
  matching(side, at) {
    const reach = 0.5 / this.scale;
    const sum = { weight: 1e-9, dx: 0, dy: 0 };
    for (const row of this.inliers) {
      const [from, to] = side === 0 ? [row.slice(0, 2), row.slice(2)] : [row.slice(2), row.slice(0, 2)];
      const weight = Math.exp(-((from[0] - at.x) ** 2 + (from[1] - at.y) ** 2) / (2 * reach * reach));
      sum.weight += weight;
      sum.dx += weight * (to[0] - from[0]);
      sum.dy += weight * (to[1] - from[1]);
    }
    const ease = Math.min(1, this.scale - 1);
    return { x: clamp(at.x + (ease * sum.dx) / sum.weight), y: clamp(at.y + (ease * sum.dy) / sum.weight) };
  }
}

function fitted(half, photo) {
  return Math.min(half.width / photo.width, half.height / photo.height);
}

function areaOf({ width, height }) {
  return width * height;
}

function clamp(value) {
  return Math.min(1, Math.max(0, value));
}
