/** Choosing a building: those nearest first, any other by searching. */

import { complain } from "/static/announce.js";
import { get } from "/static/api.js";
import { openDialog } from "/static/dialogs.js";
import { element, plural } from "/static/dom.js";
import { mosaic, wake } from "./photo.js";
import { titleOf } from "./words.js";

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
  const search = new Search(
    field,
    (text) => find(text, nearest, except),
    (cards) => fill(choices, cards, { allowNew, choose }),
  );
  dialog.addEventListener("keydown", (event) => walk(event, search, choices));
  field.focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () =>
      resolve(dialog.returnValue.startsWith("to:") ? dialog.returnValue.slice(3) : null),
    );
  });
}

/** What a field asks for: a little after the last letter, or at once where somebody wants the result. */
class Search {
  #found = null;
  #timer = 0;

  constructor(field, find, fill) {
    Object.assign(this, { field, find, fill });
    field.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.result(), PAUSE_MS);
    });
    this.result();
  }

  /** Wait until that is shown which the field asks for. */
  async result() {
    clearTimeout(this.#timer);
    const text = this.field.value.trim();
    if (this.#found?.text !== text) this.#found = { text, shown: this.#look(text).catch(complain) };
    await this.#found.shown;
  }

  async #look(text) {
    const cards = await this.find(text);
    if (this.#found.text === text) this.fill(cards);
  }
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

async function walk(event, search, list) {
  const { field } = search;
  const buttons = [...list.querySelectorAll("button")];
  const at = buttons.indexOf(document.activeElement);
  if (event.key === "Enter" && document.activeElement === field) {
    event.preventDefault();
    await search.result();
    const found = [...list.querySelectorAll("button")];
    (found.find((button) => !button.querySelector(".plus")) ?? found[0])?.click();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    buttons[Math.min(at + 1, buttons.length - 1)]?.focus();
  } else if (event.key === "ArrowUp") {
    event.preventDefault();
    (buttons[at - 1] ?? field).focus();
  }
}
