/** Fields of a method's parameters, built from what the server says of them. */

import { element } from "/static/dom.js";

/**
 * Make the field of a parameter.
 * @param {{name: string, kind: string, help: string, least: number|null, most: number|null, is_odd: boolean,
 *   choices: string[], allowed: string}} parameter
 * @param {*} value
 * @returns {HTMLElement & {value: () => *}} `value` gives what stands in it.
 */
export function parameterField(parameter, value) {
  const input = inputOf(parameter, value);
  const id = `parameter-${parameter.name}`;
  for (const [name, text] of Object.entries({ id, name: parameter.name, "aria-describedby": `${id}-about` })) {
    input.setAttribute(name, text);
  }
  const words = parameter.name.replaceAll("_", " ");
  const label = element("label", { class: "parameter-name", for: id }, words);
  const about = element("span", { id: `${id}-about`, class: "soft small", title: parameter.allowed }, parameter.help);
  const isCheck = parameter.kind === "bool";
  const parts = isCheck ? [input, label] : [label, input];
  const field = element("div", { class: isCheck ? "check" : "parameter" }, parts, about);
  field.dataset.name = parameter.name;
  field.value = () => valueOf(parameter, input);
  return field;
}

function inputOf({ kind, choices, least, most, is_odd: isOdd }, value) {
  if (kind === "bool") return element("input", { type: "checkbox", checked: Boolean(value) });
  if (choices.length > 0) {
    const select = element("select", { class: "field" }, choices.map((one) => element("option", { value: one }, one)));
    select.value = value;
    return select;
  }
  if (kind === "str") return element("input", { type: "text", class: "field", value, autocomplete: "off" });
  const step = kind === "float" ? "any" : isOdd ? 2 : 1;
  const range = { min: least, max: most, step };
  return element("input", { type: "number", class: "field number", ...range, required: true, value });
}

function valueOf({ kind }, input) {
  if (kind === "bool") return input.checked;
  return kind === "int" || kind === "float" ? Number(input.value) : input.value;
}
