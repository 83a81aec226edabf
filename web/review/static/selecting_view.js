/** What the views of buildings and of photos that are alone share: a long grid in which things are selected. */

import { complain } from "/static/announce.js";
import { button, element } from "/static/dom.js";
import { makeDraggable } from "./drag.js";
import { PagedList } from "./paged_list.js";
import { stretchBand } from "./rubber_band.js";
import { Selection } from "./selection.js";
import { SelectionBar } from "./selection_bar.js";
import { VirtualGrid } from "./virtual_grid.js";

/** A view of one grid, above it its tools, below it what can be done with what is selected. */
export class SelectingView {
  selection = new Selection();

  /**
   * @param {{title: string, noun: string, fetchPage: Function, cells: Object, drag: Object,
   *   buttons: () => HTMLElement[]}} options `fetchPage` as of PagedList, `cells` as of VirtualGrid, `drag` as of
   *   makeDraggable, `noun` and `buttons` as of SelectionBar.
   */
  constructor({ title, noun, fetchPage, cells, drag, buttons }) {
    this.title = title;
    this.list = new PagedList(fetchPage);
    this.grid = new VirtualGrid({ list: this.list, selection: this.selection, ...cells });
    stretchBand(this.grid);
    makeDraggable(this.grid, drag);
    this.bar = new SelectionBar(this.selection, noun, buttons);
  }

  /** Put the view together, with what stands above its grid. */
  assemble(...tools) {
    const head = element("div", { class: "view-tools" }, tools);
    this.node = element("section", { class: "view", "aria-label": this.title }, head, this.grid.node, this.bar.node);
  }

  /** Make the button that lets taps select. */
  selectingButton() {
    const onclick = () => this.selection.switchSelecting();
    return button({ icon: "check", text: "Select", kind: "is-quiet", onclick });
  }

  /** Come into sight. */
  async show() {
    this.grid.layout();
    await this.list.refresh().catch(complain);
  }

  /** Show another list, from its beginning. */
  async restart() {
    this.selection.clear();
    this.grid.node.scrollTop = 0;
    this.grid.focused = 0;
    await this.list.reset().catch(complain);
  }

  /** Take the focus. */
  focus() {
    this.grid.focus(this.grid.focused);
  }

  /** The keys of what is selected, or of what has the focus. */
  meant() {
    const focused = this.grid.focusedItem();
    if (this.selection.size > 0) return this.selection.keys();
    return focused ? [this.grid.key(focused)] : [];
  }

  /** Deselect when an action was done; give its answer. */
  async deselectAfter(action) {
    const answer = await action;
    if (answer) this.selection.clear();
    return answer;
  }
}
