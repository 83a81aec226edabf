/** Elements and texts. Whatever comes from the server is put in as text, never as markup. */

/**
 * Make an element.
 * @param {string} tag
 * @param {Object} [attributes] `onclick` and the like are listeners; false, null and undefined are left out.
 * @param {...(Node|string|null|Array)} children
 * @returns {HTMLElement}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(2).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const STROKES = {
  undo: "M9 7 4.5 11.5 9 16M5 11.5h9a5 5 0 0 1 0 10h-2",
  redo: "m15 7 4.5 4.5L15 16M19 11.5h-9a5 5 0 0 0 0 10h2",
  reset: "M5 12a7 7 0 1 1 2.2 5.1M5 12 2.5 9M5 12l3.2-2.4M9.5 9.5l5 5M14.5 9.5l-5 5",
  quit: "M14 4.5H6v15h8M10.5 12H20M16.5 8.5 20 12l-3.5 3.5",
  search: "M10.5 4a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13ZM15.5 15.5 20.5 20.5",
  lock: "M6.5 11h11v9h-11ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
  note: "M5 4.5h14v11l-4 4H5ZM15 19.5v-4h4M8.5 9h7M8.5 12.5h4",
  star: "m12 4 2.4 5.1 5.6.7-4.1 3.8 1.1 5.5-5-2.8-5 2.8 1.1-5.5L4 9.8l5.6-.7Z",
  pin: "M12 21q6-6.5 6-11a6 6 0 0 0-12 0q0 4.5 6 11ZM12 7.5a2.5 2.5 0 1 1 0 5a2.5 2.5 0 0 1 0-5Z",
  merge: "M4 6h4c5 0 3 6 8 6h4M4 18h4c5 0 3-6 8-6M17 9l3 3-3 3",
  split: "M4 12h4c5 0 3-6 8-6h4M8 12c5 0 3 6 8 6h4M17.5 3.5 20 6l-2.5 2.5M17.5 15.5 20 18l-2.5 2.5",
  move: "M4 12h13M12.5 7l5 5-5 5M20.5 5v14",
  single: "M5 5h14v14H5ZM9 12h6",
  compare: "M3.5 5.5h7v13h-7ZM13.5 5.5h7v13h-7Z",
  close: "M6 6 18 18M18 6 6 18",
  check: "m5 12.5 4.5 4.5L19 7.5",
  help: "M9 9.2a3 3 0 1 1 4.6 2.5c-1 .7-1.6 1.3-1.6 2.8M12 18v.4",
  theme: "M12 4a8 8 0 1 0 8 8 6 6 0 0 1-8-8Z",
  plus: "M12 5v14M5 12h14",
  minus: "M5 12h14",
  fit: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5",
  back: "M14.5 5.5 8 12l6.5 6.5",
  next: "M9.5 5.5 16 12l-6.5 6.5",
  sliders: "M4 8h8M16 8h4M4 16h4M12 16h8M14 6v4M10 14v4",
  grid: "M4.5 4.5h6v6h-6ZM13.5 4.5h6v6h-6ZM4.5 13.5h6v6h-6ZM13.5 13.5h6v6h-6Z",
  photo: "M4 6h16v12H4ZM4 15.5l4.5-4.5 4 4 2.5-2.5 5 4.5",
  question:
    "M12 3.5a8.5 8.5 0 1 1 0 17 8.5 8.5 0 0 1 0-17ZM9.7 9.6a2.4 2.4 0 1 1 3.7 2c-.9.6-1.4 1.1-1.4 2.2M12 16.5v.3",
  save: "M5 4.5h11l3 3v12H5ZM8 4.5v5h7v-5M8 19.5v-6h8v6",
  descending: "M8 5v14M4.5 15.5 8 19l3.5-3.5M14 7h6M14 12h4.5M14 17h3",
  fill: "m11 3.5-7 7 7 7 7-7ZM4 10.5h14M20.2 14.5q2.2 3.2 0 5-2.2-1.8 0-5Z",
  eraser: "M8 20 3.5 15.5 13 6l6 6-8 8H8ZM8.5 10.5l6 6M8 20h12",
  cut: "M6 4a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5ZM6 15a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5ZM8 8.2 20 18M8 15.8 20 6",
  pipette: "m12.5 7.5 4 4-8 8-4.5 1 1-4.5ZM14 9l2.8-3.6q1.6-1.8 3 0t-.2 3L16 11M12 6l6 6",
  hand:
    "M7.5 13V6.5a1.5 1.5 0 0 1 3 0V11M10.5 10.5V5a1.5 1.5 0 0 1 3 0v5.5M13.5 10.5V6a1.5 1.5 0 0 1 3 0v5M16.5 9.5a1.5" +
    " 1.5 0 0 1 3 0V14q0 6.5-6 6.5-4 0-6-3.5L4.8 13q.4-2 2.7.5",
  templates: "M4 4h7v9H4ZM13 11h7v9h-7ZM4 8.5h7M13 15.5h7",
  object: "M12 4q8 0 8 5.8t-8 5.8-8-5.8T12 4ZM8 15.2q-2.4 2 .2 5",
  layers: "m12 4 8 4.2-8 4.2-8-4.2ZM4 12.2l8 4.2 8-4.2M4 16l8 4.2L20 16",
  borders: "M4 4h16v16H4ZM12 4v16M4 13h8M12 9h8",
  name: "M5 19.5h14M7 15.5l.7-3.5L15.5 4.2l3.3 3.3-7.8 7.8Z",
};

/**
 * Make an icon of the page's own set; it says nothing to a screen reader.
 * @param {keyof STROKES} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", STROKES[name]);
  svg.append(path);
  return svg;
}

/**
 * Make a button with an icon, a word, and the key that does the same.
 * @param {{icon?: string, text?: string, label?: string, key?: string, kind?: string, onclick: Function}} options
 *   `label` is the accessible name where no text is shown; `kind` is a class, "is-primary" for instance.
 * @returns {HTMLButtonElement}
 */
export function button({ icon: iconName, text, label, key, kind = "", ...attributes }) {
  const classes = `button ${kind} ${text ? "" : "icon-only"}`.trim();
  const title = [label ?? text, key ? `(${key})` : ""].join(" ").trim();
  const named = { type: "button", class: classes, title, "aria-label": text ? null : label, "aria-keyshortcuts": key };
  return element(
    "button",
    { ...named, ...attributes },
    iconName ? icon(iconName) : null,
    text ? element("span", { class: "button-text" }, text) : null,
    text && key ? element("kbd", { "aria-hidden": "true" }, key) : null,
  );
}

/**
 * Give a number with its noun.
 * @param {number} count
 * @param {string} one
 * @param {string} [many]
 */
export function plural(count, one, many = `${one}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}

/** A text that begins with a capital letter. */
export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** The last part of an image name. */
export function fileName(name) {
  return name.slice(name.lastIndexOf("/") + 1);
}
