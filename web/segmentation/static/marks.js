/** Drawing of boxes, points and strokes above the photo; each with a dark line below it, to be seen on any photo. */

/** Draw a box [x0, y0, x1, y1] of the photo. */
export function drawBox(context, viewport, ratio, [x0, y0, x1, y1], colour) {
  const [left, top] = viewport.toWindow(Math.min(x0, x1), Math.min(y0, y1));
  const [right, bottom] = viewport.toWindow(Math.max(x0, x1), Math.max(y0, y1));
  for (const [style, width] of [["rgb(0 0 0 / 55%)", 3.5], [colour, 1.75]]) {
    context.strokeStyle = style;
    context.lineWidth = width * ratio;
    context.strokeRect(left, top, right - left, bottom - top);
  }
}

/** Draw a point of the photo. */
export function drawPoint(context, viewport, ratio, [x, y], colour) {
  context.beginPath();
  context.arc(...viewport.toWindow(x + 0.5, y + 0.5), 6 * ratio, 0, 2 * Math.PI);
  context.fillStyle = colour;
  context.strokeStyle = "#fff";
  context.lineWidth = 2 * ratio;
  context.fill();
  context.stroke();
}

/** Draw a stroke through points of the photo, as wide as its brush. */
export function drawStroke(context, viewport, ratio, points, brush, colour) {
  const width = Math.max(brush * viewport.scale, 2 * ratio);
  for (const [style, wide] of [["rgb(0 0 0 / 45%)", width + 2 * ratio], [colour, width]]) {
    context.beginPath();
    context.lineCap = "round";
    context.lineJoin = "round";
    context.strokeStyle = style;
    context.lineWidth = wide;
    points.forEach(([x, y], place) => {
      const at = viewport.toWindow(x + 0.5, y + 0.5);
      if (place === 0) context.moveTo(...at);
      context.lineTo(...at);
    });
    context.stroke();
  }
}
