/** Keys, clicks and long presses on a grid. */

import { swallowNextClick } from "/static/pointer.js";

const LONG_PRESS_MS = 450;
const RELEASE_MS = 50;
const STILL_PX = 8;
const MAX_SELECTED = 5000;

/**
 * Make a grid answer to keyboard, mouse and finger.
 * @param {VirtualGrid} grid
 */
export function listenToGrid(grid) {
  grid.canvas.addEventListener("keydown", (event) => onKey(grid, event));
  grid.canvas.addEventListener("click", (event) => onClick(grid, event));
  grid.canvas.addEventListener("focusin", (event) => {
    const found = grid.itemOf(event.target);
    if (found) setFocused(grid, found.index);
  });
  listenToLongPress(grid);
}

function setFocused(grid, index) {
  if (grid.focused === index) return;
  grid.focused = index;
  for (const cell of grid.canvas.children) cell.tabIndex = Number(cell.dataset.index) === index ? 0 : -1;
}

const STEPS = {
  ArrowLeft: () => -1,
  ArrowRight: () => 1,
  ArrowUp: (grid) => -grid.columns,
  ArrowDown: (grid) => grid.columns,
  PageUp: (grid) => -grid.columns * grid.rowsInSight,
  PageDown: (grid) => grid.columns * grid.rowsInSight,
  Home: () => -Infinity,
  End: () => Infinity,
};

function onKey(grid, event) {
  const isCommand = event.ctrlKey || event.metaKey;
  if (event.key in STEPS && !event.altKey) step(grid, STEPS[event.key](grid), event.shiftKey);
  else if (event.key === "Enter" && !isCommand) open(grid, grid.focused);
  else if (event.key === " ") toggle(grid, grid.focused);
  else if (isCommand && event.key.toLowerCase() === "a") selectRange(grid, 0, grid.list.total - 1);
  else return;
  event.preventDefault();
}

function step(grid, by, isExtending) {
  const last = grid.list.total - 1;
  let to = Math.max(0, Math.min(grid.focused + by, last));
  if (Math.abs(by) === grid.columns && (grid.focused + by < 0 || grid.focused + by > last)) to = grid.focused;
  if (isExtending && grid.selection.size === 0) grid.selection.anchor = grid.focused;
  grid.focus(to);
  if (isExtending) selectRange(grid, grid.selection.anchor, to);
}

async function selectRange(grid, from, to) {
  const [first, last] = from < to ? [from, to] : [to, from];
  const items = await grid.list.range(first, Math.min(last, first + MAX_SELECTED - 1));
  grid.selection.replace(items.map(grid.key));
}

function toggle(grid, index) {
  const item = grid.list.at(index);
  if (item !== null) grid.selection.toggle(grid.key(item), index);
}

function open(grid, index) {
  const item = grid.list.at(index);
  if (item !== null) grid.dispatchEvent(new CustomEvent("open", { detail: { index, item } }));
}

function onClick(grid, event) {
  const found = grid.itemOf(event.target);
  if (!found) return;
  setFocused(grid, found.index);
  const isOnTick = Boolean(event.target.closest(".tick"));
  if (event.shiftKey) selectRange(grid, grid.selection.anchor, found.index);
  else if (isOnTick || event.ctrlKey || event.metaKey || grid.selection.isSelecting) toggle(grid, found.index);
  else open(grid, found.index);
}

function listenToLongPress(grid) {
  let timer = 0;
  let start = null;
  let isLong = false;
  const stop = () => clearTimeout(timer);
  grid.canvas.addEventListener("pointerdown", (event) => {
    const found = event.pointerType === "touch" ? grid.itemOf(event.target) : null;
    [start, isLong] = [found && event, false];
    if (found) timer = setTimeout(() => ((isLong = true), startSelecting(grid, found)), LONG_PRESS_MS);
  });
  grid.canvas.addEventListener("pointermove", (event) => {
    if (start && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) > STILL_PX) stop();
  });
  grid.canvas.addEventListener("pointercancel", stop);
  grid.canvas.addEventListener("pointerup", () => {
    stop();
    if (isLong) swallowNextClick(RELEASE_MS);
  });
  grid.canvas.addEventListener("contextmenu", (event) => start && event.preventDefault());
}

function startSelecting(grid, { index, item }) {
  grid.selection.isSelecting = true;
  if (!grid.selection.has(grid.key(item))) toggle(grid, index);
}
