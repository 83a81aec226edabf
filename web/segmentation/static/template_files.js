/** Choosing the files of templates: up to four lists of pictures that belong together. */

import { openDialog } from "/static/dialogs.js";
import { button, element } from "/static/dom.js";

const ACCEPTED = "image/png,image/jpeg,image/bmp,image/tiff";
const LISTS = {
  templates: ["Templates", "what to find", true],
  segments: ["Segments", "the colours that are painted, as large as the template", true],
  attentions: ["Attentions", "where the template counts; without them: all but black that reaches its border", false],
  masks: ["Masks", "where colours are painted; without them: all that is not black", false],
};

/**
 * Ask for the files.
 * @returns {Promise<Object|null>} What the server takes; null when it was given up.
 */
export function askTemplateFiles() {
  const named = { type: "text", id: "set-name", class: "field", required: true, maxlength: 100 };
  const name = element("input", { ...named, value: "Templates" });
  const fields = Object.entries(LISTS).map(([list, [words, about, isNeeded]]) => {
    const input = element("input", { type: "file", name: list, multiple: true, accept: ACCEPTED, required: isNeeded });
    const hint = element("span", { class: "soft small" }, about);
    return element("label", { class: "file-field" }, element("strong", {}, words), hint, input);
  });
  const hint = "Files are sorted by name; the first of all lists belong together, then the second ones.";
  const form = element(
    "form",
    { id: "template-files", class: "ask" },
    element("label", { for: "set-name" }, "Name"),
    name,
    fields,
    element("p", { class: "soft small" }, hint),
  );
  form.addEventListener("submit", (event) => (event.preventDefault(), dialog.close("yes")));
  const buttons = [
    button({ text: "Cancel", onclick: () => dialog.close() }),
    element("button", { class: "button is-primary", type: "submit", form: form.id }, "Add"),
  ];
  const dialog = openDialog({ title: "Templates from files", content: form, buttons });
  return new Promise((resolve, reject) => {
    dialog.addEventListener("close", () => {
      if (dialog.returnValue !== "yes") return resolve(null);
      contentOf(form, name.value).then(resolve, reject);
    });
  });
}

async function contentOf(form, name) {
  const given = { name };
  for (const list of Object.keys(LISTS)) {
    const files = [...form.elements.namedItem(list).files];
    if (files.length === 0) continue;
    given[list] = await Promise.all(files.map(async (file) => ({ name: file.name, content: await base64Of(file) })));
  }
  return given;
}

function base64Of(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
