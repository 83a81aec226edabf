/** Replaying recorded actions on a canvas, as tools.paint_masks does. docs/formats.md has their fields. */

import { joinBoxes } from "./replies.js";

const DOING = {
  fill: (canvas, { at }) => canvas.fill(at),
  unfill: (canvas, { at }) => canvas.unfill(at),
  fill_stroke: (canvas, { points }) => canvas.fillStroke(points),
  unfill_stroke: (canvas, { points }) => canvas.unfillStroke(points),
  cut: (canvas, { points }) => cutAlong(canvas, points),
  colour: (canvas, { colour }) => canvas.setColour(colour),
  class: (canvas, { name }) => canvas.setClass(name),
  reset: (canvas) => canvas.reset(),
  undo: (canvas) => canvas.undo(),
  redo: (canvas) => canvas.redo(),
  labels: (canvas, { file }, { readLabels }) => canvas.applyLabels(readLabels(file)),
  templates: (canvas, action, { findStamps }) => canvas.paintStamps(findStamps(action)),
};

/**
 * Do one recorded action.
 * @param {import("./canvas.js").Canvas} canvas
 * @param {{action: string}} action
 * @param {{readLabels?: Function, findStamps?: Function}} [given] - Give what actions name: label images, found stamps.
 * @returns {import("./replies.js").Reply}
 */
export function replay(canvas, action, given = {}) {
  if (!Object.hasOwn(DOING, action.action)) throw new RangeError(`the action ${action.action} is not known`);
  return DOING[action.action](canvas, action, given);
}

/** Cut along a chain of points; the reply tells of all its lines together. */
function cutAlong(canvas, points) {
  const replies = points.map((point) => canvas.cut(point));
  const box = joinBoxes(replies.map((reply) => reply.box));
  if (box === null) return replies.at(-1);
  const sum = (count) => replies.reduce((total, reply) => total + reply[count], 0);
  const note = replies.slice(1).find((reply) => reply.note)?.note ?? "";
  return { numPainted: sum("numPainted"), numLabelled: sum("numLabelled"), box, note };
}
