/** Parts of which panels at the side are made. */

import { element } from "/static/dom.js";

/** A part with a heading. */
export function part(heading, ...children) {
  return element("section", { class: "panel-part" }, heading && element("h2", {}, heading), ...children);
}

/**
 * A slider with its name and its value.
 * @param {{name: string, min: number, max: number, step: number, value: number, text: (value: number) => string,
 *   oninput: (value: number) => void}} options
 * @returns {HTMLElement & {set: (value: number) => void}}
 */
export function slider({ name, min, max, step, value, text, oninput }) {
  const shown = element("span", { class: "number", "aria-hidden": "true" });
  const input = element("input", { type: "range", min, max, step, "aria-label": name });
  const show = () => {
    shown.textContent = text(Number(input.value));
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => (show(), oninput(Number(input.value))));
  const label = element("label", { class: "slider" }, element("span", {}, name), shown, input);
  label.set = (next) => {
    input.value = next;
    show();
  };
  label.set(value);
  return label;
}

/**
 * Buttons of which one is pressed.
 * @param {{label: string, choices: {name: string, node: Node|string, title?: string}[],
 *   onchoose: (name: string) => void}} options
 * @returns {HTMLElement & {choose: (name: string) => void}}
 */
export function choice({ label, choices, onchoose }) {
  const buttons = choices.map(({ name, node, title }) => {
    const attributes = { type: "button", class: "button", "data-name": name, title };
    return element("button", { ...attributes, onclick: () => onchoose(name) }, node);
  });
  const group = element("div", { class: "choice-of", role: "group", "aria-label": label }, buttons);
  group.choose = (name) => {
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.name === name));
  };
  return group;
}

/** Give a colour as CSS has it. */
export function cssColour([red, green, blue]) {
  return `rgb(${red} ${green} ${blue})`;
}

/** Give a colour as an input of colours has it. */
export function hexColour(colour) {
  return `#${colour.map((level) => level.toString(16).padStart(2, "0")).join("")}`;
}

/** Give the colour of such a text. */
export function colourOfHex(text) {
  return [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
}
