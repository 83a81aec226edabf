/** Dialogs: the focus goes in when they open and back when they close. */

import { button, element } from "./dom.js";
import { useCommands } from "./keys.js";

/**
 * Open a dialog.
 * @param {{title: string, content: Node|Node[], className?: string, buttons?: Node[], commands?: Object}} options
 * @returns {HTMLDialogElement} Sends "close" when it is closed; its returnValue says how.
 */
export function openDialog({ title, content, className = "", buttons = [], commands = {} }) {
  const former = document.activeElement;
  const closing = button({
    icon: "close",
    label: "Close",
    key: "Esc",
    kind: "is-quiet",
    onclick: () => dialog.close(),
  });
  const heading = element("header", { class: "dialog-head" }, element("h2", {}, title), closing);
  const foot = buttons.length > 0 ? element("footer", { class: "dialog-foot" }, buttons) : null;
  const dialog = element("dialog", { class: `dialog ${className}`, "aria-label": title }, heading, content, foot);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  document.body.append(dialog);
  dialog.showModal();
  const release = useCommands(commands, { isModal: true });
  dialog.addEventListener("close", () => {
    release();
    dialog.remove();
    giveFocusBack(former);
  });
  return dialog;
}

function giveFocusBack(former) {
  if (former instanceof HTMLElement && former.isConnected && former !== document.body) former.focus();
  else document.dispatchEvent(new Event("lost-focus"));
}

function answered(dialog, value) {
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes" ? value() : null)),
  );
}

function yesAndNo(form, yes, no = "Cancel") {
  return [
    button({ text: no, onclick: () => form.closest("dialog").close() }),
    element("button", { class: "button is-primary", type: "submit", form: form.id }, yes),
  ];
}

/**
 * Ask for a text.
 * @param {{title: string, label: string, value?: string, isLong?: boolean, yes?: string, placeholder?: string}} options
 * @returns {Promise<string|null>} Null when it was given up.
 */
export function askText({ title, label, value = "", isLong = false, yes = "Save", placeholder = "" }) {
  const attributes = {
    id: "asked",
    placeholder,
    autocomplete: "off",
    spellcheck: isLong ? "true" : "false",
    autofocus: true,
  };
  const field = element(
    isLong ? "textarea" : "input",
    isLong ? { ...attributes, rows: 5 } : { ...attributes, type: "text" },
  );
  field.value = value;
  const form = element("form", { id: "asking", class: "ask" }, element("label", { for: "asked" }, label), field);
  form.addEventListener("submit", (event) => (event.preventDefault(), dialog.close("yes")));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) dialog.close("yes");
  });
  const dialog = openDialog({ title, content: form, className: "small", buttons: yesAndNo(form, yes) });
  field.select();
  return answered(dialog, () => field.value.trim());
}

/**
 * Show what would come of something, and ask whether to do it.
 * @param {{title: string, content: Node|Node[], yes: string}} options
 * @returns {Promise<true|null>}
 */
export function askWhether({ title, content, yes }) {
  const form = element("form", { id: "asking" }, content);
  form.addEventListener("submit", (event) => (event.preventDefault(), dialog.close("yes")));
  const buttons = yesAndNo(form, yes);
  buttons[1].autofocus = true;
  const dialog = openDialog({ title, content: form, className: "wide", buttons });
  buttons[1].focus();
  return answered(dialog, () => true);
}
