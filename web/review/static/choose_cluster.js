/** Choosing a building: those nearest first, any other by searching. */

import { get } from "./api.js";
import { complain } from "./announce.js";
import { openDialog } from "./dialogs.js";
import { element, plural, titleOf } from "./dom.js";
import { mosaic, wake } from "./photo.js";

const FOUND = 30;
const PAUSE_MS = 150;

/**
 * Ask for a building.
 * @param {{title: string, nearest?: string[], except?: string[], allowNew?: boolean}} options
 *   `nearest`: numbers to be offered before anything is searched for; `allowNew`: a new building may be founded.
 * @returns {Promise<string|null>} A number, "new", or null when it was given up.
 */
export async function chooseCluster({ title, nearest = [], except = [], allowNew = false }) {
  const choices = element("ul", { class: "choices", "aria-label": "Buildings" });
  const field = element("input", {
    type: "search",
    class: "field",
    placeholder: "Number, name, photo or place",
    "aria-label": "Search buildings",
  });
  field.autofocus = true;
  const dialog = openDialog({
    title,
    className: "choose",
    content: element("div", { class: "chooser" }, field, choices),
  });
  const choose = (number) => dialog.close(`to:${number}`);
  const show = async () => fill(choices, await find(field.value.trim(), nearest, except), { allowNew, choose });
  let timer = 0;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => show().catch(complain), PAUSE_MS);
  });
  dialog.addEventListener("keydown", (event) => walk(event, field, choices));
  show().catch(complain);
  field.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () =>
      resolve(dialog.returnValue.startsWith("to:") ? dialog.returnValue.slice(3) : null),
    );
  });
}

async function find(text, nearest, except) {
  const kept = (cards) => cards.filter((card) => !except.includes(String(card.number)));
  const { clusters } = await get("/api/clusters", {
    q: text || null,
    sort: "size",
    order: "desc",
    offset: 0,
    limit: FOUND,
  });
  if (text) return kept(clusters);
  const near = await Promise.all(nearest.slice(0, 8).map((number) => get(`/api/clusters/${number}`)));
  const known = new Set(near.map((card) => String(card.number)));
  return kept([...near, ...clusters.filter((card) => !known.has(String(card.number)))]);
}

function fill(list, cards, { allowNew, choose }) {
  const found = cards.map((card) => choice(card, () => choose(card.number)));
  const founding = allowNew
    ? element(
        "li",
        {},
        newChoice(() => choose("new")),
      )
    : null;
  const none = found.length === 0 && !allowNew ? element("li", { class: "soft" }, "Nothing found.") : null;
  list.replaceChildren(...[founding, ...found, none].filter(Boolean));
  wake(list);
}

function choice(card, onclick) {
  const words = element(
    "span",
    { class: "choice-words" },
    element("strong", {}, titleOf(card)),
    element("span", { class: "soft" }, plural(card.size, "photo")),
  );
  return element(
    "li",
    {},
    element("button", { type: "button", class: "choice", onclick }, mosaic(card.representatives.slice(0, 2)), words),
  );
}

function newChoice(onclick) {
  const words = element(
    "span",
    { class: "choice-words" },
    element("strong", {}, "A new building"),
    element("span", { class: "soft" }, "of these photos"),
  );
  return element(
    "button",
    { type: "button", class: "choice", onclick },
    element("span", { class: "mosaic plus", "aria-hidden": "true" }, "+"),
    words,
  );
}

function walk(event, field, list) {
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  if (event.key === "Enter" && document.activeElement === field) {
    event.preventDefault();
    (buttons.find((button) => !button.querySelector(".plus")) ?? buttons[0])?.click();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    buttons[Math.min(at + 1, buttons.length - 1)]?.focus();
  } else if (event.key === "ArrowUp") {
    event.preventDefault();
    (buttons[at - 1] ?? field).focus();
  }
}
