/** Other thresholds, and what they would change, before they are applied. */

import { complain } from "/static/announce.js";
import { post } from "/static/api.js";
import { button, element, plural } from "/static/dom.js";
import { photoGroup } from "./photo_group.js";
import { store } from "./store.js";

const PAUSE_MS = 250;
const LIST = new Intl.ListFormat("en", { type: "conjunction" });
const SLIDERS = {
  strong: ["Strong", "Only pairs at or above it make two photos sure neighbours."],
  weak: ["Weak", "Pairs between it and the strong one are asked about; below it they count for nothing."],
};

/** Two sliders and a preview. */
export class ThresholdsView {
  title = "Thresholds";
  #asked = 0;
  #timer = 0;
  #fields = {};

  constructor() {
    this.preview = element("div", { class: "threshold-preview", "aria-live": "polite" });
    this.applying = button({
      icon: "check",
      text: "Apply",
      kind: "is-primary",
      disabled: true,
      onclick: () => this.#apply(),
    });
    this.resetting = button({ text: "As they are", kind: "is-quiet", disabled: true, onclick: () => this.#reset() });
    const sliders = Object.entries(SLIDERS).map(([name, [words, meaning]]) => this.#slider(name, words, meaning));
    const buttons = element("div", { class: "threshold-buttons" }, this.applying, this.resetting);
    const panel = element("div", { class: "panel threshold-panel" }, element("h2", {}, "Thresholds"), sliders, buttons);
    this.node = element("section", { class: "view thresholds", "aria-label": this.title }, panel, this.preview);
    this.commands = {};
  }

  /** Come into sight. */
  async show() {
    this.#reset();
  }

  /** Take what has changed. */
  async change() {
    this.#showButtons();
    await this.#look();
  }

  /** Take the focus. */
  focus() {
    this.#fields.strong.slider.focus();
  }

  #slider(name, words, meaning) {
    const range = { min: "0", max: "1", step: "0.01" };
    const slider = element("input", {
      ...range,
      type: "range",
      id: `threshold-${name}`,
      "aria-describedby": `meaning-${name}`,
    });
    const number = element("input", {
      ...range,
      type: "number",
      class: "field number",
      "aria-label": `${words}, as a number`,
    });
    this.#fields[name] = { slider, number };
    slider.addEventListener("input", () => this.#set(name, slider.value));
    number.addEventListener("change", () => this.#set(name, number.value));
    const label = element("label", { for: slider.id }, words);
    return element(
      "div",
      { class: "threshold" },
      label,
      number,
      slider,
      element("p", { class: "soft", id: `meaning-${name}` }, meaning),
    );
  }

  get #values() {
    return { strong: Number(this.#fields.strong.slider.value), weak: Number(this.#fields.weak.slider.value) };
  }

  #isChanged() {
    const { strong, weak } = store.overview.thresholds;
    return this.#values.strong !== strong || this.#values.weak !== weak;
  }

  #set(name, value) {
    const { slider, number } = this.#fields[name];
    slider.value = value;
    number.value = slider.value;
    const other = name === "strong" ? "weak" : "strong";
    const { strong, weak } = this.#values;
    if (weak > strong) this.#set(other, slider.value);
    this.#showButtons();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#look().catch(complain), PAUSE_MS);
  }

  #reset() {
    const { strong, weak } = store.overview.thresholds;
    for (const [name, value] of Object.entries({ strong, weak })) {
      this.#fields[name].slider.step = "any";
      this.#fields[name].slider.value = value;
      this.#fields[name].number.value = value;
      this.#fields[name].slider.step = "0.01";
    }
    this.#showButtons();
    this.#look().catch(complain);
  }

  #showButtons() {
    this.applying.disabled = !this.#isChanged();
    this.resetting.disabled = !this.#isChanged();
  }

  async #look() {
    const turn = ++this.#asked;
    if (!this.#isChanged()) {
      const counts = store.overview.counts;
      const words = `${plural(counts.clusters, "building")}, ${plural(counts.singletons, "photo")} alone.`;
      return this.preview.replaceChildren(
        element(
          "div",
          { class: "empty" },
          element("p", {}, words),
          element("p", { class: "soft" }, "Move a slider to see what would change."),
        ),
      );
    }
    const preview = await post("/api/thresholds/preview", this.#values);
    if (turn === this.#asked) this.#show(preview);
    return undefined;
  }

  #show({
    clusters,
    singletons,
    joined,
    parted,
    num_joined: numJoined = joined.length,
    num_parted: numParted = parted.length,
  }) {
    const { counts } = store.overview;
    const change = element(
      "p",
      { class: "threshold-sum" },
      element(
        "strong",
        { class: "number" },
        `${counts.clusters.toLocaleString("en")} → ${plural(clusters, "building")}`,
      ),
      element(
        "span",
        { class: "soft number" },
        ` · ${counts.singletons.toLocaleString("en")} → ${plural(singletons, "photo")} alone`,
      ),
    );
    const nothing =
      joined.length + parted.length === 0 ? element("p", { class: "soft" }, "No building would change.") : null;
    const joins = joined.map(joinedGroup);
    const parts = parted.map(({ cluster, into }) => partedGroup(cluster, into));
    this.preview.replaceChildren(
      ...[change, nothing, part("Would join", numJoined, joins), part("Would part", numParted, parts)].filter(Boolean),
    );
  }

  async #apply() {
    this.applying.disabled = true;
    if (await store.applyThresholds(this.#values)) this.#reset();
    else this.#showButtons();
    this.focus();
  }
}

function joinWords(numbers, numPieces) {
  if (numPieces === 0) return "A new building";
  if (numbers.length === 0) return "Parts become one";
  if (numPieces === 1) return `Building ${numbers[0]} grows`;
  return numbers.length === 1 ? `Building ${numbers[0]} grows` : `Buildings ${LIST.format(numbers)} become one`;
}

function group(heading, pieces) {
  const parts = element("div", { class: "pieces" }, pieces);
  return element("article", { class: "parted" }, element("h3", {}, heading), parts);
}

function joinedGroup({ pieces, photos }) {
  const groups = pieces.map(({ cluster, photos: ids, is_whole: isWhole }) =>
    photoGroup(`${isWhole ? "Building" : "Part of building"} ${cluster}`, ids, 12),
  );
  if (photos.length > 0) groups.push(photoGroup("Alone until now", photos, 16));
  const numbers = pieces.filter((piece) => piece.is_whole).map((piece) => piece.cluster);
  return group(joinWords(numbers, pieces.length), groups);
}

function partedGroup(cluster, into) {
  const pieces = into.map((ids) => photoGroup(ids.length === 1 ? "Alone" : "Stays together", ids, 12));
  return group(`Building ${cluster}`, pieces);
}

function part(heading, count, groups) {
  if (groups.length === 0) return null;
  const more =
    count > groups.length
      ? element("p", { class: "soft" }, `and ${(count - groups.length).toLocaleString("en")} more`)
      : null;
  return element(
    "section",
    { class: "threshold-part" },
    element("h2", {}, `${heading} (${count.toLocaleString("en")})`),
    groups,
    more,
  );
}
