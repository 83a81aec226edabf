/** Groups of photos in dialogs. */

import { element, plural } from "/static/dom.js";
import { thumbnail } from "./photo.js";

/**
 * Show a group of photos under a heading; of many, the first.
 * @param {string} heading
 * @param {number[]} ids
 * @param {number} [limit]
 */
export function photoGroup(heading, ids, limit = 24) {
  const more =
    ids.length > limit ? element("li", { class: "more" }, `+${(ids.length - limit).toLocaleString("en")}`) : null;
  const photos = ids.slice(0, limit).map((id) => element("li", {}, thumbnail(id, { side: 160, alt: "" })));
  return element(
    "section",
    { class: "photo-group" },
    element("h3", {}, heading, element("span", { class: "soft" }, ` ${plural(ids.length, "photo")}`)),
    element("ul", { class: "strip" }, photos, more),
  );
}
