/** Thumbnails that load when they are wanted and let go when they are not. */

import { element } from "/static/dom.js";
import { thumbnailUrl } from "./pictures.js";

// of the six connections that a browser keeps to one server, the others are for questions and answers
const MAX_UNDER_WAY = 3;
const wanted = new Set();
const underWay = new Set();

/**
 * Make a thumbnail that does not load yet; `wake` loads it.
 * @param {number} id
 * @param {{side?: number, alt?: string, className?: string}} [options]
 * @returns {HTMLImageElement}
 */
export function sleepingThumbnail(id, { side = 320, alt = "", className = "" } = {}) {
  const image = element("img", {
    class: `thumbnail ${className}`.trim(),
    alt,
    decoding: "async",
    draggable: "false",
    "data-src": thumbnailUrl(id, side),
  });
  image.addEventListener("load", () => image.classList.add("is-here"));
  image.addEventListener("error", () => image.hasAttribute("src") && image.classList.add("is-missing"));
  for (const name of ["load", "error"]) image.addEventListener(name, () => giveUp(image));
  return image;
}

function giveUp(image) {
  wanted.delete(image);
  underWay.delete(image);
  loadNext();
}

function loadNext() {
  for (const image of wanted) {
    if (underWay.size >= MAX_UNDER_WAY) return;
    wanted.delete(image);
    if (!image.isConnected) continue;
    underWay.add(image);
    image.src = image.dataset.src;
  }
}

/** Make a thumbnail that loads when it comes near the screen. */
export function thumbnail(id, options = {}) {
  const image = sleepingThumbnail(id, options);
  image.loading = "lazy";
  image.src = image.dataset.src;
  return image;
}

/** Load the thumbnails within an element, a few at a time. */
export function wake(node) {
  for (const image of node.querySelectorAll("img[data-src]:not([src])")) wanted.add(image);
  loadNext();
}

/** Give up the thumbnails within an element: those under way are not fetched any more. */
export function sleep(node) {
  for (const image of node.querySelectorAll("img[data-src]")) {
    image.removeAttribute("src");
    giveUp(image);
  }
}

/**
 * Show up to four photos of a building as one picture.
 * @param {number[]} ids
 * @returns {HTMLElement}
 */
export function mosaic(ids) {
  const shown = ids.slice(0, 4);
  const images = shown.map((id, place) => sleepingThumbnail(id, { side: place === 0 || shown.length < 3 ? 320 : 160 }));
  return element("span", { class: `mosaic of-${shown.length}` }, images);
}
