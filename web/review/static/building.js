/** One building: its photos, and what is known of it. */

import { get } from "/static/api.js";
import { complain } from "/static/announce.js";
import {
  lock,
  makeSingle,
  merge,
  mergeWith,
  move,
  moveSomewhere,
  nameCluster,
  noteCluster,
  setRepresentative,
  split,
} from "./actions.js";
import { BuildingSide } from "./building_side.js";
import { button, element, fileName, icon, plural } from "/static/dom.js";
import { timeOf, timeSpan, titleOf } from "./words.js";
import { makeDraggable } from "./drag.js";
import { keyOf } from "/static/keys.js";
import { openPair } from "./pair.js";
import { WholeList } from "./paged_list.js";
import { sleepingThumbnail } from "./photo.js";
import { stretchBand } from "./rubber_band.js";
import { Selection } from "./selection.js";
import { SelectionBar } from "./selection_bar.js";
import { openViewer } from "./viewer.js";
import { keysWaitFor } from "/static/turns.js";
import { VirtualGrid } from "./virtual_grid.js";

/** A building, open. */
export class BuildingView {
  title = "Building";
  cluster = null;
  list = new WholeList();
  selection = new Selection();
  #wanted = null;

  /** @param {{go: (hash: string) => void, neighbourOf: (number: string, by: number) => Promise<string|null>}} app */
  constructor(app) {
    this.app = app;
    const options = {
      key: (photo) => photo.id,
      fill: fillPhoto,
      minWidth: 190,
      height: (width) => width * 0.75 + 30,
      gap: 14,
    };
    this.grid = new VirtualGrid({
      label: "Photos of the building",
      list: this.list,
      selection: this.selection,
      ...options,
    });
    this.grid.addEventListener("open", (event) => this.#openBig(event.detail.index));
    stretchBand(this.grid);
    makeDraggable(this.grid, {
      photoOf: (photo) => photo.id,
      takes: () => true,
      drop: (place, keys) => this.#drop(place, keys),
    });
    this.bar = new SelectionBar(this.selection, "photo", () => this.#barButtons());
    this.head = element("header", { class: "building-head" });
    this.side = new BuildingSide({
      merge: (number) => this.#merge(number),
      split: () => split(this.cluster),
      note: () => noteCluster(this.cluster),
    });
    const body = element("div", { class: "building-body" }, this.grid.node, this.side.node);
    this.node = element("section", { class: "view building" }, this.head, body, this.bar.node);
    this.commands = this.#commands();
  }

  /** Come into sight. */
  async show(number) {
    this.#wanted = number;
    const isOther = String(this.cluster?.number) !== number;
    if (isOther) this.#startAnew(number);
    try {
      await this.#read(number);
    } catch (error) {
      if (this.#wanted !== number) return;
      complain(error);
      this.app.go("#/buildings");
    }
  }

  #startAnew(number) {
    if (this.cluster === null) this.head.replaceChildren(element("h2", {}, `Building ${number} …`));
    this.selection.clear();
    this.grid.focused = 0;
    this.grid.node.scrollTop = 0;
    this.list.fill([]);
  }

  async #read(number) {
    const cluster = await get(`/api/clusters/${number}`);
    if (this.#wanted !== number) return; // another building was gone to meanwhile
    this.cluster = cluster;
    this.title = titleOf(cluster);
    this.node.setAttribute("aria-label", this.title);
    this.list.fill(cluster.photos);
    this.selection.retain(cluster.photos.map((photo) => photo.id));
    this.#showHead();
    this.side.show(cluster);
  }

  /** Take what has changed; go where the photos went when the building is gone. */
  async change({ clusters, removed }) {
    const number = this.#wanted;
    if (!removed.includes(number)) return this.#read(number).catch(() => this.app.go("#/buildings"));
    const heir = clusters.find((other) => !removed.includes(other));
    return this.app.go(heir === undefined ? "#/buildings" : `#/building/${heir}`);
  }

  /** Take the focus. */
  focus() {
    this.grid.focus(this.grid.focused);
  }

  #showHead() {
    const { cluster } = this;
    const facts = [
      plural(cluster.size, "photo"),
      timeSpan(cluster.first_time, cluster.last_time),
      cluster.name && `building ${cluster.number}`,
      cluster.locked && "locked",
    ];
    const back = button({
      icon: "back",
      label: "All buildings",
      key: keyOf("back"),
      kind: "is-quiet",
      onclick: () => this.app.go("#/buildings"),
    });
    const words = element(
      "div",
      { class: "building-words" },
      element("h2", {}, titleOf(cluster)),
      element("p", { class: "soft" }, facts.filter(Boolean).join(" · ")),
    );
    this.head.replaceChildren(back, words, this.#tools());
  }

  #tools() {
    const { cluster } = this;
    return element(
      "div",
      { class: "building-tools", role: "toolbar", "aria-label": "Building" },
      button({ icon: "name", text: "Name", key: keyOf("name"), onclick: () => nameCluster(this.cluster) }),
      button({ icon: "merge", text: "Merge", key: keyOf("merge"), onclick: this.commands.merge }),
      button({ icon: "split", text: "Split", key: keyOf("split"), onclick: this.commands.split }),
      button({
        icon: "lock",
        text: cluster.locked ? "Unlock" : "Lock",
        key: keyOf("lock"),
        "aria-pressed": String(cluster.locked),
        onclick: () => lock(this.cluster),
      }),
      button({ icon: "note", text: "Note", key: keyOf("note"), onclick: () => noteCluster(this.cluster) }),
      element(
        "a",
        {
          class: "button",
          href: `/paint/?building=${cluster.number}`,
          target: "_blank",
          rel: "noopener",
          title: "Paint masks on these photos, in another tab",
        },
        icon("fill"),
        element("span", { class: "button-text" }, "Paint masks"),
      ),
      button({ icon: "check", text: "Select", onclick: () => this.selection.switchSelecting() }),
    );
  }

  /** The selected photos, or the one with the focus. */
  #meant() {
    const focused = this.grid.focusedItem();
    if (this.selection.size > 0) return this.selection.keys();
    return focused ? [focused.id] : [];
  }

  #nearest() {
    return { nearest: this.cluster.nearest.map((near) => String(near.number)), except: [String(this.cluster.number)] };
  }

  async #moved(promise) {
    if (await promise) this.selection.clear();
  }

  #merge(number) {
    return merge([this.cluster.number, number]);
  }

  #drop(place, keys) {
    if (place === "single") return this.#moved(makeSingle(keys));
    return this.#moved(move(keys, place === "new" ? "new" : place.slice("cluster:".length)));
  }

  #openBig(index) {
    const dialog = openViewer(this.cluster.photos, index, {
      title: titleOf(this.cluster),
      actions: {
        representative: (photo) => this.#represent(photo.id),
        single: (photo) => (dialog.close(), this.#moved(makeSingle([photo.id]))),
        move: (photo) => (dialog.close(), this.#moved(moveSomewhere([photo.id], this.#nearest()))),
      },
    });
  }

  #compare() {
    const keys = this.selection.keys();
    if (keys.length === 2) return openPair(keys, titleOf(this.cluster));
    return complain(new Error("Select two photos to compare them."));
  }

  #weakest() {
    const link = this.cluster.weakest_link;
    if (link) openPair(link.pair, `Weakest link of ${titleOf(this.cluster)}`);
  }

  async #step(by) {
    const number = await keysWaitFor(this.app.neighbourOf(String(this.cluster.number), by));
    if (number !== null) this.app.go(`#/building/${number}`);
  }

  #represent(id) {
    const photo = this.cluster.photos.find((other) => other.id === id);
    return photo && setRepresentative(this.cluster, photo);
  }

  #barButtons() {
    const { size } = this.selection;
    return [
      button({ icon: "split", text: "Split", key: keyOf("split"), kind: "is-primary", onclick: this.commands.split }),
      button({ icon: "move", text: "Move", key: keyOf("move"), onclick: this.commands.move }),
      button({ icon: "single", text: "Take out", key: keyOf("single"), onclick: this.commands.single }),
      size === 1 &&
        button({
          icon: "star",
          text: "Represents",
          key: keyOf("representative"),
          onclick: this.commands.representative,
        }),
      size === 2 && button({ icon: "compare", text: "Compare", key: keyOf("compare"), onclick: this.commands.compare }),
    ].filter(Boolean);
  }

  #commands() {
    return {
      merge: () => mergeWith(this.cluster),
      split: () => this.#moved(split(this.cluster, this.selection.keys())),
      move: () => this.#moved(moveSomewhere(this.#meant(), this.#nearest())),
      single: () => this.#moved(makeSingle(this.#meant())),
      name: () => nameCluster(this.cluster),
      note: () => noteCluster(this.cluster),
      lock: () => lock(this.cluster),
      representative: () => this.#represent(this.#meant()[0]),
      compare: () => this.#compare(),
      weakest: () => this.#weakest(),
      next: () => this.#step(1).catch(complain),
      previous: () => this.#step(-1).catch(complain),
      back: () =>
        this.selection.size > 0 || this.selection.isSelecting ? this.selection.clear() : this.app.go("#/buildings"),
    };
  }
}

/** Put a photo into a cell. */
export function fillPhoto(cell, photo) {
  const name = fileName(photo.name);
  const words = [
    name,
    timeOf(photo.time),
    photo.representative && "represents the building",
    photo.position ? null : "no position",
    photo.warning,
  ];
  cell.setAttribute("aria-label", words.filter(Boolean).join(", "));
  cell.title = [photo.name, timeOf(photo.time), photo.camera, photo.warning].filter(Boolean).join("\n");
  cell.classList.add("photo");
  const star = photo.representative
    ? element("span", { class: "star", title: "Represents the building" }, icon("star"))
    : null;
  const warning = photo.warning ? element("span", { class: "badge is-warning" }, "!") : null;
  cell.append(
    ...[
      sleepingThumbnail(photo.id),
      element("span", { class: "tick", "aria-hidden": "true" }, icon("check")),
      star,
      element("span", { class: "photo-name soft" }, name, warning),
    ].filter(Boolean),
  );
}
