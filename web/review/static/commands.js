/** Every key of the page, in one table: what runs them reads it, and so do the tooltips and the help. */

import { setKeys } from "/static/keys.js";

/** Command → its keys, what it does, and where in the help it stands. `Mod` is Ctrl, on a Mac also ⌘. */
export const COMMANDS = {
  buildings: { keys: ["1"], words: "Buildings", group: "Go to" },
  alone: { keys: ["2"], words: "Photos that are alone", group: "Go to" },
  doubtful: { keys: ["3"], words: "Doubtful joins", group: "Go to" },
  map: { keys: ["4"], words: "Map", group: "Go to" },
  thresholds: { keys: ["5"], words: "Thresholds", group: "Go to" },
  next: { keys: ["J"], words: "Next doubtful join; in a building, the next building", group: "Go to" },
  previous: { keys: ["K"], words: "The one before", group: "Go to" },
  search: { keys: ["/"], words: "Search", group: "Go to" },
  back: { keys: ["Escape"], words: "Deselect, close, go back", group: "Go to" },
  merge: { keys: ["M"], words: "Merge the selected buildings, or this one with another", group: "Change" },
  split: {
    keys: ["S"],
    words: "Split the building: the selected photos leave, or at its weakest link",
    group: "Change",
  },
  move: { keys: ["V"], words: "Move the photos to another building", group: "Change" },
  single: { keys: ["X"], words: "Take the photos out: each is alone", group: "Change" },
  name: { keys: ["N"], words: "Name the building", group: "Change" },
  lock: { keys: ["L"], words: "Lock the building, or unlock it", group: "Change" },
  representative: { keys: ["R"], words: "The photo stands for its building, or no longer", group: "Change" },
  note: { keys: ["T"], words: "Write a note", group: "Change" },
  undo: { keys: ["Mod+Z"], words: "Undo", group: "Change" },
  redo: { keys: ["Mod+Shift+Z", "Mod+Y"], words: "Redo", group: "Change" },
  write: { keys: ["Mod+S"], words: "Write clusters.json", group: "Change" },
  same: { keys: ["S"], words: "Same building; of a photo that is alone: it belongs to its nearest", group: "Answer" },
  different: { keys: ["D"], words: "Different buildings", group: "Answer" },
  unsure: { keys: ["U"], words: "Unsure", group: "Answer" },
  compare: { keys: ["C"], words: "Compare two photos", group: "Look" },
  weakest: { keys: ["W"], words: "Look at the weakest link", group: "Look" },
  zoomIn: { keys: ["+", "="], words: "Zoom in", group: "Look" },
  zoomOut: { keys: ["-"], words: "Zoom out", group: "Look" },
  zoomFit: { keys: ["0"], words: "Show the whole photo, or the whole map", group: "Look" },
  lines: { keys: ["I"], words: "Show or hide the matches", group: "Look" },
  help: { keys: ["?"], words: "These keys", group: "Look" },
};

/** What the grids and fields do by themselves. */
const BY_THEMSELVES = [
  ["Arrows, Home, End, Page keys", "Move in a grid; in a big photo, from one to the next"],
  ["Enter", "Open"],
  ["Space", "Select"],
  ["Shift+Arrows, Shift+Click", "Select from here to there"],
  ["Mod+A", "Select all"],
  ["Tab", "From one part of the page to the next"],
];

setKeys(COMMANDS, "In every grid", BY_THEMSELVES);
