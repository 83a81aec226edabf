/** Photos that are alone, each with the building it may belong to. */

import { get } from "./api.js";
import { complain } from "./announce.js";
import { merge, move, moveSomewhere } from "./actions.js";
import { fillPhoto } from "./building.js";
import { button, element, fileName, scoreText } from "./dom.js";
import { makeDraggable } from "./drag.js";
import { keyOf } from "./keys.js";
import { openPair } from "./pair.js";
import { PagedList } from "./paged_list.js";
import { sleepingThumbnail } from "./photo.js";
import { stretchBand } from "./rubber_band.js";
import { Selection } from "./selection.js";
import { SelectionBar } from "./selection_bar.js";
import { openViewer } from "./viewer.js";
import { VirtualGrid } from "./virtual_grid.js";

/** The grid of singletons. */
export class AloneView {
  title = "Alone";
  text = "";
  selection = new Selection();

  constructor() {
    this.list = new PagedList((offset, limit, signal) => this.#fetch(offset, limit, signal));
    this.grid = this.#grid();
    this.grid.addEventListener("open", (event) => this.#openBig(event.detail.item));
    stretchBand(this.grid);
    makeDraggable(this.grid, {
      photoOf: (photo) => photo.id,
      takes: (place, keys) => !keys.some((key) => place === `photo:${key}`),
      drop: (place, keys) => this.#done(merge([], [Number(place.slice("photo:".length)), ...keys])),
    });
    this.bar = new SelectionBar(this.selection, "photo", () => this.#barButtons());
    this.node = element(
      "section",
      { class: "view", "aria-label": this.title },
      this.#tools(),
      this.grid.node,
      this.bar.node,
    );
    this.commands = this.#commands();
  }

  #grid() {
    const none = () => (this.text ? "No photo fits the search." : "No photo is alone: every one has its building.");
    return new VirtualGrid({
      label: "Photos that are alone",
      list: this.list,
      selection: this.selection,
      empty: () => element("p", {}, none()),
      key: (photo) => photo.id,
      fill: fillSingle,
      minWidth: 190,
      height: (width) => width * 0.75 + 52,
      gap: 14,
    });
  }

  #tools() {
    const words = "Each of these photos is with no other. What it is nearest to stands below it.";
    const onclick = () => this.selection.switchSelecting();
    const selecting = button({ icon: "check", text: "Select", kind: "is-quiet", onclick });
    return element("div", { class: "view-tools" }, element("p", { class: "soft" }, words), selecting);
  }

  async #fetch(offset, limit, signal) {
    const { total, photos } = await get("/api/singletons", { q: this.text, offset, limit }, signal);
    return { total, items: photos };
  }

  /** Come into sight. */
  async show() {
    this.grid.layout();
    await this.list.refresh().catch(complain);
  }

  /** Search for something. */
  search(text) {
    this.text = text;
    this.selection.clear();
    this.grid.node.scrollTop = 0;
    this.list.reset().catch(complain);
  }

  /** Take what has changed. */
  async change() {
    await this.list.refresh();
  }

  /** Take the focus. */
  focus() {
    this.grid.focus(this.grid.focused);
  }

  #meant() {
    const focused = this.grid.focusedItem();
    if (this.selection.size > 0) return this.selection.keys();
    return focused ? [focused.id] : [];
  }

  async #done(promise) {
    if (await promise) this.selection.clear();
  }

  #openBig(photo) {
    const dialog = openViewer([photo], 0, {
      title: "Alone",
      actions: { move: () => (dialog.close(), this.#done(moveSomewhere([photo.id], nearestOf(photo)))) },
    });
  }

  #merge() {
    const keys = this.selection.keys();
    if (keys.length < 2) return complain(new Error("Select two photos or more: they become a building."));
    return this.#done(merge([], keys));
  }

  #compare() {
    const keys = this.selection.keys();
    const focused = this.grid.focusedItem();
    if (keys.length === 2) return openPair(keys);
    if (focused && focused.neighbour !== null)
      return openPair([focused.id, focused.neighbour], "The photo and its nearest");
    return complain(new Error("Select two photos to compare them."));
  }

  #join() {
    const photo = this.grid.focusedItem();
    if (!photo || photo.neighbour === null) return null;
    return this.#done(
      photo.cluster === null ? merge([], [photo.id, photo.neighbour]) : move([photo.id], photo.cluster),
    );
  }

  #barButtons() {
    return [
      this.selection.size > 1 &&
        button({
          icon: "merge",
          text: "Make a building",
          key: keyOf("merge"),
          kind: "is-primary",
          onclick: () => this.#merge(),
        }),
      button({ icon: "move", text: "Move", key: keyOf("move"), onclick: this.commands.move }),
      this.selection.size === 2 &&
        button({ icon: "compare", text: "Compare", key: keyOf("compare"), onclick: () => this.#compare() }),
    ].filter(Boolean);
  }

  #commands() {
    return {
      merge: () => this.#merge(),
      move: () => this.#done(moveSomewhere(this.#meant(), nearestOf(this.grid.focusedItem()))),
      same: () => this.#join(),
      compare: () => this.#compare(),
      back: () => this.selection.clear(),
    };
  }
}

function nearestOf(photo) {
  return { nearest: photo && photo.cluster !== null ? [String(photo.cluster)] : [] };
}

function fillSingle(cell, photo) {
  fillPhoto(cell, photo);
  cell.dataset.drop = `photo:${photo.id}`;
  const where = photo.cluster === null ? "another photo" : `building ${photo.cluster}`;
  const near = photo.neighbour === null ? "nothing is near it" : `near ${where} · ${scoreText(photo.score)}`;
  cell.setAttribute("aria-label", `${fileName(photo.name)}, ${near}`);
  cell.title = [photo.name, photo.reason].filter(Boolean).join("\n");
  if (photo.neighbour !== null) cell.append(sleepingThumbnail(photo.neighbour, { side: 160, className: "inset" }));
  cell.append(element("span", { class: "photo-near" }, near));
}
