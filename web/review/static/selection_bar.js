/** What can be done with what is selected, at the foot of a view. */

import { button, element, plural } from "/static/dom.js";

/** A bar that is there while something is selected. */
export class SelectionBar {
  /**
   * @param {Selection} selection
   * @param {string} noun What is selected: "photo".
   * @param {() => HTMLElement[]} makeButtons Asked whenever the selection changes.
   */
  constructor(selection, noun, makeButtons) {
    Object.assign(this, { selection, noun, makeButtons });
    this.node = element("div", { class: "selection-bar", role: "toolbar", "aria-label": "Selected", hidden: true });
    selection.addEventListener("selection", () => this.show());
  }

  /** Show what fits the selection. */
  show() {
    const { size, isSelecting } = this.selection;
    this.node.hidden = size === 0 && !isSelecting;
    if (this.node.hidden) return;
    const count = element(
      "span",
      { class: "selected-count number" },
      size === 0 ? `Tap ${this.noun}s to select them` : `${plural(size, this.noun)} selected`,
    );
    const clearing = button({
      icon: "close",
      label: "Deselect",
      key: "Esc",
      kind: "is-quiet",
      onclick: () => this.selection.clear(),
    });
    this.node.replaceChildren(count, ...(size > 0 ? this.makeButtons() : []), clearing);
  }
}
