/** One photo, big, with zoom; and the way from one to the next. */

import { complain } from "/static/announce.js";
import { get } from "/static/api.js";
import { openDialog } from "/static/dialogs.js";
import { button, element, fileName } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { panAndZoom, zoomCommands } from "./pan_zoom.js";
import { imageUrl } from "./pictures.js";
import { positionText, timeOf } from "./words.js";

const MAX_SCALE = 16;
const SHARP_FROM = 1.5;
const LARGEST_SIDE = 2400;

class Viewer {
  #scale = 1;
  #x = 0;
  #y = 0;
  #sharp = null;

  constructor(photos, index, actions) {
    Object.assign(this, { photos, index, actions });
    this.image = element("img", { class: "big", alt: "", draggable: "false" });
    this.image.addEventListener("error", () => complain(new Error("The photo cannot be shown.")));
    this.stage = element("div", { class: "stage", tabindex: "0", "aria-label": "The photo" }, this.image);
    this.facts = element("p", { class: "big-facts" });
    this.place = element("span", { class: "soft number" });
    const targets = {
      zoom: (factor, x, y) => this.#zoom(factor, x, y),
      pan: (dx, dy) => this.#pan(dx, dy),
      fit: () => this.#fit(),
    };
    panAndZoom(this.stage, targets);
    this.stage.addEventListener("dblclick", (event) =>
      this.#scale > 1 ? this.#fit() : this.#zoom(3, event.offsetX, event.offsetY),
    );
    this.commands = { ...zoomCommands(this.stage, targets), ...this.#photoCommands() };
    this.node = element(
      "div",
      { class: "viewer" },
      this.stage,
      element("div", { class: "viewer-foot" }, this.facts, this.#buttons()),
    );
    this.node.addEventListener("keydown", (event) => this.#onKey(event));
  }

  get photo() {
    return this.photos[this.index];
  }

  /** Show the photo at the index. */
  show() {
    const { photo } = this;
    this.#sharp = null;
    this.#fit();
    this.image.src = imageUrl(photo.id);
    this.image.alt = fileName(photo.name);
    const facts = [photo.name, timeOf(photo.time), photo.camera, positionText(photo.position), photo.warning];
    this.facts.replaceChildren(...facts.filter(Boolean).map((fact) => element("span", {}, fact)));
    this.place.textContent = `${this.index + 1} of ${this.photos.length}`;
    const next = this.photos[this.index + 1];
    if (next) new Image().src = imageUrl(next.id);
  }

  step(by) {
    const to = this.index + by;
    if (to < 0 || to >= this.photos.length) return;
    this.index = to;
    this.show();
  }

  #photoCommands() {
    const entries = Object.entries(this.actions).map(([name, act]) => [name, () => act(this.photo)]);
    return Object.fromEntries(entries);
  }

  #buttons() {
    const { zoomIn, zoomOut, zoomFit } = this.commands;
    return element(
      "div",
      { class: "viewer-buttons" },
      this.place,
      button({
        icon: "back",
        label: "Previous photo",
        key: "ArrowLeft",
        kind: "is-quiet",
        onclick: () => this.step(-1),
      }),
      button({ icon: "next", label: "Next photo", key: "ArrowRight", kind: "is-quiet", onclick: () => this.step(1) }),
      button({ icon: "minus", label: "Zoom out", key: keyOf("zoomOut"), kind: "is-quiet", onclick: zoomOut }),
      button({ icon: "fit", label: "Show whole", key: keyOf("zoomFit"), kind: "is-quiet", onclick: zoomFit }),
      button({ icon: "plus", label: "Zoom in", key: keyOf("zoomIn"), kind: "is-quiet", onclick: zoomIn }),
    );
  }

  #onKey(event) {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -1, PageDown: 1, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    const by = steps[event.key];
    if (Number.isFinite(by)) this.step(by);
    else this.step(by < 0 ? -this.index : this.photos.length - 1 - this.index);
  }

  #fit() {
    [this.#scale, this.#x, this.#y] = [1, 0, 0];
    this.#apply();
  }

  #zoom(factor, x, y) {
    const scale = Math.min(MAX_SCALE, Math.max(1, this.#scale * factor));
    const share = scale / this.#scale;
    const [middleX, middleY] = [this.stage.clientWidth / 2, this.stage.clientHeight / 2];
    this.#x = (x - middleX) * (1 - share) + this.#x * share;
    this.#y = (y - middleY) * (1 - share) + this.#y * share;
    this.#scale = scale;
    if (scale === 1) [this.#x, this.#y] = [0, 0];
    if (scale > SHARP_FROM) this.#sharpen();
    this.#apply();
  }

  /** Take the largest picture there is of the photo, once. */
  #sharpen() {
    const url = imageUrl(this.photo.id, LARGEST_SIDE);
    if (this.#sharp?.src.endsWith(url)) return;
    const sharp = new Image();
    this.#sharp = sharp;
    sharp.onload = () =>
      sharp === this.#sharp && imageUrl(this.photo.id, LARGEST_SIDE) === url && (this.image.src = url);
    sharp.src = url;
  }

  #pan(dx, dy) {
    if (this.#scale === 1) return;
    const [roomX, roomY] = [this.stage.clientWidth, this.stage.clientHeight].map(
      (side) => (side * (this.#scale - 1)) / 2,
    );
    this.#x = Math.max(-roomX, Math.min(roomX, this.#x + dx));
    this.#y = Math.max(-roomY, Math.min(roomY, this.#y + dy));
    this.#apply();
  }

  #apply() {
    this.image.style.transform = `translate(${this.#x}px, ${this.#y}px) scale(${this.#scale})`;
    this.stage.classList.toggle("is-zoomed", this.#scale > 1);
  }
}

/**
 * Open photos big.
 * @param {Object[]} photos
 * @param {number} index Which comes first.
 * @param {{title: string, actions?: Object<string, (photo) => void>}} options `actions`: what keys do to the photo.
 * @returns {HTMLDialogElement}
 */
export function openViewer(photos, index, { title, actions = {} }) {
  const viewer = new Viewer(photos, index, actions);
  const dialog = openDialog({ title, className: "full", content: viewer.node, commands: viewer.commands });
  viewer.show();
  viewer.stage.focus();
  return dialog;
}

/** Open one photo big by its id. */
export async function openPhoto(id, title = "Photo") {
  try {
    openViewer([await get(`/api/photos/${id}`)], 0, { title });
  } catch (error) {
    complain(error);
  }
}
