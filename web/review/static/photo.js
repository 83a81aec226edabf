/** Thumbnails that load when they are wanted and let go when they are not. */

import { thumbnailUrl } from "./api.js";
import { element } from "./dom.js";

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
  return image;
}

/** Make a thumbnail that loads when it comes near the screen. */
export function thumbnail(id, options = {}) {
  const image = sleepingThumbnail(id, options);
  image.loading = "lazy";
  image.src = image.dataset.src;
  return image;
}

/** Load the thumbnails within an element. */
export function wake(node) {
  for (const image of node.querySelectorAll("img[data-src]:not([src])")) image.src = image.dataset.src;
}

/** Give up the thumbnails within an element: those under way are not fetched any more. */
export function sleep(node) {
  for (const image of node.querySelectorAll("img[src]")) image.removeAttribute("src");
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
