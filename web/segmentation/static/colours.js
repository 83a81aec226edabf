/** What is painted with: classes with names, a palette, any colour, or one picked from the photo. */

import { complain } from "/static/announce.js";
import { openDialog } from "/static/dialogs.js";
import { button, element } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { change } from "./calls.js";
import { BLACK_PAINT } from "./painting/replies.js";
import { colourOfHex, cssColour, hexColour, part } from "./panel.js";

const PALETTE = [
  [204, 0, 0],
  [230, 126, 34],
  [241, 196, 15],
  [39, 174, 96],
  [22, 160, 133],
  [41, 128, 185],
  [91, 82, 201],
  [192, 57, 160],
  [121, 85, 72],
  [127, 140, 141],
];
const MOST_KEYS = 9;

/** The panel of colours. */
export class Colours {
  #app;

  /** @param {Object} app - The page. */
  constructor(app) {
    this.#app = app;
    this.list = element("ul", { class: "classes", "aria-label": "Classes" });
    this.palette = element("ul", { class: "palette", "aria-label": "Palette" });
    this.any = element("input", { type: "color", class: "any-colour", "aria-label": "Any colour" });
    this.any.addEventListener("input", () => app.setColour(colourOfHex(this.any.value)));
    this.name = element("span", { class: "colour-name" });
    this.warning = element("p", { class: "notice is-warning", hidden: true }, `Careful: ${BLACK_PAINT}.`);
    const tools = element(
      "div",
      { class: "row" },
      this.any,
      this.name,
      button({ icon: "pipette", label: "Pick a colour", key: keyOf("pick"), onclick: () => app.useTool("pick") }),
      button({ text: "Classes…", onclick: () => editClasses(app) }),
    );
    this.node = part("Colour", this.list, this.palette, tools, this.warning);
  }

  /** Give the name of a colour: that of its class, else its levels. */
  nameOf(colour) {
    return this.#app.classes.find((one) => same(one.colour, colour))?.name ?? textOf(colour);
  }

  /** Show the classes and the colour that is painted with. */
  show() {
    const { classes, colour } = this.#app;
    if (colour === null) return;
    this.list.replaceChildren(...classes.map((one, place) => this.#classItem(one, place)));
    const free = PALETTE.filter((one) => !classes.some((other) => same(one, other.colour)));
    this.palette.replaceChildren(...free.map((one) => element("li", {}, this.#swatchButton(one, textOf(one)))));
    this.any.value = hexColour(colour);
    this.name.textContent = classes.some((one) => same(one.colour, colour)) ? "" : this.nameOf(colour);
    this.warning.hidden = !same(colour, [0, 0, 0]);
  }

  /** Take up a class by its place in the table. */
  chooseClass(place) {
    const one = this.#app.classes[place];
    if (one) this.#app.setColour(one.colour);
  }

  #classItem({ name, colour }, place) {
    const key = place < MOST_KEYS ? String(place + 1) : null;
    const chosen = this.#swatchButton(colour, name, key);
    chosen.append(element("span", { class: "class-name" }, name));
    if (key) chosen.append(element("kbd", { "aria-hidden": "true" }, key));
    return element("li", {}, chosen);
  }

  #swatchButton(colour, label, key = null) {
    const chip = element("span", { class: "swatch" });
    chip.style.background = cssColour(colour);
    const named = { "aria-label": label, title: label, "aria-keyshortcuts": key };
    const isChosen = String(same(colour, this.#app.colour));
    const onclick = () => this.#app.setColour(colour);
    const attributes = { type: "button", class: "swatch-button", ...named, "aria-pressed": isChosen, onclick };
    return element("button", attributes, chip);
  }
}

function same(one, other) {
  return one.every((level, place) => level === other[place]);
}

function textOf(colour) {
  return colour.join(", ");
}

function editClasses(app) {
  const rows = element("ul", { class: "class-rows" });
  const add = (name, colour) => rows.append(classRow(name, colour));
  for (const { name, colour } of app.classes) add(name, colour);
  const addCurrent = () => {
    add("", app.colour);
    rows.lastChild.querySelector("input[type=text]").focus();
  };
  const adding = button({ icon: "plus", text: "Add the current colour", onclick: addCurrent });
  const problem = element("p", { class: "notice is-danger", role: "alert", hidden: true });
  const form = element("form", { id: "classes" }, rows, adding, problem);
  const save = async (event) => {
    event.preventDefault();
    const classes = [...rows.children].map((row) => ({
      name: row.querySelector("input[type=text]").value.trim(),
      colour: colourOfHex(row.querySelector("input[type=color]").value),
    }));
    try {
      app.setClasses((await change("classes", { classes })).classes);
      dialog.close();
    } catch (error) {
      problem.hidden = false;
      problem.textContent = error.message;
    }
  };
  form.addEventListener("submit", (event) => save(event).catch(complain));
  const buttons = [
    button({ text: "Cancel", onclick: () => dialog.close() }),
    element("button", { class: "button is-primary", type: "submit", form: "classes" }, "Save"),
  ];
  const dialog = openDialog({ title: "Classes", content: form, buttons });
}

function classRow(name, colour) {
  const text = { type: "text", class: "field", "aria-label": "Name", value: name, required: true, maxlength: 100 };
  const any = { type: "color", class: "any-colour", "aria-label": "Colour", value: hexColour(colour) };
  const row = element(
    "li",
    { class: "row" },
    element("input", any),
    element("input", text),
    button({ icon: "close", label: "Remove the class", kind: "is-quiet", onclick: () => row.remove() }),
  );
  return row;
}
