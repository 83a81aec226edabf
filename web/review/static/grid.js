/** The grid of buildings. */

import { get } from "./api.js";
import { complain } from "./announce.js";
import { lock, merge, nameCluster, noteCluster, split } from "./actions.js";
import { button, element, icon, plural, timeSpan, titleOf } from "./dom.js";
import { makeDraggable } from "./drag.js";
import { keyOf } from "./keys.js";
import { PagedList } from "./paged_list.js";
import { mosaic } from "./photo.js";
import { stretchBand } from "./rubber_band.js";
import { Selection } from "./selection.js";
import { SelectionBar } from "./selection_bar.js";
import { keysWaitFor } from "./turns.js";
import { VirtualGrid } from "./virtual_grid.js";

const SORTS = { doubt: "Doubt", size: "Size", time: "Time", name: "Name", place: "Place" };
const DESCENDS = new Set(["doubt", "size"]);
const FILTERS = {
  all: "All",
  doubtful: "Doubtful",
  locked: "Locked",
  named: "Named",
  changed: "Changed",
  noted: "With a note",
};
const CAPTION_PX = 66;

/** Buildings, sorted, searched and filtered. */
export class GridView {
  title = "Buildings";
  query = { sort: "size", order: "desc", q: "", filter: "all" };
  selection = new Selection();

  /** @param {{go: (hash: string) => void}} app */
  constructor(app) {
    this.app = app;
    this.list = new PagedList((offset, limit, signal) => this.#fetch(offset, limit, signal));
    const height = (width) => width * 0.68 + CAPTION_PX;
    const options = { key: (card) => String(card.number), fill: fillCard, minWidth: 212, height, gap: 18 };
    const empty = () =>
      element("p", {}, "No building fits. ", element("span", { class: "soft" }, "Change the search or the filter."));
    this.grid = new VirtualGrid({ label: "Buildings", list: this.list, selection: this.selection, empty, ...options });
    this.grid.addEventListener("open", (event) => app.go(`#/building/${event.detail.item.number}`));
    stretchBand(this.grid);
    makeDraggable(this.grid, {
      photoOf: (card) => card.representatives[0],
      takes: isOther,
      drop: (place, keys) => this.#drop(place, keys),
    });
    this.bar = new SelectionBar(this.selection, "building", () => this.#barButtons());
    this.node = element(
      "section",
      { class: "view", "aria-label": this.title },
      this.#tools(),
      this.grid.node,
      this.bar.node,
    );
    this.commands = this.#commands();
  }

  async #fetch(offset, limit, signal) {
    const { total, clusters } = await get("/api/clusters", { ...this.query, offset, limit }, signal);
    return { total, items: clusters };
  }

  /** Come into sight. */
  async show() {
    this.grid.layout();
    await this.list.refresh().catch(complain);
  }

  /** Search for something. */
  search(text) {
    this.#ask({ q: text });
  }

  /** Take what has changed. */
  async change({ removed }) {
    await this.list.refresh();
    this.selection.retain(this.selection.keys().filter((key) => !removed.includes(key)));
  }

  /** Take the focus. */
  focus() {
    this.grid.focus(this.grid.focused);
  }

  async #ask(changes) {
    Object.assign(this.query, changes);
    this.selection.clear();
    this.grid.node.scrollTop = 0;
    this.grid.focused = 0;
    await this.list.reset().catch(complain);
  }

  #tools() {
    const options = Object.entries(SORTS).map(([value, words]) => element("option", { value }, words));
    this.sort = element(
      "select",
      { class: "field", "aria-label": "Sort by", onchange: () => this.#sortBy(this.sort.value) },
      options,
    );
    this.sort.value = this.query.sort;
    this.order = button({ icon: "descending", label: "Turn the order round", onclick: () => this.#turn() });
    this.chips = this.#chips();
    const selecting = button({
      icon: "check",
      text: "Select",
      kind: "is-quiet",
      onclick: () => this.selection.switchSelecting(),
    });
    return element(
      "div",
      { class: "view-tools" },
      this.chips,
      element("div", { class: "sorting" }, this.sort, this.order, selecting),
    );
  }

  #chips() {
    const chips = Object.entries(FILTERS).map(([value, words]) => {
      const pressed = { "data-filter": value, "aria-pressed": String(value === "all") };
      return element(
        "button",
        { type: "button", class: "chip", ...pressed, onclick: () => this.#filter(value) },
        words,
      );
    });
    return element("div", { class: "chips", role: "group", "aria-label": "Show" }, chips);
  }

  #sortBy(sort) {
    this.#ask({ sort, order: DESCENDS.has(sort) ? "desc" : "asc" });
    this.#showOrder();
  }

  #turn() {
    this.#ask({ order: this.query.order === "desc" ? "asc" : "desc" });
    this.#showOrder();
  }

  #showOrder() {
    this.order.classList.toggle("is-turned", this.query.order === "asc");
    this.order.setAttribute(
      "aria-label",
      `Turn the order round; now ${this.query.order === "asc" ? "ascending" : "descending"}`,
    );
  }

  #filter(filter) {
    for (const chip of this.chips.children) chip.setAttribute("aria-pressed", String(chip.dataset.filter === filter));
    this.#ask({ filter });
  }

  /** The selected buildings, or the one with the focus. */
  #meant() {
    const focused = this.grid.focusedItem();
    if (this.selection.size > 0) return this.selection.keys();
    return focused ? [String(focused.number)] : [];
  }

  async #merge() {
    if (this.selection.size < 2) return complain(new Error("Select two buildings or more to merge them."));
    const done = await merge(this.selection.keys());
    if (done) this.selection.clear();
    if (done) this.grid.focusKey(String(done.clusters.find((number) => !done.removed.includes(number))));
    return undefined;
  }

  async #drop(place, keys) {
    const number = place.slice("cluster:".length);
    const done = await merge([number, ...keys]);
    if (done) this.selection.clear();
  }

  async #one(act) {
    const [number] = this.#meant();
    if (number === undefined) return;
    try {
      await act(await keysWaitFor(get(`/api/clusters/${number}`)));
    } catch (error) {
      complain(error);
    }
  }

  async #lockAll() {
    const reading = this.#meant().map((number) => get(`/api/clusters/${number}`));
    const cards = await keysWaitFor(Promise.all(reading));
    const open = cards.filter((card) => !card.locked);
    for (const card of open.length > 0 ? open : cards) await lock(card);
  }

  #barButtons() {
    return [
      this.selection.size > 1 &&
        button({ icon: "merge", text: "Merge", key: keyOf("merge"), kind: "is-primary", onclick: () => this.#merge() }),
      button({ icon: "lock", text: "Lock", key: keyOf("lock"), onclick: () => this.#lockAll().catch(complain) }),
      this.selection.size === 1 &&
        button({ icon: "name", text: "Name", key: keyOf("name"), onclick: () => this.#one(nameCluster) }),
    ].filter(Boolean);
  }

  #commands() {
    return {
      merge: () => this.#merge(),
      name: () => this.#one(nameCluster),
      note: () => this.#one(noteCluster),
      split: () => this.#one((cluster) => split(cluster)),
      lock: () => this.#lockAll().catch(complain),
      back: () => this.selection.clear(),
    };
  }
}

function isOther(place, keys) {
  return place.startsWith("cluster:") && !keys.includes(place.slice("cluster:".length));
}

function fillCard(cell, card) {
  const doubt = Math.round(card.doubt * 100);
  const marks = [card.locked && icon("lock"), card.note && icon("note")].filter(Boolean);
  const when = timeSpan(card.first_time, card.last_time);
  const meter = element("span", { class: "doubt", "aria-hidden": "true" }, element("span", { class: "doubt-bar" }));
  meter.firstChild.style.width = `${doubt}%`;
  const words = [
    titleOf(card),
    plural(card.size, "photo"),
    when,
    `doubt ${doubt} %`,
    card.locked && "locked",
    card.note && "with a note",
    card.changed && "changed",
  ];
  cell.setAttribute("aria-label", words.filter(Boolean).join(", "));
  cell.title = card.note ? card.note : titleOf(card);
  cell.dataset.drop = `cluster:${card.number}`;
  cell.classList.add("card");
  cell.classList.toggle("is-changed", card.changed);
  cell.append(
    mosaic(card.representatives),
    element("span", { class: "tick", "aria-hidden": "true" }, icon("check")),
    element("span", { class: "card-title" }, element("span", { class: "card-name" }, titleOf(card)), marks),
    element(
      "span",
      { class: "card-facts soft" },
      element("span", {}, plural(card.size, "photo")),
      when && element("span", {}, when),
    ),
    meter,
  );
}
