/** The grid of buildings. */

import { complain } from "/static/announce.js";
import { get } from "/static/api.js";
import { button, element, icon, plural } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { keysWaitFor } from "/static/turns.js";
import { lock, merge, nameCluster, noteCluster, split } from "./actions.js";
import { mosaic } from "./photo.js";
import { SelectingView } from "./selecting_view.js";
import { timeSpan, titleOf } from "./words.js";

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
const CELLS = {
  label: "Buildings",
  key: (card) => String(card.number),
  fill: fillCard,
  minWidth: 212,
  height: (width) => width * 0.68 + CAPTION_PX,
  gap: 18,
  empty: () =>
    element("p", {}, "No building fits. ", element("span", { class: "soft" }, "Change the search or the filter.")),
};

/** Buildings, sorted, searched and filtered. */
export class GridView extends SelectingView {
  query = { sort: "size", order: "desc", q: "", filter: "all" };

  /** @param {{go: (hash: string) => void}} app */
  constructor(app) {
    super({
      title: "Buildings",
      noun: "building",
      fetchPage: (offset, limit, signal) => this.#fetch(offset, limit, signal),
      cells: CELLS,
      drag: {
        photoOf: (card) => card.representatives[0],
        takes: isOther,
        drop: (place, keys) => this.deselectAfter(merge([place.slice("cluster:".length), ...keys])),
      },
      buttons: () => this.#barButtons(),
    });
    this.app = app;
    this.grid.addEventListener("open", (event) => app.go(`#/building/${event.detail.item.number}`));
    this.chips = this.#chips();
    this.assemble(this.chips, this.#sorting());
    this.commands = this.#commands();
  }

  async #fetch(offset, limit, signal) {
    const { total, clusters } = await get("/api/clusters", { ...this.query, offset, limit }, signal);
    return { total, items: clusters };
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

  #ask(changes) {
    Object.assign(this.query, changes);
    return this.restart();
  }

  #sorting() {
    const options = Object.entries(SORTS).map(([value, words]) => element("option", { value }, words));
    this.sort = element(
      "select",
      { class: "field", "aria-label": "Sort by", onchange: () => this.#sortBy(this.sort.value) },
      options,
    );
    this.sort.value = this.query.sort;
    this.order = button({ icon: "descending", label: "Turn the order round", onclick: () => this.#turn() });
    return element("div", { class: "sorting" }, this.sort, this.order, this.selectingButton());
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

  async #merge() {
    if (this.selection.size < 2) return complain(new Error("Select two buildings or more to merge them."));
    const done = await this.deselectAfter(merge(this.selection.keys()));
    if (done) this.grid.focusKey(String(done.clusters.find((number) => !done.removed.includes(number))));
    return undefined;
  }

  async #one(act) {
    const [number] = this.meant();
    if (number === undefined) return;
    try {
      await act(await keysWaitFor(get(`/api/clusters/${number}`)));
    } catch (error) {
      complain(error);
    }
  }

  async #lockAll() {
    const reading = this.meant().map((number) => get(`/api/clusters/${number}`));
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
