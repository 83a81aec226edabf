/** How the review writes names, times, places and scores. */

/** What a building is called: its name, or its number. */
export function titleOf(cluster) {
  return cluster.name || `Building ${cluster.number}`;
}

const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric" });
const MINUTE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });

/**
 * Write when photos were taken: a day, or from one to another; over years the months are enough.
 * @param {string|null} first
 * @param {string|null} last
 */
export function timeSpan(first, last) {
  if (!first) return "";
  const [from, to] = [new Date(first), new Date(last ?? first)];
  if (Number.isNaN(from.getTime()) || Number.isNaN(to.getTime())) return first;
  return (from.getFullYear() === to.getFullYear() ? DAY : MONTH).formatRange(from, to);
}

/** Write when one photo was taken, to the minute. */
export function timeOf(time) {
  const date = new Date(time ?? NaN);
  return Number.isNaN(date.getTime()) ? (time ?? "") : MINUTE.format(date);
}

/** Write a position with a precision of about a metre. */
export function positionText(position) {
  return position ? `${position[0].toFixed(5)}, ${position[1].toFixed(5)}` : "";
}

/** Write a score between 0 and 1 so that 0.9997 is not shown as 1. */
export function scoreText(score) {
  if (score === null || score === undefined) return "–";
  const digits = score > 0.995 && score < 1 ? 4 : 2;
  const scale = 10 ** digits;
  return (Math.floor(score * scale + 1e-9) / scale).toFixed(digits);
}
