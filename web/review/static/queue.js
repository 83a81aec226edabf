/** The queue of doubtful joins: one question at a time, answered with one key. */

import { announce, complain } from "/static/announce.js";
import { get } from "/static/api.js";
import { button, element, plural, sentence } from "/static/dom.js";
import { keyOf } from "/static/keys.js";
import { keepInSight, keysWaitFor, meantFor } from "/static/turns.js";
import { answer } from "./actions.js";
import { PagedList } from "./paged_list.js";
import { PairPanel } from "./pair.js";
import { thumbnail } from "./photo.js";
import { imageUrl } from "./pictures.js";
import { openPhoto } from "./viewer.js";
import { scoreText } from "./words.js";

const QUESTIONS = {
  join: "Do both show the same building?",
  belongs: "Does the photo belong to this building?",
  inside: "Are both rightly in one building?",
};

/** Doubtful joins and singletons that may belong somewhere, most doubtful first. */
export class QueueView {
  title = "Doubtful";
  index = 0;
  answered = 0;
  #isAnswering = false;
  #turn = 0;

  /** @param {{go: (hash: string) => void}} app */
  constructor(app) {
    this.app = app;
    this.list = new PagedList((offset, limit, signal) => this.#fetch(offset, limit, signal), { size: 50, keep: 4 });
    this.panel = new PairPanel();
    this.question = element("h2", { class: "question", tabindex: "-1" });
    this.words = element("p", { class: "soft question-words" });
    this.progress = element("progress", { class: "progress", max: "1", "aria-label": "Answered" });
    this.count = element("span", { class: "soft number" });
    this.sides = [0, 1].map(() => element("section", { class: "queue-side" }));
    this.blank = element("div", { class: "empty" });
    const head = element("header", { class: "queue-head" }, this.progress, this.count, this.question, this.words);
    this.body = element(
      "div",
      { class: "queue-body" },
      head,
      this.panel.node,
      element("div", { class: "queue-sides" }, this.sides),
      this.#answers(),
    );
    this.body.hidden = true;
    keepInSight(() => (this.node.isConnected && !this.body.hidden ? this.item?.key : null));
    this.blank.append(element("p", { class: "soft" }, "The pairs are being read …"));
    this.node = element("section", { class: "view queue", "aria-label": this.title }, this.body, this.blank);
    this.commands = { ...this.panel.commands, ...this.#commands() };
  }

  async #fetch(offset, limit, signal) {
    const { total, answered, items } = await get("/api/queue", { offset, limit }, signal);
    this.answered = answered;
    return { total, items };
  }

  /** Come into sight. */
  async show() {
    await this.#renew().catch(complain);
  }

  /** Take what has changed; what others do leaves the question in sight if it is still asked. */
  async change({ isFromElsewhere }) {
    await this.#renew(isFromElsewhere ? this.item?.key : null);
  }

  async #renew(key = null) {
    const turn = ++this.#turn;
    await this.list.refresh();
    if (turn === this.#turn) await this.#show(key);
  }

  /** Take the focus. */
  focus() {
    this.question.focus({ preventScroll: true });
  }

  /** Go to another question. */
  async step(by) {
    this.index = Math.max(0, Math.min(this.index + by, this.list.total - 1));
    await this.#show();
  }

  async #show(key = null) {
    const former = this.item;
    if (key !== null) await this.#find(key);
    this.index = Math.max(0, Math.min(this.index, this.list.total - 1));
    const [item] = this.list.total > 0 ? await this.list.range(this.index, this.index) : [];
    this.item = item ?? null;
    this.body.hidden = this.item === null;
    this.blank.hidden = this.item !== null;
    if (this.item === null) return this.#showBlank();
    this.#showHead(this.item);
    [this.item.left, this.item.right].forEach((side, place) => this.#showSide(this.sides[place], side));
    if (this.item.key !== former?.key) this.panel.show(this.item.pair).catch(complain);
    for (const id of this.list.at(this.index + 1)?.pair ?? []) new Image().src = imageUrl(id);
    return undefined;
  }

  async #find(key) {
    const items = await this.list.range(0, Math.min(this.list.total, this.list.size) - 1);
    const at = items.findIndex((item) => item.key === key);
    if (at >= 0) this.index = at;
  }

  #showBlank() {
    const done =
      this.answered > 0
        ? `You answered ${plural(this.answered, "question")}.`
        : "Nothing in this collection is doubtful.";
    const back = button({ icon: "grid", text: "Buildings", onclick: () => this.app.go("#/buildings") });
    this.blank.replaceChildren(element("h2", {}, "No question is open"), element("p", { class: "soft" }, done), back);
  }

  #showHead(item) {
    const all = this.answered + this.list.total;
    this.progress.max = Math.max(1, all);
    this.progress.value = this.answered;
    const [answered, open] = [this.answered, this.list.total].map((count) => count.toLocaleString("en"));
    this.count.textContent = `${answered} answered · ${open} open`;
    this.question.textContent = QUESTIONS[item.kind] ?? QUESTIONS.join;
    this.words.textContent = [sentence(item.text), item.agreement !== null && `agreement ${scoreText(item.agreement)}`]
      .filter(Boolean)
      .join(" · ");
  }

  #showSide(node, side) {
    const isAlone = side.number === null;
    const title = side.name || (isAlone ? "Alone" : `Building ${side.number}`);
    const heading = isAlone ? title : element("a", { href: `#/building/${side.number}` }, title);
    const photos = side.photos.map((id) => element("li", {}, this.#photo(id, title)));
    const size = element("span", { class: "soft" }, ` ${plural(side.size, "photo")}`);
    node.replaceChildren(element("h3", {}, heading, size), element("ul", { class: "strip" }, photos));
  }

  #photo(id, title) {
    const looking = {
      type: "button",
      class: "look",
      title: "Show big",
      "aria-label": `A photo of ${title}, big`,
      onclick: () => openPhoto(id, title),
    };
    return element("button", looking, thumbnail(id, { side: 160 }));
  }

  #answers() {
    const give = (word) => () => this.#answer(word);
    return element(
      "div",
      { class: "answers", role: "group", "aria-label": "Answer" },
      button({
        icon: "back",
        label: "The question before",
        key: keyOf("previous"),
        kind: "is-quiet",
        onclick: () => this.step(-1).catch(complain),
      }),
      button({ text: "Same", key: keyOf("same"), kind: "is-primary is-large", onclick: give("same") }),
      button({ text: "Different", key: keyOf("different"), kind: "is-large", onclick: give("different") }),
      button({ text: "Unsure", key: keyOf("unsure"), kind: "is-large", onclick: give("unsure") }),
      button({
        icon: "next",
        label: "The next question",
        key: keyOf("next"),
        kind: "is-quiet",
        onclick: () => this.step(1).catch(complain),
      }),
    );
  }

  /** Answer the question in sight; what was pressed before it stood there cannot have been meant for it. */
  async #answer(word, event = null) {
    const isTooEarly = this.#isAnswering || (event && meantFor(event) !== this.item?.key);
    if (isTooEarly) return announce("Too early: the next question was not there yet.");
    if (!this.item || event?.repeat) return undefined;
    this.#isAnswering = true;
    this.body.ariaBusy = "true";
    await answer(this.item.key, word);
    this.#isAnswering = false;
    this.body.ariaBusy = "false";
    return undefined;
  }

  #commands() {
    const give = (word) => (event) => this.#answer(word, event);
    return {
      same: give("same"),
      different: give("different"),
      unsure: give("unsure"),
      next: () => keysWaitFor(this.step(1)).catch(complain),
      previous: () => keysWaitFor(this.step(-1)).catch(complain),
      back: () => this.app.go("#/buildings"),
    };
  }
}
