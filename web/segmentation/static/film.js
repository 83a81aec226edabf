/** All photos in a row: which are begun, which have masks, which is in sight. */

import { element, fileName } from "/static/dom.js";
import { addressOf } from "./calls.js";

/** The row of photos. */
export class Film {
  #buttons = new Map();

  /**
   * @param {HTMLElement} node
   * @param {(photo: number) => void} onchoose
   */
  constructor(node, onchoose) {
    this.node = node;
    this.onchoose = onchoose;
  }

  /** Show the photos. */
  setPhotos(photos) {
    this.#buttons = new Map(photos.map((photo) => [photo.number, this.#buttonOf(photo)]));
    const items = [...this.#buttons.values()].map((one) => element("li", {}, one));
    this.node.replaceChildren(element("ol", { class: "film-list" }, items));
    for (const photo of photos) this.mark(photo);
  }

  #buttonOf({ number, name, problem }) {
    const late = { loading: "lazy", decoding: "async", draggable: "false" };
    const picture = element("img", { src: addressOf(number, "thumbnail"), alt: "", ...late });
    const dot = element("span", { class: "film-dot", "aria-hidden": "true" });
    const attributes = { type: "button", class: "film-photo", title: problem ? `${name}: ${problem}` : name };
    return element(
      "button",
      { ...attributes, disabled: Boolean(problem), onclick: () => this.onchoose(number) },
      picture,
      dot,
      element("span", { class: "visually-hidden" }, fileName(name)),
    );
  }

  /** Say of a photo whether it is painted, and whether its masks are written. */
  mark({ number, painted, is_begun: isBegun, is_saved: isSaved }) {
    const one = this.#buttons.get(number);
    if (!one) return;
    const hasPaint = isBegun && painted !== 0;
    one.dataset.kept = !hasPaint ? "" : isSaved ? "saved" : "painted";
    const words = { "": "", saved: "masks written", painted: "painted" }[one.dataset.kept];
    one.setAttribute("aria-label", [one.title, words].filter(Boolean).join(", "));
  }

  /** Show which photo is in sight. */
  choose(number) {
    for (const [other, one] of this.#buttons) {
      if (other === number) one.setAttribute("aria-current", "true");
      else one.removeAttribute("aria-current");
    }
    this.#buttons.get(number)?.scrollIntoView({ block: "nearest", inline: "center" });
  }
}
