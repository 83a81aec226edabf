/** What the page knows of the whole review, and the one way in which it changes it. */

import { announce, complain } from "/static/announce.js";
import { get, post } from "/static/api.js";
import { sentence } from "/static/dom.js";
import { keysWaitFor } from "/static/turns.js";

/**
 * The review. Sends "overview" when the counts are new and "change" (detail: {clusters, removed, isFromElsewhere,
 * waitFor}) when clusters are; what a listener gives to `waitFor` is part of the change. Changes are made one by one.
 */
class Store extends EventTarget {
  overview = null;
  revision = -1;
  #last = Promise.resolve();

  /** Read the overview and listen to what other windows do. */
  async start() {
    await this.refreshOverview();
    const events = new EventSource(`/api/events?since=${this.revision}`);
    events.onmessage = (event) => this.#inTurn(() => this.#heard(JSON.parse(event.data)));
    addEventListener("pagehide", () => events.close());
  }

  /** Read the counts again. */
  async refreshOverview() {
    this.overview = await get("/api/overview");
    this.revision = Math.max(this.revision, this.overview.revision);
    this.dispatchEvent(new Event("overview"));
  }

  /**
   * Do one action; a failure is told to the user.
   * @param {Object} action As the contract with the server has it: {action: "merge", clusters: ["4", "7"]}
   * @returns {Promise<Object|null>} The answer, or null when the server said no.
   */
  act(action) {
    return this.#change("/api/actions", action, (answer) => `${sentence(answer.label)}.`, true);
  }

  /** Take the last action back. */
  undo() {
    const words = (answer) => `Undone: ${answer.label}.`;
    return this.#inTurn(() =>
      this.overview.can_undo === null ? announce("Nothing to undo.") : this.#send("/api/undo", {}, words),
    );
  }

  /** Do the action again that was taken back. */
  redo() {
    const words = (answer) => `Done again: ${answer.label}.`;
    return this.#inTurn(() =>
      this.overview.can_redo === null ? announce("Nothing to do again.") : this.#send("/api/redo", {}, words, true),
    );
  }

  /** Cluster with other thresholds, for good. */
  applyThresholds(thresholds) {
    return this.#change("/api/thresholds/apply", thresholds, () => "Clustered with the new thresholds.", true);
  }

  /** Write clusters.json as the decisions have it. */
  write() {
    return this.#change("/api/apply", {}, () => "Written to clusters.json.");
  }

  #change(...request) {
    return this.#inTurn(() => this.#send(...request));
  }

  /** Do something when all that was asked for before it is done and shown. */
  #inTurn(change) {
    const turn = keysWaitFor(this.#last.then(change));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #send(path, body, words, isUndoable = false) {
    try {
      const answer = await post(path, body);
      this.revision = Math.max(this.revision, answer.revision);
      announce(words({ ...answer, label: inPageWords(answer.label) }), isUndoable ? () => this.undo() : null);
      await this.#tell(answer);
      return answer;
    } catch (error) {
      complain(error);
      return null;
    }
  }

  async #heard(news) {
    if (news.revision <= this.revision) return;
    this.revision = news.revision;
    await this.#tell(news, true).catch(complain);
  }

  async #tell({ clusters = [], removed = [] }, isFromElsewhere = false) {
    await this.refreshOverview();
    const shown = [];
    const detail = { clusters: clusters.map(String), removed: removed.map(String), isFromElsewhere };
    const waitFor = (promise) => shown.push(promise);
    this.dispatchEvent(new CustomEvent("change", { detail: { ...detail, waitFor } }));
    await Promise.all(shown);
  }
}

/** The files speak of clusters, the page of buildings. */
function inPageWords(label = "") {
  return label.replace(/\bcluster(s?)\b/g, "building$1");
}

export const store = new Store();
