/** Every key of the page, in one table: what runs them reads it, and so do the tooltips and the help. */

import { setKeys } from "/static/keys.js";

export const COMMANDS = {
  fill: { keys: ["F"], words: "Fill; of an object: paint it", group: "Paint" },
  unfill: { keys: ["U"], words: "Unfill", group: "Paint" },
  cut: { keys: ["C"], words: "Cut", group: "Paint" },
  pick: { keys: ["I"], words: "Pick a colour from the photo or the paint", group: "Paint" },
  classes: { keys: [..."123456789"], words: "Take up the colour of a class", group: "Paint" },
  cursor: { keys: ["Enter"], words: "A cursor for keys; then do there what the tool does", group: "Paint" },
  undo: { keys: ["Z", "Mod+Z"], words: "Undo; with SAM: take the last point or box back", group: "Paint" },
  redo: { keys: ["Y", "Mod+Shift+Z", "Mod+Y"], words: "Redo", group: "Paint" },
  reset: { keys: ["R"], words: "Take off all paint, close all cuts; of an object: begin again", group: "Paint" },
  templates: { keys: ["T"], words: "Paint what looks like a template", group: "Paint" },
  grabcut: { keys: ["G"], words: "Cut an object out with strokes (GrabCut)", group: "Paint" },
  sam: { keys: ["A"], words: "Cut an object out with points and boxes (SAM)", group: "Paint" },
  segments: { keys: ["S"], words: "Choose how the photo is segmented", group: "Paint" },
  next: { keys: ["N"], words: "Next photo", group: "Photos" },
  previous: { keys: ["P"], words: "Previous photo", group: "Photos" },
  save: { keys: [" "], words: "Write the masks, then the next photo; of an object: compute", group: "Photos" },
  write: { keys: ["Mod+S"], words: "Write the masks", group: "Photos" },
  quit: { keys: ["Q"], words: "Leave: an object that is cut out, or the page", group: "Photos" },
  debug: { keys: ["D"], words: "Show all labels in colours, and edges; painted pixels are hatched", group: "Look" },
  borders: { keys: ["B"], words: "Show or hide the borders of segments", group: "Look" },
  hand: { keys: ["H"], words: "Move the photo with the pointer", group: "Look" },
  zoomIn: { keys: ["+", "="], words: "Zoom in", group: "Look" },
  zoomOut: { keys: ["-"], words: "Zoom out", group: "Look" },
  zoomFit: { keys: ["0"], words: "Show the whole photo", group: "Look" },
  zoomFull: { keys: ["X"], words: "A pixel of the photo is one of the screen", group: "Look" },
  smaller: { keys: ["["], words: "Smaller brush", group: "Look" },
  larger: { keys: ["]"], words: "Larger brush", group: "Look" },
  left: { keys: ["ArrowLeft", "Shift+ArrowLeft"], words: "Move to the left; the cursor, by a pixel", group: "Look" },
  right: { keys: ["ArrowRight", "Shift+ArrowRight"], words: "Move to the right", group: "Look" },
  up: { keys: ["ArrowUp", "Shift+ArrowUp"], words: "Move up", group: "Look" },
  down: { keys: ["ArrowDown", "Shift+ArrowDown"], words: "Move down", group: "Look" },
  back: { keys: ["Escape"], words: "End what goes on, forget the cut point, back to filling", group: "Look" },
  help: { keys: ["?"], words: "These keys", group: "Look" },
};

const BY_POINTING = [
  ["Click", "What the tool does: fill, at first"],
  ["Drag", "Fill, or unfill, all that the pointer crosses; one step"],
  ["Right click", "Unfill"],
  ["Middle click, Shift+Click", "Cut: the first point, then a line to each further one"],
  ["Double click", "Fill under the moving pointer until the next one; with the right button: unfill"],
  ["Wheel, Two fingers", "Zoom"],
  ["Shift+Wheel", "Move"],
];

setKeys(COMMANDS, "Mouse and fingers", BY_POINTING);
