/** A long list, read a page at a time; few pages are kept. */

import { complain } from "/static/announce.js";

/**
 * @template Item
 */
export class PagedList extends EventTarget {
  total = 0;
  /** True once it is known how long the list is. */
  isKnown = false;
  #pages = new Map();
  #waiting = new Map();
  #generation = 0;

  /**
   * @param {(offset: number, limit: number, signal: AbortSignal) => Promise<{total: number, items: Item[]}>} fetchPage
   * @param {{size?: number, keep?: number}} [options] Items of a page; pages that are kept.
   */
  constructor(fetchPage, { size = 200, keep = 12 } = {}) {
    super();
    this.fetchPage = fetchPage;
    this.size = size;
    this.keep = keep;
  }

  /**
   * Give an item if it is here; if not, null.
   * @param {number} index
   * @returns {Item|null}
   */
  at(index) {
    const number = Math.floor(index / this.size);
    return this.#pages.get(number)?.items[index - number * this.size] ?? null;
  }

  /**
   * Fetch what is in sight, and give up what was on its way for another sight. Sends "page" when one has come.
   * @param {number} first
   * @param {number} last
   */
  want(first, last) {
    const [from, to] = [first, last].map((index) => Math.floor(index / this.size));
    this.#giveUp((number) => number < from || number > to);
    for (let number = from; number <= to; number += 1) this.#load(number, false).catch(complain);
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
      const page = await this.#load(number, true);
      const start = number * this.size;
      items.push(...page.items.slice(Math.max(0, first - start), last - start + 1));
    }
    return items;
  }

  /** Say that everything may have changed. What is here stays to be seen until the new comes. */
  async refresh() {
    this.#generation += 1;
    this.#giveUp(() => true);
    this.#waiting.clear();
    for (const number of [...this.#pages.keys()].slice(0, -2)) this.#pages.delete(number);
    await this.#load(0, true);
  }

  /** Say that it is another list now: nothing of the former is shown. */
  async reset() {
    this.#pages.clear();
    this.isKnown = false;
    await this.refresh();
  }

  #giveUp(isUnwanted) {
    for (const [number, coming] of this.#waiting) {
      if (coming.isFirm || !isUnwanted(number)) continue;
      coming.giving.abort();
      this.#waiting.delete(number);
    }
  }

  /** Give a page, here or fetched; one that is firm is not given up when it goes out of sight. */
  #load(number, isFirm) {
    const page = this.#pages.get(number);
    if (page?.generation === this.#generation) {
      this.#pages.delete(number);
      this.#pages.set(number, page);
      return Promise.resolve(page);
    }
    const coming = this.#waiting.get(number) ?? this.#fetch(number);
    coming.isFirm ||= isFirm;
    return coming.promise;
  }

  #fetch(number) {
    const coming = { giving: new AbortController(), isFirm: false };
    coming.promise = this.#receive(number, this.#generation, coming);
    this.#waiting.set(number, coming);
    return coming;
  }

  async #receive(number, generation, coming) {
    try {
      const { total, items } = await this.fetchPage(number * this.size, this.size, coming.giving.signal);
      const page = { items, generation };
      if (generation === this.#generation) this.#store(number, page, total);
      return page;
    } finally {
      if (this.#waiting.get(number) === coming) this.#waiting.delete(number);
    }
  }

  #store(number, page, total) {
    this.#pages.delete(number);
    this.#pages.set(number, page);
    while (this.#pages.size > this.keep) this.#pages.delete(this.#pages.keys().next().value);
    this.total = total;
    this.isKnown = true;
    this.dispatchEvent(new Event("page"));
  }
}

/** A list that is wholly here, with the same manners. */
export class WholeList extends EventTarget {
  #items = [];
  isKnown = false;

  get total() {
    return this.#items.length;
  }

  /** Put other items in. */
  fill(items) {
    this.#items = items;
    this.isKnown = true;
    this.dispatchEvent(new Event("page"));
  }

  /** Give one item, or null. */
  at(index) {
    return this.#items[index] ?? null;
  }

  /** Everything is here. */
  want() {}

  /** Give the items from one index to another, both counted in. */
  async range(first, last) {
    return this.#items.slice(first, last + 1);
  }
}
