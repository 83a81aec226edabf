/** Painting what looks like a template: choose a set, choose how equal, look at the places, then paint them. */

import { announce, complain } from "/static/announce.js";
import { button, element, plural } from "/static/dom.js";
import { base, change, finish, read } from "./calls.js";
import { drawBox } from "./marks.js";
import { ObjectMode } from "./object_mode.js";
import { part, slider } from "./panel.js";
import { askTemplateFiles } from "./template_files.js";

const MOST = 0.3;
const STEP = 0.005;
const HOW = "Paint one window, say, and draw a box around it: all that look like it are found.";
const PAUSE_MS = 300;

/** The mode and its panel: pointing draws the box of a new template. */
export class Templates extends ObjectMode {
  #sets = [];
  #chosen = null;
  #threshold = 0;
  #job = null;
  #found = null;
  #timer = 0;
  #searching = null;

  /** @param {Object} app - The page. */
  constructor(app) {
    super(app);
    this.list = element("ul", { class: "template-sets", "aria-label": "Templates" });
    this.nothing = element("p", { class: "soft" }, "No template yet.");
    this.threshold = slider({
      ...{ name: "Difference allowed", min: 0, max: MOST, step: STEP, value: 0 },
      text: (value) => (value === 0 ? "best place only" : value.toFixed(3)),
      oninput: (value) => this.#setThreshold(value),
    });
    this.hits = element("p", { class: "number", "aria-live": "polite" });
    this.progress = element("progress", { "aria-label": "Searching", hidden: true });
    this.buttons = {
      paint: button({ text: "Paint these", key: "F", kind: "is-primary", onclick: this.commands.fill }),
      quit: button({ text: "Leave", key: "Q", kind: "is-quiet", onclick: () => app.paintAgain() }),
    };
    const adding = button({ icon: "plus", text: "Choose files…", onclick: () => this.run(() => this.#addFiles()) });
    this.node = part(
      "Templates",
      element("p", { class: "soft small" }, HOW),
      this.list,
      this.nothing,
      element("div", { class: "row wrap" }, adding),
      this.threshold,
      this.progress,
      this.hits,
      element("div", { class: "row wrap" }, Object.values(this.buttons)),
    );
  }

  get commands() {
    return { ...super.commands, save: () => this.run(() => this.finish()) };
  }

  begin() {
    super.begin();
    this.run(() => this.#loadSets());
  }

  end() {
    this.#searching?.abort();
    clearTimeout(this.#timer);
    super.end();
  }

  clear() {
    [this.#job, this.#found, this.#chosen] = [null, null, null];
  }

  async #loadSets() {
    this.#sets = (await read("templates")).templates;
    this.#showSets();
  }

  #showSets() {
    this.nothing.hidden = this.#sets.length > 0;
    this.list.replaceChildren(...this.#sets.map((set) => this.#setItem(set)));
  }

  #setItem({ set, name, count, problem }) {
    const src = `${base}api/templates/${set}/pictures/0`;
    const image = problem ? null : element("img", { src, alt: "", class: "template-picture" });
    const about = element("span", { class: "soft small" }, problem || plural(count, "template"));
    const words = element("span", {}, element("strong", {}, name), about);
    const isChosen = String(this.#chosen === set);
    const attributes = { type: "button", class: "template-set", disabled: Boolean(problem), "aria-pressed": isChosen };
    return element("li", {}, element("button", { ...attributes, onclick: () => this.#choose(set) }, image, words));
  }

  async #addFiles() {
    const given = await askTemplateFiles();
    if (given === null) return;
    await this.#add(given);
  }

  async #add(given) {
    const { set } = await change("templates", given);
    await this.#loadSets();
    this.#choose(set);
  }

  #choose(set) {
    this.#chosen = set;
    this.#showSets();
    this.#search(set).catch(complain);
  }

  /** Search the photo once for all places that any threshold of the slider takes. */
  async #search(set) {
    this.#searching?.abort();
    const own = new AbortController();
    this.#searching = own;
    this.#found = null;
    this.layer.drop();
    this.progress.hidden = false;
    this.showState();
    try {
      const job = await change(`photos/${this.session.photo}/templates`, { set, most: MOST });
      const found = await finish(job, { signal: own.signal });
      [this.#job, this.#found] = [job.job, found];
      this.#setThreshold(this.#threshold);
    } finally {
      if (this.#searching === own) this.progress.hidden = true;
      this.showState();
    }
  }

  get #hits() {
    if (this.#found === null) return [];
    if (this.#threshold === 0) return this.#found.best;
    return this.#found.hits.filter((hit) => hit.value <= this.#threshold);
  }

  #setThreshold(threshold) {
    this.#threshold = threshold;
    this.layer?.drop();
    this.showState();
    this.app.stage.drawMarks();
    clearTimeout(this.#timer);
    if (this.#hits.length > 0) this.#timer = setTimeout(() => this.run(() => this.compute()), PAUSE_MS);
  }

  /** Show what would be painted. */
  async compute() {
    if (this.#found === null) return;
    const given = { job: this.#job, threshold: this.#threshold };
    await this.take(await change(`photos/${this.session.photo}/templates/layer`, given));
  }

  /** Paint all places. Templates have colours of their own, so that of the page does not matter. */
  async finish() {
    clearTimeout(this.#timer);
    const hits = this.#hits;
    if (hits.length === 0) return announce("No place was found: choose a template, or allow more difference.");
    await this.compute();
    if (this.layer === null) return; // left meanwhile
    this.layer.accept();
    announce(`${plural(hits.length, "place")} painted.`);
    this.app.paintAgain();
  }

  showState() {
    const { length } = this.#hits;
    this.hits.textContent = this.#found === null ? "" : `${plural(length, "place")} found`;
    this.buttons.paint.disabled = length === 0;
  }

  down(at) {
    this.beginBox(this.pixelOf(at));
  }

  drag(at) {
    if (this.isBoxing) this.stretchBox(this.pixelOf(at));
  }

  up() {
    const box = this.isBoxing ? this.endBox() : null;
    if (box) this.run(() => this.#addFromPhoto(box));
  }

  async #addFromPhoto([x0, y0, x1, y1]) {
    const { width, height } = this.session.canvas;
    const clip = (value, most) => Math.min(Math.max(value, 0), most);
    const [left, right] = [x0, x1].sort((one, other) => one - other).map((x) => clip(x, width - 1));
    const [top, bottom] = [y0, y1].sort((one, other) => one - other).map((y) => clip(y, height - 1));
    await this.session.flush();
    await this.#add({ photo: this.session.photo, box: [left, top, right - left + 1, bottom - top + 1] });
  }

  drawMarks(context, viewport, ratio) {
    for (const { box: [left, top, width, height] } of this.#hits) {
      drawBox(context, viewport, ratio, [left, top, left + width, top + height], "#ffd166");
    }
  }
}
