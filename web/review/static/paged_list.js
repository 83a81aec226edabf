/** A long list, read a page at a time; few pages are kept. */

import { complain } from "./announce.js";

/**
 * @template Item
 */
export class PagedList extends EventTarget {
  total = 0;
  #pages = new Map();
  #waiting = new Map();
  #generation = 0;

  /**
   * @param {(offset: number, limit: number) => Promise<{total: number, items: Item[]}>} fetchPage
   * @param {{size?: number, keep?: number}} [options] Items of a page; pages that are kept.
   */
  constructor(fetchPage, { size = 200, keep = 12 } = {}) {
    super();
    this.fetchPage = fetchPage;
    this.size = size;
    this.keep = keep;
  }

  /**
   * Give an item if it is here; if not, null, and fetch its page. Sends "page" when it has come.
   * @param {number} index
   * @returns {Item|null}
   */
  at(index) {
    const number = Math.floor(index / this.size);
    const page = this.#pages.get(number);
    if (page?.generation !== this.#generation) this.#load(number).catch(complain);
    return page?.items[index - number * this.size] ?? null;
  }

  /**
   * Give the items from one index to another, both counted in.
   * @param {number} first
   * @param {number} last
   * @returns {Promise<Item[]>}
   */
  async range(first, last) {
    const items = [];
    for (let number = Math.floor(first / this.size); number * this.size <= last; number += 1) {
      const page = await this.#load(number);
      const start = number * this.size;
      items.push(...page.items.slice(Math.max(0, first - start), last - start + 1));
    }
    return items;
  }

  /** Say that everything may have changed. What is here stays to be seen until the new comes. */
  async refresh() {
    this.#generation += 1;
    this.#waiting.clear();
    for (const number of [...this.#pages.keys()].slice(0, -2)) this.#pages.delete(number);
    await this.#load(0);
  }

  /** Say that it is another list now: nothing of the former is shown. */
  async reset() {
    this.#pages.clear();
    await this.refresh();
  }

  #load(number) {
    const page = this.#pages.get(number);
    if (page?.generation === this.#generation) {
      this.#pages.delete(number);
      this.#pages.set(number, page);
      return Promise.resolve(page);
    }
    if (!this.#waiting.has(number)) this.#waiting.set(number, this.#fetch(number, this.#generation));
    return this.#waiting.get(number);
  }

  async #fetch(number, generation) {
    try {
      const { total, items } = await this.fetchPage(number * this.size, this.size);
      const page = { items, generation };
      if (generation === this.#generation) this.#store(number, page, total);
      return page;
    } finally {
      if (generation === this.#generation) this.#waiting.delete(number);
    }
  }

  #store(number, page, total) {
    this.#pages.delete(number);
    this.#pages.set(number, page);
    while (this.#pages.size > this.keep) this.#pages.delete(this.#pages.keys().next().value);
    this.total = total;
    this.dispatchEvent(new Event("page"));
  }
}

/** A list that is wholly here, with the same manners. */
export class WholeList extends EventTarget {
  #items = [];

  get total() {
    return this.#items.length;
  }

  /** Put other items in. */
  fill(items) {
    this.#items = items;
    this.dispatchEvent(new Event("page"));
  }

  /** Give one item, or null. */
  at(index) {
    return this.#items[index] ?? null;
  }

  /** Give the items from one index to another, both counted in. */
  async range(first, last) {
    return this.#items.slice(first, last + 1);
  }
}
