/** Every key of the page, in one table: what runs them reads it, and so do the tooltips and the help. */

import { element } from "./dom.js";
import { openDialog } from "./dialogs.js";
import { holdBack } from "./turns.js";

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

const isMac = /Mac|iPad|iPhone/.test(navigator.platform);
const stack = [];

/** Write a key as it is called on this machine. */
export function keyText(key) {
  return key.replace("Mod", isMac ? "⌘" : "Ctrl").replace("Escape", "Esc");
}

/** The key of a command, as text. */
export function keyOf(command) {
  return keyText(COMMANDS[command].keys[0]);
}

/**
 * Let commands be run by keys until the answer is called. Those that came last are asked first.
 * @param {Object<string, Function>} commands
 * @param {{isModal?: boolean}} [options] A modal layer hides those below it.
 * @returns {Function} Takes them away.
 */
export function useCommands(commands, { isModal = false } = {}) {
  const layer = { commands, isModal };
  stack.push(layer);
  return () => stack.splice(stack.indexOf(layer), 1);
}

function signature(event) {
  const isLetter = /^[a-z]$/i.test(event.key);
  const mod = event.ctrlKey || event.metaKey ? "Mod+" : "";
  const shift = event.shiftKey && (isLetter || event.key.length > 1) ? "Shift+" : "";
  return mod + shift + (isLetter ? event.key.toUpperCase() : event.key);
}

/** The commands of a key: S splits in a building, and says "same" where a question is asked. */
function commandsOf(event) {
  const pressed = signature(event);
  return Object.keys(COMMANDS).filter((name) => COMMANDS[name].keys.includes(pressed));
}

function findRunner(names) {
  for (const layer of [...stack].reverse()) {
    const name = names.find((command) => layer.commands[command]);
    if (name) return layer.commands[name];
    if (layer.isModal) return null;
  }
  return null;
}

const TYPING = "textarea, select, [contenteditable], input:not([type=range]):not([type=checkbox]):not([type=radio])";

const CONTROL = "a, button, input, summary, select, textarea, [contenteditable]";
const GRID_KEYS = /^(Arrow.*|Page.*|Home|End|Enter| |Mod\+A)$/;

function isTyping(event) {
  return event.target instanceof Element && event.target.matches(TYPING);
}

/** Say whether the page answers a key by itself; what the browser does with one cannot be put off. */
function isOfPage(event) {
  if (event.altKey || event.isComposing || isTyping(event)) return false;
  const isInControl = event.target instanceof Element && event.target.closest(CONTROL);
  if (event.key === "Escape" && document.querySelector("dialog[open]")) return false;
  return commandsOf(event).length > 0 || (!isInControl && GRID_KEYS.test(signature(event).replace("Shift+", "")));
}

function onKey(event) {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const names = commandsOf(event);
  if (names.length === 0 || (isTyping(event) && !names.includes("write"))) return;
  const run = findRunner(names);
  if (!run) return;
  event.preventDefault();
  run(event);
}

document.addEventListener("keydown", (event) => isOfPage(event) && holdBack(event), { capture: true });
document.addEventListener("keydown", onKey);

/** Show the keys. */
export function showHelp() {
  const groups = [...new Set(Object.values(COMMANDS).map((command) => command.group))];
  const tables = groups.map((group) => {
    const commands = Object.values(COMMANDS).filter((command) => command.group === group);
    return keyTable(
      group,
      commands.map((command) => [command.keys.map(keyText), command.words]),
    );
  });
  tables.push(
    keyTable(
      "In every grid",
      BY_THEMSELVES.map(([keys, words]) => [keys.split(", ").map(keyText), words]),
    ),
  );
  openDialog({ title: "Keys", className: "help", content: element("div", { class: "key-tables" }, tables) });
}

function keyTable(group, rows) {
  const lines = rows.map(([keys, words]) =>
    element(
      "tr",
      {},
      element(
        "td",
        {},
        keys.map((key) => element("kbd", {}, key)),
      ),
      element("th", { scope: "row" }, words),
    ),
  );
  return element("table", { class: "keys" }, element("caption", {}, group), element("tbody", {}, lines));
}
