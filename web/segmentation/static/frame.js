/** What stands around the photo: tools, what is looked at, going from photo to photo. */

import { button, element } from "/static/dom.js";
import { keyOf, showHelp } from "/static/keys.js";
import { nextTheme, showTheme } from "/static/theme.js";
import { part, slider } from "./panel.js";

const TOOLS = {
  fill: ["fill", "Fill"],
  unfill: ["eraser", "Unfill"],
  cut: ["cut", "Cut"],
  pick: ["pipette", "Pick a colour"],
  hand: ["hand", "Move the photo"],
};
const MODES = {
  templates: ["templates", "Templates"],
  grabcut: ["object", "Cut an object out"],
  sam: ["star", "Segment Anything"],
};

/** The tools beside the photo. */
export class Rail {
  #buttons = new Map();

  /**
   * @param {HTMLElement} node
   * @param {{useTool: Function, useMode: Function}} acts
   */
  constructor(node, acts) {
    for (const [name, [icon, label]] of Object.entries(TOOLS)) this.#add(name, icon, label, () => acts.useTool(name));
    for (const [name, [icon, label]] of Object.entries(MODES)) this.#add(name, icon, label, () => acts.useMode(name));
    const nodes = [...this.#buttons.values()];
    const line = element("span", { class: "rail-line", "aria-hidden": "true" });
    node.append(...nodes.slice(0, Object.keys(TOOLS).length), line, ...nodes.slice(Object.keys(TOOLS).length));
  }

  #add(name, icon, label, onclick) {
    this.#buttons.set(name, button({ icon, label, key: keyOf(name), kind: "is-quiet", onclick }));
  }

  /** Show which tool is in use. */
  show(chosen) {
    for (const [name, one] of this.#buttons) one.setAttribute("aria-pressed", String(name === chosen));
  }
}

/** The panel of what is looked at. */
export class Look {
  /** @param {import("./stage.js").Stage} stage */
  constructor(stage) {
    this.stage = stage;
    const opacity = slider({
      ...{ name: "Opacity of paint", min: 0, max: 100, step: 1, value: stage.look.opacity * 100 },
      text: (value) => `${value} %`,
      oninput: (value) => stage.setLook({ opacity: value / 100 }),
    });
    const toggle = (name, icon, text, command) =>
      button({ icon, text, key: keyOf(command), onclick: () => this.toggle(name) });
    this.toggles = {
      hasBorders: toggle("hasBorders", "borders", "Borders", "borders"),
      isDebug: toggle("isDebug", "layers", "Labels", "debug"),
    };
    const words = "Each label has a colour; edges are black, cuts white, painted pixels hatched.";
    this.legend = element("p", { class: "legend soft small", hidden: true }, words);
    this.node = part("Look", opacity, element("div", { class: "row" }, Object.values(this.toggles)), this.legend);
    this.#show();
  }

  /** Turn something on or off. */
  toggle(name) {
    this.stage.setLook({ [name]: !this.stage.look[name] });
    this.#show();
  }

  #show() {
    const { look } = this.stage;
    for (const [name, one] of Object.entries(this.toggles)) one.setAttribute("aria-pressed", String(look[name]));
    this.legend.hidden = !look.isDebug;
  }
}

/** Buttons that zoom, over the photo. */
export function zoomButtons(commands) {
  return element(
    "div",
    { class: "zoom-buttons", role: "group", "aria-label": "Zoom" },
    button({ icon: "minus", label: "Zoom out", key: keyOf("zoomOut"), onclick: commands.zoomOut }),
    button({ icon: "fit", label: "Show the whole photo", key: keyOf("zoomFit"), onclick: commands.zoomFit }),
    button({ icon: "plus", label: "Zoom in", key: keyOf("zoomIn"), onclick: commands.zoomIn }),
  );
}

/** The buttons at the top. */
export class Bar {
  /** @param {Object<string, Function>} commands */
  constructor(commands) {
    const quiet = (name, icon, label) =>
      button({ icon, label, key: keyOf(name), kind: "is-quiet", onclick: commands[name] });
    this.tools = {
      undo: quiet("undo", "undo", "Undo"),
      redo: quiet("redo", "redo", "Redo"),
      reset: quiet("reset", "reset", "Take off all paint, close all cuts"),
      save: button({ icon: "save", text: "Write masks", kind: "is-write", onclick: commands.write }),
      theme: button({ icon: "theme", label: "Colours", kind: "is-quiet", onclick: () => nextTheme(this.tools.theme) }),
      help: button({ icon: "help", label: "Keys", key: "?", kind: "is-quiet", onclick: showHelp }),
      quit: quiet("quit", "quit", "Leave"),
    };
    this.kept = document.getElementById("kept");
    this.place = element("span", { class: "photo-name", "aria-live": "polite" });
    this.pixel = element("span", { class: "pixel soft number", "aria-hidden": "true" });
    document.getElementById("tools").append(...Object.values(this.tools));
    document
      .getElementById("going")
      .append(quiet("previous", "back", "Previous photo"), this.place, quiet("next", "next", "Next photo"), this.pixel);
    showTheme(this.tools.theme);
  }

  /** Show what can be undone, and whether everything is kept. */
  show(session) {
    const history = session?.canvas?.history;
    this.tools.undo.disabled = !history?.done.length;
    this.tools.redo.disabled = !history?.undone.length;
    const isPainted = Boolean(session?.state?.painted);
    const isSaved = isPainted && session.state.is_saved && session.numPending === 0;
    this.tools.reset.disabled = !session?.canvas;
    this.kept.textContent = keptWords(session, isPainted, isSaved);
    this.kept.classList.toggle("is-danger", Boolean(session?.isCutOff));
    this.tools.save.classList.toggle("is-primary", isPainted && !isSaved);
    this.tools.save.disabled = !session?.canvas;
    this.tools.save.title = `Write the masks (${keyOf("write")}); with the next photo: ${keyOf("save")}`;
  }
}

function keptWords(session, isPainted, isSaved) {
  if (session?.isCutOff) return "Not kept: no answer";
  if (session?.numPending > 0) return "Keeping …";
  if (session?.isSaving) return "Writing masks …";
  if (isSaved) return "Masks written";
  return isPainted ? "Kept" : "";
}
