/** How far the photos around are segmented ahead, and the button that ends it. */

import { complain } from "/static/announce.js";
import { button, element } from "/static/dom.js";
import { change, read } from "./calls.js";

const PAUSE_MS = 1500;

/** Asks for the photos that come next, and shows how many of them are ready. */
export class Ahead {
  #turn = 0;

  constructor() {
    this.words = element("span", { class: "soft small number" });
    const label = "End segmenting ahead";
    const ending = button({ icon: "close", label, kind: "is-quiet", onclick: () => this.want([]).catch(complain) });
    this.node = element("div", { class: "ahead", role: "group", "aria-label": "Segmenting ahead" }, this.words, ending);
    this.node.hidden = true;
  }

  /** Let the server segment these photos, the first ones first; none ends it. */
  async want(photos) {
    const turn = (this.#turn += 1);
    let { prefetch } = await change("prefetch", { photos });
    while (turn === this.#turn) {
      this.#show(prefetch);
      if (!prefetch.running) return;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      if (turn === this.#turn) ({ prefetch } = await read("jobs"));
    }
  }

  #show({ wanted, done, running }) {
    this.node.hidden = !running;
    this.words.textContent = `Segmented ahead: ${done} of ${wanted}`;
  }
}
