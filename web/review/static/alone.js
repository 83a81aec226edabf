/** Photos that are alone, each with the building it may belong to. */

import { complain } from "/static/announce.js";
import { get } from "/static/api.js";
import { button, element, fileName } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { merge, move, moveSomewhere } from "./actions.js";
import { fillPhoto } from "./building.js";
import { openPair } from "./pair.js";
import { sleepingThumbnail } from "./photo.js";
import { SelectingView } from "./selecting_view.js";
import { openViewer } from "./viewer.js";
import { scoreText } from "./words.js";

const CELLS = {
  label: "Photos that are alone",
  key: (photo) => photo.id,
  fill: fillSingle,
  minWidth: 190,
  height: (width) => width * 0.75 + 52,
  gap: 14,
};

/** The grid of singletons. */
export class AloneView extends SelectingView {
  text = "";

  constructor() {
    super({
      title: "Alone",
      noun: "photo",
      fetchPage: (offset, limit, signal) => this.#fetch(offset, limit, signal),
      cells: { ...CELLS, empty: () => this.#none() },
      drag: {
        photoOf: (photo) => photo.id,
        takes: (place, keys) => !keys.some((key) => place === `photo:${key}`),
        drop: (place, keys) => this.deselectAfter(merge([], [Number(place.slice("photo:".length)), ...keys])),
      },
      buttons: () => this.#barButtons(),
    });
    this.grid.addEventListener("open", (event) => this.#openBig(event.detail.item));
    const words = "Each of these photos is with no other. What it is nearest to stands below it.";
    this.assemble(element("p", { class: "soft" }, words), this.selectingButton());
    this.commands = this.#commands();
  }

  #none() {
    return element("p", {}, this.text ? "No photo fits the search." : "No photo is alone: every one has its building.");
  }

  async #fetch(offset, limit, signal) {
    const { total, photos } = await get("/api/singletons", { q: this.text, offset, limit }, signal);
    return { total, items: photos };
  }

  /** Search for something. */
  search(text) {
    this.text = text;
    this.restart();
  }

  /** Take what has changed. */
  async change() {
    await this.list.refresh();
  }

  #openBig(photo) {
    const dialog = openViewer([photo], 0, {
      title: "Alone",
      actions: { move: () => (dialog.close(), this.deselectAfter(moveSomewhere([photo.id], nearestOf(photo)))) },
    });
  }

  #merge() {
    const keys = this.selection.keys();
    if (keys.length < 2) return complain(new Error("Select two photos or more: they become a building."));
    return this.deselectAfter(merge([], keys));
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
    return this.deselectAfter(
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
      move: () => this.deselectAfter(moveSomewhere(this.meant(), nearestOf(this.grid.focusedItem()))),
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
