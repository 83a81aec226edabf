/** How the photo is segmented: the method, its parameters, a preview of all methods. */

import { announce, complain } from "/static/announce.js";
import { button, element, plural } from "/static/dom.js";
import { change, finish } from "./calls.js";
import { parameterField } from "./parameter_field.js";
import { part } from "./panel.js";
import { showSheet } from "./sheet.js";

const PAUSE_MS = 600; // after the last change of a parameter

/** The panel of methods. */
export class Segments {
  #app;
  #running = null;
  #timer = 0;
  #edited = new Map();

  /** @param {Object} app - The page. */
  constructor(app) {
    this.#app = app;
    this.select = element("select", { id: "method", class: "field" });
    this.select.addEventListener("change", () => (this.#showFields(), this.#soon(0)));
    this.summary = element("p", { class: "soft" });
    this.fields = element("form", { class: "fields", "aria-label": "Parameters", novalidate: true });
    this.fields.addEventListener("submit", (event) => (event.preventDefault(), this.#soon(0)));
    this.fields.addEventListener("input", () => this.#soon(PAUSE_MS));
    this.count = element("p", { class: "soft number", "aria-live": "polite" });
    this.progress = element("progress", { "aria-label": "Segmenting" });
    this.cancelling = button({ text: "Cancel", kind: "is-quiet", onclick: () => this.cancel() });
    this.busy = element("div", { class: "row busy", hidden: true }, this.progress, this.cancelling);
    this.defaults = button({ text: "Defaults", kind: "is-quiet", onclick: () => this.#reset() });
    const sheet = button({ icon: "grid", text: "Compare all methods", onclick: () => this.compare().catch(complain) });
    this.node = part(
      "Segments",
      element("label", { class: "visually-hidden", for: "method" }, "Method"),
      this.select,
      this.summary,
      this.fields,
      this.busy,
      this.count,
      element("div", { class: "row" }, sheet, this.defaults),
      element("p", { class: "soft small" }, "Photos that are not yet begun are segmented like this, too."),
    );
    this.node.classList.add("segments");
  }

  get #method() {
    return this.#app.overview.methods.find((one) => one.name === this.select.value);
  }

  /** Show the methods that the server has. */
  setMethods(methods) {
    const options = methods
      .filter((one) => one.name !== "grabcut") // which has a tool of its own
      .map(({ name, problem }) => {
        return element("option", { value: name, disabled: Boolean(problem) }, problem ? `${name} (not ready)` : name);
      });
    this.select.replaceChildren(...options);
  }

  /** Show what the photo was segmented by. */
  show(labels) {
    if (labels === null) return;
    if ([...this.select.options].some((one) => one.value === labels.method)) {
      this.select.value = labels.method;
      this.#edited.set(labels.method, labels.parameters);
    }
    this.#showFields();
    this.count.textContent = plural(labels.count, "segment");
  }

  #showFields() {
    const { summary, problem, parameters, name } = this.#method;
    this.summary.textContent = problem || summary;
    const values = this.#edited.get(name) ?? {};
    this.fields.replaceChildren(...parameters.map((one) => parameterField(one, values[one.name] ?? one.default)));
  }

  #reset() {
    this.#edited.delete(this.select.value);
    this.#showFields();
    this.#soon(0);
  }

  #soon(pause) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run().catch(complain), pause);
  }

  #values() {
    return Object.fromEntries([...this.fields.children].map((field) => [field.dataset.name, field.value()]));
  }

  async #run() {
    if (!this.fields.reportValidity()) return;
    const [method, parameters] = [this.select.value, this.#values()];
    this.#edited.set(method, parameters);
    await this.#take((signal) => this.#compute(method, parameters, signal));
  }

  async #compute(method, parameters, signal) {
    await change("settings", { method, parameters });
    const { session } = this.#app;
    const job = await change(`photos/${session.photo}/labels`, { method, parameters });
    return finish(job, { signal, onprogress: (now) => this.#showProgress(now) });
  }

  /** Let what is made take the place of the segments; one at a time, the newest one counts. */
  async #take(making) {
    const { session } = this.#app;
    this.cancel();
    const own = new AbortController();
    this.#running = own;
    session.signal.addEventListener("abort", () => own.abort(), { once: true });
    this.busy.hidden = false;
    try {
      const result = await making(own.signal);
      own.signal.throwIfAborted();
      await session.takeLabels(result);
      this.count.textContent = plural(result.count, "segment");
      announce(`${plural(result.count, "segment")} now; paint stays.`);
    } finally {
      if (this.#running === own) this.#running = null;
      this.busy.hidden = this.#running !== null;
    }
  }

  #showProgress(job) {
    this.progress.removeAttribute("value");
    this.progress.title = `${job.title}, ${job.seconds.toFixed(1)} s`;
  }

  /** Give up what is being computed. */
  cancel() {
    this.#running?.abort();
    this.#running = null;
    this.busy.hidden = true;
  }

  /** Show all methods beside each other, and take the one that is chosen. */
  async compare() {
    const { session } = this.#app;
    const parameters = Object.fromEntries(this.#edited);
    const chosen = await showSheet(session, this.#app.overview.methods, parameters);
    if (chosen === null) return;
    this.select.value = chosen.method;
    this.#showFields();
    await this.#take(async () => chosen.result);
  }
}
