/** The keys of a page: it gives a table of commands; what runs them reads it, and so do the tooltips and the help. */

import { element } from "./dom.js";
import { openDialog } from "./dialogs.js";
import { holdBack } from "./turns.js";

const isMac = /Mac|iPad|iPhone/.test(navigator.platform);
const stack = [];
let table = {};
let others = { caption: "", keys: [] };

/**
 * Say what keys there are.
 * @param {Object<string, {keys: string[], words: string, group: string}>} commands - Command: its keys, what it does,
 *   and where in the help it stands. `Mod` is Ctrl, on a Mac also ⌘.
 * @param {string} caption - Of what parts of the page do by themselves.
 * @param {string[][]} keys - Those: keys, separated by commas, and words.
 */
export function setKeys(commands, caption, keys) {
  table = commands;
  others = { caption, keys };
}

const NAMES = { " ": "Space", ArrowLeft: "←", ArrowRight: "→", ArrowUp: "↑", ArrowDown: "↓" };

/** Write a key as it is called on this machine. */
export function keyText(key) {
  const arrow = key.match(/Arrow.*$/)?.[0];
  if (arrow) return key.replace(arrow, NAMES[arrow]);
  return NAMES[key] ?? key.replace("Mod", isMac ? "⌘" : "Ctrl").replace("Escape", "Esc");
}

/** The key of a command, as text. */
export function keyOf(command) {
  return keyText(table[command].keys[0]);
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
  return Object.keys(table).filter((name) => table[name].keys.includes(pressed));
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

const SLIDER = "input[type=range]"; // arrows move it
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
  if (/^( |Enter)$/.test(event.key) && event.target instanceof Element && event.target.closest(CONTROL)) return;
  if (event.key.startsWith("Arrow") && event.target instanceof Element && event.target.matches(SLIDER)) return;
  const run = findRunner(names);
  if (!run) return;
  event.preventDefault();
  run(event);
}

document.addEventListener("keydown", (event) => isOfPage(event) && holdBack(event), { capture: true });
document.addEventListener("keydown", onKey);

/** Show the keys. */
export function showHelp() {
  const groups = [...new Set(Object.values(table).map((command) => command.group))];
  const tables = groups.map((group) => {
    const commands = Object.values(table).filter((command) => command.group === group);
    return keyTable(
      group,
      commands.map((command) => [command.keys.map(keyText), command.words]),
    );
  });
  tables.push(
    keyTable(
      others.caption,
      others.keys.map(([keys, words]) => [keys.split(", ").map(keyText), words]),
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
