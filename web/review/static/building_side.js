/** What is known of a building, and what lies near it: beside its photos. */

import { button, element, plural } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { openPair } from "./pair.js";
import { thumbnail } from "./photo.js";
import { scoreText, titleOf } from "./words.js";

/** The column beside the photos of a building. */
export class BuildingSide {
  /** @param {{merge: (number: string) => void, split: () => void, note: () => void}} acts */
  constructor(acts) {
    this.acts = acts;
    this.node = element("aside", { class: "side", "aria-label": "About the building" });
  }

  /** @param {Object} cluster As the server gives it. */
  show(cluster) {
    const parts = [
      this.#note(cluster),
      this.#nearest(cluster),
      this.#places(),
      this.#weakest(cluster),
      this.#joins(cluster),
    ];
    this.node.replaceChildren(...parts.filter(Boolean));
  }

  #note({ note }) {
    if (!note) return null;
    return element(
      "section",
      { class: "side-part" },
      element("h3", {}, "Note"),
      element("p", { class: "note-text" }, note),
      button({ text: "Change the note", kind: "is-quiet", onclick: this.acts.note }),
    );
  }

  #places() {
    const target = (place, words) => element("div", { class: "target", "data-drop": place }, words);
    const targets = element(
      "div",
      { class: "targets" },
      target("new", "A new building"),
      target("single", "On their own"),
    );
    return element("section", { class: "side-part" }, element("h3", {}, "Drag photos to"), targets);
  }

  #nearest(cluster) {
    if (cluster.nearest.length === 0) return null;
    const rows = cluster.nearest.slice(0, 6).map((near) => this.#near(near, cluster));
    return element(
      "section",
      { class: "side-part" },
      element("h3", {}, "Nearest buildings"),
      element("ul", { class: "near" }, rows),
    );
  }

  #near(near, cluster) {
    const title = titleOf(near);
    const looking = element(
      "button",
      {
        type: "button",
        class: "look",
        title: "Compare the two photos",
        onclick: () => openPair(near.pair, `${titleOf(cluster)} and ${title}`),
      },
      near.pair.map((id) => thumbnail(id, { side: 160 })),
      element(
        "span",
        { class: "near-words" },
        element("strong", {}, title),
        element("span", { class: "soft" }, `agreement ${scoreText(near.agreement)}`),
      ),
    );
    const merging = button({
      icon: "merge",
      label: `Merge with ${title}`,
      kind: "is-quiet",
      onclick: () => this.acts.merge(near.number),
    });
    return element("li", { class: "near-row", "data-drop": `cluster:${near.number}` }, looking, merging);
  }

  #weakest(cluster) {
    const link = cluster.weakest_link;
    if (!link) return null;
    const looking = element(
      "button",
      {
        type: "button",
        class: "look",
        title: "Compare the two photos",
        onclick: () => openPair(link.pair, `Weakest link of ${titleOf(cluster)}`),
      },
      link.pair.map((id) => thumbnail(id, { side: 160 })),
      element(
        "span",
        { class: "near-words" },
        element("strong", {}, `score ${scoreText(link.score)}`),
        element("span", { class: "soft" }, `agreement ${scoreText(link.agreement)}`),
      ),
    );
    const splitting = button({ icon: "split", text: "Split here", key: keyOf("split"), onclick: this.acts.split });
    return element("section", { class: "side-part" }, element("h3", {}, "Weakest link"), looking, splitting);
  }

  #joins({ joins, cohesion }) {
    const held =
      cohesion === null || cohesion === undefined
        ? null
        : element("p", { class: "soft" }, `Cohesion ${scoreText(cohesion)}: the mean score within.`);
    const lines = joins.map(({ text, pair }) => {
      const words = pair
        ? element(
            "button",
            { type: "button", class: "link", onclick: () => openPair(pair, "Why they are together") },
            text,
          )
        : text;
      return element("li", {}, words);
    });
    const list = element(
      "details",
      {},
      element("summary", {}, `Why: ${plural(lines.length, "join")}`),
      element("ol", { class: "joins" }, lines),
    );
    return element(
      "section",
      { class: "side-part" },
      element("h3", {}, "Why they are together"),
      held,
      lines.length > 0 ? list : null,
    );
  }
}
