/** The map: photos at their positions, and a tray of those without one, to be placed. */

import { complain } from "/static/announce.js";
import { get } from "/static/api.js";
import { button, element, fileName } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { place } from "./actions.js";
import { makeDraggable } from "./drag.js";
import { MapCanvas } from "./map_canvas.js";
import { WholeList } from "./paged_list.js";
import { sleepingThumbnail, thumbnail } from "./photo.js";
import { Selection } from "./selection.js";
import { store } from "./store.js";
import { openPhoto } from "./viewer.js";
import { VirtualGrid } from "./virtual_grid.js";
import { positionText } from "./words.js";

/** Positions of the photos. */
export class MapView {
  title = "Map";
  selection = new Selection();
  list = new WholeList();

  constructor() {
    this.map = new MapCanvas();
    this.map.ontap = (position, point) => this.#tap(position, point);
    this.tray = this.#tray();
    this.tray.addEventListener("open", (event) => this.selection.toggle(event.detail.item.id, event.detail.index));
    makeDraggable(this.tray, {
      photoOf: (photo) => photo.id,
      takes: (where) => where === "map",
      drop: (_, keys, event) => this.#drop(keys, event),
    });
    this.selection.addEventListener("selection", () => this.#showPlacing());
    this.count = element("h2", {});
    this.words = element("p", { class: "soft" });
    this.typing = this.#form();
    const tray = element(
      "aside",
      { class: "tray", "aria-label": "Photos without a position" },
      this.count,
      this.words,
      this.typing,
      this.tray.node,
    );
    this.about = element("div", { class: "map-about panel", hidden: true });
    const hint = "Select photos in the tray and write where they were taken.";
    const nothing = [element("p", {}, "No photo has a position."), element("p", { class: "soft" }, hint)];
    this.blank = element("div", { class: "empty map-blank", hidden: true }, nothing);
    this.node = element(
      "section",
      { class: "view map", "aria-label": this.title },
      element("div", { class: "map-room" }, this.map.node, this.blank, this.#tools(), this.about),
      tray,
    );
    this.commands = { ...this.map.commands, back: () => this.#back() };
  }

  #tray() {
    return new VirtualGrid({
      label: "Photos without a position",
      list: this.list,
      selection: this.selection,
      empty: () => element("p", { class: "soft" }, "Every photo has a position."),
      key: (photo) => photo.id,
      fill: fillTray,
      minWidth: 120,
      height: (width) => width * 0.75,
      gap: 10,
    });
  }

  /** Come into sight. */
  async show() {
    await this.#read().catch(complain);
  }

  /** Take what has changed. */
  async change() {
    await this.#read();
  }

  /** Take the focus. */
  focus() {
    this.map.canvas.focus();
  }

  async #read() {
    const { photos } = await get("/api/map");
    const points = photos
      .filter(([, latitude]) => latitude !== null)
      .map(([id, latitude, longitude, number, isPlaced]) => ({
        id,
        position: [latitude, longitude],
        number,
        isPlaced,
      }));
    const known = new Set(points.map((point) => point.id));
    const missing = Array.from({ length: store.overview.counts.photos }, (_, id) => ({ id })).filter(
      (photo) => !known.has(photo.id),
    );
    this.map.show(points);
    this.blank.hidden = points.length > 0;
    this.list.fill(missing);
    this.tray.layout();
    this.selection.retain(missing.map((photo) => photo.id));
    this.#showPlacing();
  }

  #showPlacing() {
    const { size } = this.selection;
    this.count.textContent = `${this.list.total.toLocaleString("en")} without a position`;
    this.map.isPlacing = size > 0;
    this.node.classList.toggle("is-placing", size > 0);
    this.typing.hidden = size === 0;
    this.words.hidden = this.list.total === 0;
    this.words.textContent =
      size > 0
        ? `Tap the map to place ${size === 1 ? "the photo" : `the ${size} photos`}.`
        : "Drag a photo onto the map, or tap it and then the map.";
    this.map.draw();
  }

  #tools() {
    const { zoomIn, zoomOut, zoomFit } = this.map.commands;
    return element(
      "div",
      { class: "map-tools" },
      button({ icon: "plus", label: "Zoom in", key: keyOf("zoomIn"), onclick: zoomIn }),
      button({ icon: "minus", label: "Zoom out", key: keyOf("zoomOut"), onclick: zoomOut }),
      button({ icon: "fit", label: "Show all", key: keyOf("zoomFit"), onclick: zoomFit }),
    );
  }

  #form() {
    const field = element("input", {
      class: "field",
      type: "text",
      placeholder: "49.12345, 8.54321",
      "aria-label": "Latitude and longitude",
    });
    const form = element(
      "form",
      { class: "placing", hidden: true },
      field,
      element("button", { class: "button", type: "submit" }, "Place"),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const numbers = field.value
        .split(/[\s,;]+/)
        .filter(Boolean)
        .map(Number);
      if (isPosition(numbers)) this.#place(this.selection.keys(), numbers);
      else complain(new Error("Write latitude and longitude in degrees: 49.12345, 8.54321"));
    });
    return form;
  }

  #drop(keys, event) {
    const box = this.map.canvas.getBoundingClientRect();
    this.#place(keys, this.map.positionAt(event.clientX - box.left, event.clientY - box.top));
  }

  async #place(keys, position) {
    if (await place(keys, position)) this.selection.clear();
  }

  #tap(position, point) {
    if (this.selection.size > 0) this.#place(this.selection.keys(), position);
    else if (point) this.#choose(point).catch(complain);
    else this.#back();
  }

  async #choose(point) {
    const photo = await get(`/api/photos/${point.id}`);
    const name = fileName(photo.name);
    const where =
      photo.cluster === null
        ? "Alone"
        : element("a", { href: `#/building/${photo.cluster}` }, `Building ${photo.cluster}`);
    const looking = element(
      "button",
      { type: "button", class: "look", "aria-label": `${name}, big`, onclick: () => openPhoto(point.id, name) },
      thumbnail(point.id),
    );
    const taking = point.isPlaced
      ? button({ text: "Take off the map", onclick: () => place([point.id], null).then(() => this.#back()) })
      : null;
    const closing = button({
      icon: "close",
      label: "Close",
      key: "Esc",
      kind: "is-quiet",
      onclick: () => this.#back(),
    });
    const words = element(
      "p",
      {},
      where,
      element("span", { class: "soft" }, `${name}`),
      element("span", { class: "soft number" }, positionText(point.position)),
    );
    this.about.replaceChildren(...[closing, looking, words, taking].filter(Boolean));
    this.about.hidden = false;
    this.map.chosen = point.id;
    this.map.draw();
  }

  #back() {
    this.selection.clear();
    this.about.hidden = true;
    this.map.chosen = null;
    this.map.draw();
  }
}

function isPosition(numbers) {
  return numbers.length === 2 && Math.abs(numbers[0]) <= 90 && Math.abs(numbers[1]) <= 180;
}

function fillTray(cell, photo) {
  cell.classList.add("photo", "bare");
  cell.setAttribute("aria-label", `Photo ${photo.id}`);
  cell.append(sleepingThumbnail(photo.id, { side: 160 }), element("span", { class: "tick", "aria-hidden": "true" }));
  cell.addEventListener("pointerenter", () => name(cell, photo.id), { once: true });
  cell.addEventListener("focus", () => name(cell, photo.id), { once: true });
}

async function name(cell, id) {
  try {
    const photo = await get(`/api/photos/${id}`);
    cell.title = photo.name;
    cell.setAttribute("aria-label", fileName(photo.name));
  } catch (error) {
    complain(error);
  }
}
