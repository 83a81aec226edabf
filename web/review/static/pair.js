/** The pair view: two photos, their matches, the score, and why. */

import { complain } from "/static/announce.js";
import { get } from "/static/api.js";
import { openDialog } from "/static/dialogs.js";
import { button, element, fileName, plural } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { PairCanvas } from "./pair_canvas.js";
import { scoreText } from "./words.js";

/**
 * Two photos with their matches and what is known of them.
 */
export class PairPanel {
  #asked = 0;

  constructor() {
    this.picture = new PairCanvas();
    this.facts = element("p", { class: "pair-facts" });
    this.why = element("details", { class: "pair-why", hidden: true });
    this.names = [0, 1].map(() => element("span", { class: "pair-name" }));
    this.node = element(
      "div",
      { class: "pair" },
      element("div", { class: "pair-names soft" }, this.names),
      this.picture.node,
      element("div", { class: "pair-foot" }, this.facts, this.#tools()),
      this.why,
    );
    this.commands = this.picture.commands;
  }

  /**
   * Show a pair.
   * @param {[number, number]} pair
   * @returns {Promise<void>}
   */
  async show(pair) {
    const turn = ++this.#asked;
    this.facts.replaceChildren();
    this.why.hidden = true;
    this.names.forEach((name) => (name.textContent = ""));
    this.picture.show(pair);
    const matching = get(`/api/pairs/${pair[0]}/${pair[1]}`);
    const photos = pair.map((id) => get(`/api/photos/${id}`));
    const naming = Promise.all(photos).then((known) => turn === this.#asked && this.#showNames(known));
    const [about] = await Promise.all([matching, naming]);
    if (turn !== this.#asked) return;
    const names = this.names.map((name) => name.textContent);
    const label = `${names.join(" and ")}: ${factsText(about)}`;
    this.picture.showMatches(about.inliers, label);
    this.#showFacts(about);
  }

  #showNames(photos) {
    photos.forEach((photo, side) => {
      this.names[side].textContent = fileName(photo.name);
      this.names[side].title = photo.name;
    });
  }

  #showFacts(about) {
    const badge = element(
      "span",
      { class: `badge ${about.verdict === "different" ? "is-warning" : ""}` },
      `score ${scoreText(about.score)}`,
    );
    const lines = (about.text ?? []).map((line) => element("li", {}, line));
    this.facts.replaceChildren(badge, ` ${factsText(about, false)}`);
    this.why.hidden = lines.length === 0;
    this.why.replaceChildren(element("summary", {}, "Why"), element("ul", {}, lines));
  }

  #tools() {
    const slider = element("input", {
      type: "range",
      min: "0",
      max: "1",
      step: "0.05",
      "aria-label": "Strength of the lines",
    });
    slider.value = this.picture.opacity;
    slider.addEventListener("input", () => this.picture.setOpacity(Number(slider.value)));
    this.picture.onopacity = (opacity) => (slider.value = opacity);
    const { zoomIn, zoomOut, zoomFit } = this.picture.commands;
    return element(
      "div",
      { class: "pair-tools" },
      element("label", { class: "lines" }, element("span", { class: "soft" }, "Matches"), slider),
      button({ icon: "minus", label: "Zoom out", key: keyOf("zoomOut"), kind: "is-quiet", onclick: zoomOut }),
      button({ icon: "fit", label: "Show whole", key: keyOf("zoomFit"), kind: "is-quiet", onclick: zoomFit }),
      button({ icon: "plus", label: "Zoom in", key: keyOf("zoomIn"), kind: "is-quiet", onclick: zoomIn }),
    );
  }
}

function factsText(about, withScore = true) {
  const parts = [
    withScore && `score ${scoreText(about.score)}`,
    about.num_matches > 0 &&
      `${about.num_inliers.toLocaleString("en")} of ${plural(about.num_matches, "match", "matches")} agree`,
    about.verdict && `judged ${about.verdict}`,
  ];
  return parts.filter(Boolean).join(" · ") || "never compared";
}

/**
 * Open the pair view in a dialog.
 * @param {[number, number]} pair
 * @param {string} title
 */
export function openPair(pair, title = "Two photos") {
  const panel = new PairPanel();
  const dialog = openDialog({ title, className: "full", content: panel.node, commands: panel.commands });
  panel.show(pair).catch(complain);
  panel.picture.canvas.focus();
  return dialog;
}
