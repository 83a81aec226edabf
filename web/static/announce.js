/** What just happened, said to eyes and to screen readers. */

import { button, element } from "./dom.js";

const SHOWN_MS = 8000;
let timer = 0;

function show(text, className, undo) {
  const toast = document.getElementById("toast");
  const status = document.getElementById(className === "error" ? "alert" : "status");
  status.textContent = undo ? `${text} Undo: Ctrl+Z` : text;
  const undoing = undo && button({ text: "Undo", key: "Ctrl+Z", kind: "is-quiet", onclick: () => (hide(), undo()) });
  const closing = button({ icon: "close", label: "Close the message", kind: "is-quiet", onclick: hide });
  toast.className = `toast ${className}`;
  toast.replaceChildren(
    element("span", { class: "toast-text", "aria-hidden": "true" }, text),
    ...[undoing, closing].filter(Boolean),
  );
  hide();
  toast.showPopover();
  clearTimeout(timer);
  timer = setTimeout(hide, SHOWN_MS);
}

function hide() {
  const toast = document.getElementById("toast");
  if (toast.matches(":popover-open")) toast.hidePopover();
}

/**
 * Say what was done.
 * @param {string} text
 * @param {Function|null} [undo] Takes it back.
 */
export function announce(text, undo = null) {
  show(text, "done", undo);
}

/**
 * Say what went wrong. A request that was given up is nothing wrong.
 * @param {Error} error
 */
export function complain(error) {
  if (error.name === "AbortError") return;
  show(error.message, "error", null);
}
