/** Panning and zooming by wheel, pinch, drag, double click and keys. */

const WHEEL_STEP = 0.0016;
const KEY_FACTOR = 1.4;

/**
 * Let an element be panned and zoomed.
 * @param {HTMLElement} node
 * @param {{zoom: (factor: number, x: number, y: number) => void, pan: (dx: number, dy: number) => void,
 *   tap?: (x: number, y: number, event: PointerEvent) => void}} targets
 *   All in pixels from the top left of the element. `zoom` keeps what lies at (x, y) where it is.
 */
export function panAndZoom(node, targets) {
  const touches = new Map();
  const place = (event) => {
    const box = node.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  node.addEventListener(
    "wheel",
    (event) => {
      const { x, y } = place(event);
      targets.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 20 : 1) * WHEEL_STEP), x, y);
      event.preventDefault();
    },
    { passive: false },
  );
  node.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    node.setPointerCapture(event.pointerId);
    touches.set(event.pointerId, { ...place(event), first: place(event), moved: touches.size > 0 });
  });
  node.addEventListener(
    "pointermove",
    (event) => touches.has(event.pointerId) && follow(touches, event.pointerId, place(event), targets),
  );
  node.addEventListener("pointerup", (event) => {
    const touch = touches.get(event.pointerId);
    touches.delete(event.pointerId);
    if (touch && !touch.moved) targets.tap?.(touch.x, touch.y, event);
  });
  node.addEventListener("pointercancel", (event) => touches.delete(event.pointerId));
}

const STILL_PX = 4;

function follow(touches, pointer, at, targets) {
  const touch = touches.get(pointer);
  touch.moved ||= Math.hypot(at.x - touch.first.x, at.y - touch.first.y) > STILL_PX;
  const other = [...touches].find(([key]) => key !== pointer)?.[1];
  if (other) {
    const before = Math.hypot(touch.x - other.x, touch.y - other.y);
    const after = Math.hypot(at.x - other.x, at.y - other.y);
    targets.zoom(after / Math.max(before, 1), (at.x + other.x) / 2, (at.y + other.y) / 2);
    targets.pan((at.x - touch.x) / 2, (at.y - touch.y) / 2);
    other.moved = true;
  } else if (touch.moved) {
    targets.pan(at.x - touch.x, at.y - touch.y);
  }
  Object.assign(touch, at);
}

/**
 * Commands that zoom around the middle of an element.
 * @param {HTMLElement} node
 * @param {{zoom: Function, fit: Function}} targets
 */
export function zoomCommands(node, targets) {
  const middle = (factor) => targets.zoom(factor, node.clientWidth / 2, node.clientHeight / 2);
  return { zoomIn: () => middle(KEY_FACTOR), zoomOut: () => middle(1 / KEY_FACTOR), zoomFit: () => targets.fit() };
}
