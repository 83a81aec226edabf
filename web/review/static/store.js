/** What the page knows of the whole review, and the one way in which it changes it. */

import { get, post } from "./api.js";
import { announce, complain } from "./announce.js";
import { sentence } from "./dom.js";

/**
 * The review. Sends "overview" when the counts are new and "change" (detail: {clusters, removed}) when clusters are.
 */
class Store extends EventTarget {
  overview = null;
  revision = -1;

  /** Read the overview and listen to what other windows do. */
  async start() {
    await this.refreshOverview();
    const events = new EventSource(`/api/events?since=${this.revision}`);
    events.onmessage = (event) => this.#heard(JSON.parse(event.data));
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
    if (this.overview.can_undo === null) return announce("Nothing to undo.");
    return this.#change("/api/undo", {}, (answer) => `Undone: ${answer.label}.`);
  }

  /** Do the action again that was taken back. */
  redo() {
    if (this.overview.can_redo === null) return announce("Nothing to do again.");
    return this.#change("/api/redo", {}, (answer) => `Done again: ${answer.label}.`, true);
  }

  /** Cluster with other thresholds, for good. */
  applyThresholds(thresholds) {
    return this.#change("/api/thresholds/apply", thresholds, () => "Clustered with the new thresholds.", true);
  }

  /** Write clusters.json as the decisions have it. */
  write() {
    return this.#change("/api/apply", {}, () => "Written to clusters.json.");
  }

  async #change(path, body, words, isUndoable = false) {
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
    await this.#tell(news).catch(complain);
  }

  async #tell({ clusters = [], removed = [] }) {
    await this.refreshOverview();
    this.dispatchEvent(
      new CustomEvent("change", { detail: { clusters: clusters.map(String), removed: removed.map(String) } }),
    );
  }
}

/** The files speak of clusters, the page of buildings. */
function inPageWords(label = "") {
  return label.replace(/\bcluster(s?)\b/g, "building$1");
}

export const store = new Store();
