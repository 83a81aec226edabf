/** Going from photo to photo, and what is kept and written of each. */

import { announce, complain } from "/static/announce.js";
import { askWhether } from "/static/dialogs.js";
import { button, element, fileName, plural } from "/static/dom.js";
import { Ahead } from "./ahead.js";
import { change } from "./calls.js";
import { Film } from "./film.js";
import { Session } from "./session.js";

/** The photos of the page. */
export class Photos {
  #app;
  #bar;
  #segments;
  #colours;
  #working = element("span", { class: "badge working" });
  #ahead = new Ahead();
  #problem = element("div", { class: "problem notice is-danger", role: "alert", hidden: true });
  #writing = Promise.resolve(); // one photo after the other
  #numWriting = 0;

  /**
   * @param {Object} app - The page.
   * @param {{bar: Object, segments: Object, colours: Object}} parts - What shows something of the photo in sight.
   */
  constructor(app, { bar, segments, colours }) {
    this.#app = app;
    [this.#bar, this.#segments, this.#colours] = [bar, segments, colours];
    this.film = new Film(document.getElementById("strip"), (photo) => this.open(photo).catch(complain));
    app.stage.badges.append(this.#working);
    document.getElementById("stage-place").append(this.#problem, this.#ahead.node);
  }

  get #usable() {
    return this.#app.overview.photos.filter((photo) => !photo.problem);
  }

  /** Open a photo, or the first one that can be opened. */
  async openFirst(wanted) {
    const first = this.#usable.find((photo) => photo.number === wanted) ?? this.#usable[0];
    if (first) await this.open(first.number);
    else announce("There is no photo that can be painted.");
  }

  /** Go to another photo. What was painted is kept on the server before. */
  async open(number) {
    const app = this.#app;
    if (app.session) await app.session.flush();
    app.paintAgain();
    app.session?.close();
    this.#segments.cancel();
    const session = new Session(number);
    app.session = session;
    app.stage.clear();
    this.#problem.hidden = true;
    this.#showPhoto(number);
    app.stage.node.setAttribute("aria-busy", "true");
    this.#listen(session);
    try {
      await this.#load(session);
      if (app.session === session) this.#showCanvas(session);
    } catch (error) {
      if (app.session === session) this.#showProblem(number, error);
    }
    if (app.session !== session) return;
    this.#working.textContent = "";
    app.stage.node.setAttribute("aria-busy", "false");
  }

  /** Say, as long as the photo is in sight, why it cannot be painted: it was removed, or its journal is damaged. */
  #showProblem(number, error) {
    const again = button({ text: "Try again", onclick: () => this.open(number).catch(complain) });
    const { name } = this.#app.overview.photos.find((photo) => photo.number === number);
    this.#problem.replaceChildren(element("p", {}, `${fileName(name)}: ${error.message}`), again);
    this.#problem.hidden = false;
  }

  #load(session) {
    return session.open({
      onstate: ({ note }) => note && announce(note),
      onpicture: (picture) => this.#app.stage.show(picture, session.state.width, session.state.height),
      onprogress: (job) => (this.#working.textContent = `${job.title} …`),
    });
  }

  #listen(session) {
    const { stage } = this.#app;
    const on = (name, run) => session.addEventListener(name, (event) => this.#app.session === session && run(event));
    on("paint", ({ detail }) => stage.drawPaint(detail));
    on("change", ({ detail }) => {
      if (detail.box) stage[detail.numLabelled > 0 ? "drawLabels" : "drawPaint"](detail.box);
      stage.drawMarks();
      this.#bar.show(session);
    });
    on("kept", () => this.#showKept(session));
    on("trouble", ({ detail }) => complain(detail));
    on("calm", ({ detail }) => announce(detail));
    on("reloaded", () => this.#showCanvas(session));
  }

  #showPhoto(number) {
    const { photos, title } = this.#app.overview;
    const place = photos.findIndex((photo) => photo.number === number);
    const { name } = photos[place];
    this.#bar.place.textContent = `${fileName(name)} · ${place + 1} of ${photos.length}`;
    this.#bar.place.title = name;
    document.title = `${fileName(name)} – ${title}`;
    this.#app.stage.node.setAttribute("aria-label", name);
    this.film.choose(number);
    this.#bar.show(null);
    const given = new URLSearchParams(location.search);
    given.set("photo", number);
    given.delete("token");
    history.replaceState(null, "", `${location.pathname}?${given}`);
  }

  #showCanvas(session) {
    const app = this.#app;
    app.colour ??= session.state.colour;
    session.canvas.colour = app.colour;
    app.stage.setCanvas(session.canvas);
    this.#segments.show(session.state.labels);
    this.#colours.show();
    this.#showKept(session);
    app.stage.node.setAttribute("aria-label", `${session.state.name}, to be painted`);
    this.#prefetch(session.photo).catch(complain);
  }

  #showKept(session) {
    this.#bar.show(session);
    if (!session.canvas) return;
    const { painted, is_saved: isSaved } = session.state;
    const card = this.#app.overview.photos.find((photo) => photo.number === session.photo);
    Object.assign(card, { painted, is_saved: isSaved, is_begun: true });
    this.film.mark(card);
  }

  /** Let the server segment the photos around, those that come next first. */
  async #prefetch(number) {
    const { photos, precompute } = this.#app.overview;
    const at = photos.findIndex((photo) => photo.number === number);
    const after = photos.slice(at + 1, at + 1 + precompute);
    const before = photos.slice(Math.max(0, at - precompute), at).reverse();
    await this.#ahead.want([...after, ...before].map((photo) => photo.number));
  }

  /** Go on by a number of photos, round at both ends. */
  async go(by) {
    const photos = this.#usable;
    const at = photos.findIndex((photo) => photo.number === this.#app.session?.photo);
    const next = photos[(at + by + photos.length) % photos.length];
    if (next && next.number !== this.#app.session?.photo) await this.open(next.number);
  }

  /** Write the masks of the photo in sight. */
  async write() {
    const { session } = this.#app;
    if (!session?.canvas) return;
    await session.flush();
    await this.#write(session);
  }

  /** Write the masks and go to the next photo; neither the masks nor its segments are waited for. */
  async saveAndGoOn() {
    const { session } = this.#app;
    if (!session?.canvas) return;
    await session.flush();
    this.#write(session).catch(complain);
    this.go(1).catch(complain);
  }

  /** Whether masks are being written. */
  get isWriting() {
    return this.#numWriting > 0;
  }

  async #write(session) {
    this.#numWriting += 1;
    const writing = this.#writing.then(() => session.save());
    this.#writing = writing.catch(() => {}); // told below; the next photo's turn comes all the same
    const name = fileName(session.state.name);
    try {
      this.#tellWritten(session, name, await writing);
    } catch (error) {
      throw new Error(`${name}: its masks are not written: ${error.message}`);
    } finally {
      this.#numWriting -= 1;
    }
  }

  #tellWritten(session, name, { written, notes, is_saved: isSaved }) {
    const card = this.#app.overview.photos.find((photo) => photo.number === session.photo);
    card.is_saved = isSaved;
    this.film.mark(card);
    const now = this.#app.session;
    if (now.photo === session.photo && now.state && now.numPending === 0) {
      now.state.is_saved = isSaved; // the photo may have been opened again meanwhile
      this.#bar.show(now);
    }
    const nothing = session.state.painted ? "its masks stand as they are" : "nothing is painted, no mask is written";
    const words = written.length === 0 ? nothing : `${plural(written.length, "file")} written`;
    announce([`${name}: ${words}.`, ...notes].join(" "));
  }

  /** Look whether another window painted the photo in sight. */
  async refresh() {
    if (await this.#app.session?.refresh()) {
      announce("This photo was painted in another window: it is shown as it stands now.");
    }
  }

  /** Ask, and end the program; within the review, go back to it. */
  async quit() {
    const { session, overview } = this.#app;
    await session?.flush();
    await this.#writing;
    const open = overview.photos.filter((photo) => photo.painted && !photo.is_saved);
    const isAll = open.length === 0;
    const masks = isAll ? "All masks are written." : `Masks of ${plural(open.length, "photo")} are not written yet.`;
    const content = [
      element("p", {}, "Everything that was painted is kept, and is there again next time."),
      element("p", {}, masks),
    ];
    const yes = overview.can_quit ? "End the program" : "Back to the review";
    if (!(await askWhether({ title: "Leave", content, yes }))) return;
    if (!overview.can_quit) return location.assign("/");
    session?.close();
    await change("quit");
    const words = "The program has ended. This window can be closed.";
    document.body.replaceChildren(element("p", { class: "empty" }, words));
  }
}
