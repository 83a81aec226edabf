/** The page: which photo is in sight, what pointing does, and the keys. */

import { announce, complain } from "/static/announce.js";
import { askWhether } from "/static/dialogs.js";
import { element, fileName, plural } from "/static/dom.js";
import { showHelp, useCommands } from "/static/keys.js";
import { keysWaitFor } from "/static/turns.js";
import { change, read } from "./calls.js";
import { Colours } from "./colours.js";
import "./commands.js";
import { Film } from "./film.js";
import { Bar, Look, Rail, zoomButtons } from "./frame.js";
import { GrabCut } from "./grabcut.js";
import { PaintMode } from "./paint_mode.js";
import { START_COLOUR } from "./painting/canvas.js";
import { BLACK_PAINT } from "./painting/replies.js";
import { Pointing } from "./pointing.js";
import { Sam } from "./sam.js";
import { Segments } from "./segments.js";
import { Session } from "./session.js";
import { Stage } from "./stage.js";
import { Templates } from "./templates.js";

const KEY_FACTOR = 1.4;
const KEY_STEP = 80; // pixels of CSS

/** What all parts of the page share. */
const app = {
  stage: new Stage(),
  session: null,
  overview: null,
  classes: [],
  colour: START_COLOUR,
  mode: null,
  setColour,
  setClasses,
  pickColour,
  useTool,
  paintAgain: () => enter(paintMode),
  showPlace: ([x, y]) => (bar.pixel.textContent = app.session?.canvas?.isInside([x, y]) ? `${x}, ${y}` : ""),
};
const paintMode = new PaintMode(app);
const modes = { templates: new Templates(app), grabcut: new GrabCut(app), sam: new Sam(app) };
const colours = new Colours(app);
const segments = new Segments(app);
const look = new Look(app.stage);
const pointing = new Pointing(app.stage, () => (app.session?.canvas ? app.mode : null));
const commands = {
  ...Object.fromEntries(["fill", "unfill", "cut", "pick", "hand"].map((name) => [name, () => useTool(name)])),
  ...Object.fromEntries(Object.keys(modes).map((name) => [name, () => useMode(name)])),
  undo: () => act("undo"),
  redo: () => act("redo"),
  reset: () => act("reset"),
  classes: (event) => colours.chooseClass(Number(event.key) - 1),
  segments: () => segments.select.focus(),
  next: () => go(1).catch(complain),
  previous: () => go(-1).catch(complain),
  save: () => keysWaitFor(saveAndGoOn()).catch(complain),
  write: () => keysWaitFor(write()).catch(complain),
  quit: () => quit().catch(complain),
  debug: () => look.toggle("isDebug"),
  borders: () => look.toggle("hasBorders"),
  zoomIn: () => app.stage.zoom(KEY_FACTOR),
  zoomOut: () => app.stage.zoom(1 / KEY_FACTOR),
  zoomFit: () => app.stage.fit(),
  zoomFull: () => app.stage.zoom(1 / app.stage.viewport.scale),
  left: () => pan(1, 0),
  right: () => pan(-1, 0),
  up: () => pan(0, 1),
  down: () => pan(0, -1),
  back: calmDown,
  help: showHelp,
};
const bar = new Bar(commands);
const rail = new Rail(document.getElementById("rail"), { useTool, useMode });
const film = new Film(document.getElementById("strip"), (photo) => open(photo).catch(complain));
const side = document.getElementById("side");
let release = () => {};

// -- tools ------------------------------------------------------------------------------------------------------------

function pan(dx, dy) {
  app.stage.pan(dx * KEY_STEP * app.stage.ratio, dy * KEY_STEP * app.stage.ratio);
}

/** Take up a tool of painting, or the hand, which goes with everything. */
function useTool(name) {
  pointing.isHand = name === "hand";
  if (name !== "hand") {
    if (app.mode !== paintMode) enter(paintMode);
    if (paintMode.continuous && paintMode.continuous !== name) paintMode.setContinuous(null);
    paintMode.tool = name;
  }
  showTool();
}

function useMode(name) {
  if (!app.session?.canvas) return;
  if (app.mode === modes[name]) enter(paintMode);
  else enter(modes[name]);
}

function enter(mode) {
  pointing.isHand = false;
  if (app.mode === mode) return;
  release();
  if (app.mode === paintMode) paintMode.setContinuous(null);
  app.mode?.end?.();
  app.mode = mode;
  release = mode === paintMode ? () => {} : useCommands(mode.commands);
  mode.begin?.();
  side.replaceChildren(...(mode === paintMode ? [] : [mode.node]), colours.node, look.node, segments.node);
  side.scrollTop = 0;
  showTool();
  app.stage.node.focus({ preventScroll: true });
}

function showTool() {
  const mode = Object.keys(modes).find((name) => modes[name] === app.mode);
  const tool = pointing.isHand ? "hand" : (mode ?? paintMode.tool);
  rail.show(tool);
  app.stage.node.dataset.tool = tool;
}

function calmDown() {
  paintMode.setContinuous(null);
  // a stroke that meets no pixel forgets the cut point, here and on the server
  if (app.session?.canvas?.cutFrom) app.session.act({ action: "unfill_stroke", points: [[-1, -1]] });
  useTool("fill");
  app.stage.drawMarks();
}

// -- painting ---------------------------------------------------------------------------------------------------------

function act(action) {
  if (!app.session?.canvas) return;
  const reply = app.session.act({ action });
  if (reply.note) announce(reply.note);
}

function setColour(colour) {
  app.colour = colour;
  if (app.session?.canvas) app.session.setColour(colour);
  if (colour.every((level) => level === 0)) announce(`Careful: ${BLACK_PAINT}.`);
  colours.show();
}

function setClasses(classes) {
  app.classes = classes;
  colours.show();
}

/** Take up the colour of a pixel: of its paint, else of the photo. */
function pickColour(point) {
  const { canvas, picture } = app.session;
  if (!canvas.isInside(point)) return;
  setColour(canvas.colourAt(point) ?? picture.colourAt(point));
  useTool("fill");
}

// -- photos -----------------------------------------------------------------------------------------------------------

/** Go to another photo. What was painted is kept on the server before. */
async function open(number) {
  if (app.session) await app.session.flush();
  enter(paintMode);
  app.session?.close();
  segments.cancel();
  const session = new Session(number);
  app.session = session;
  app.stage.clear();
  showPhoto(number);
  app.stage.node.setAttribute("aria-busy", "true");
  listen(session);
  try {
    await session.open({
      onstate: ({ note }) => note && announce(note),
      onpicture: (picture) => app.stage.show(picture, session.state.width, session.state.height),
      onprogress: (job) => (working.textContent = `${job.title} …`),
    });
  } catch (error) {
    if (session.signal.aborted) return;
    throw error;
  } finally {
    if (app.session === session) working.textContent = "";
  }
  if (app.session !== session) return;
  showCanvas(session);
  app.stage.node.setAttribute("aria-busy", "false");
}

const working = element("span", { class: "badge working" });

function listen(session) {
  const on = (name, run) => session.addEventListener(name, (event) => app.session === session && run(event));
  session.onchange = (one, isMade) => app.stage.follow(one, isMade);
  on("paint", ({ detail }) => app.stage.drawPaint(detail));
  on("change", ({ detail }) => {
    if (detail.box) app.stage.drawPaint(detail.box);
    app.stage.drawMarks();
    bar.show(session);
  });
  on("kept", () => showKept(session));
  on("trouble", ({ detail }) => complain(detail));
  on("reloaded", () => showCanvas(session));
}

function showPhoto(number) {
  const { photos, title } = app.overview;
  const place = photos.findIndex((photo) => photo.number === number);
  const { name } = photos[place];
  bar.place.textContent = `${fileName(name)} · ${place + 1} of ${photos.length}`;
  bar.place.title = name;
  document.title = `${fileName(name)} – ${title}`;
  film.choose(number);
  bar.show(null);
  const given = new URLSearchParams(location.search);
  given.set("photo", number);
  given.delete("token");
  history.replaceState(null, "", `${location.pathname}?${given}`);
}

function showCanvas(session) {
  if (String(session.state.colour) && !app.hasColour) app.colour = session.state.colour;
  app.hasColour = true;
  session.canvas.colour = app.colour;
  app.stage.setCanvas(session.canvas);
  segments.show(session.state.labels);
  colours.show();
  showKept(session);
  app.stage.node.setAttribute("aria-label", `${app.overview.photos.find((one) => one.number === session.photo).name}, to be painted`);
  prefetch(session.photo).catch(complain);
}

function showKept(session) {
  bar.show(session);
  if (!session.canvas) return;
  const { painted, is_saved: isSaved } = session.state;
  const card = app.overview.photos.find((photo) => photo.number === session.photo);
  Object.assign(card, { painted, is_saved: isSaved, is_begun: true });
  film.mark(card);
}

/** Let the server segment the photos around, those that come next first. */
async function prefetch(number) {
  const { photos, precompute } = app.overview;
  const at = photos.findIndex((photo) => photo.number === number);
  const after = photos.slice(at + 1, at + 1 + precompute);
  const before = photos.slice(Math.max(0, at - precompute), at).reverse();
  await change("prefetch", { photos: [...after, ...before].map((photo) => photo.number) });
}

async function go(by) {
  const usable = app.overview.photos.filter((photo) => !photo.problem);
  const at = usable.findIndex((photo) => photo.number === app.session?.photo);
  const next = usable[(at + by + usable.length) % usable.length];
  if (next && next.number !== app.session?.photo) await open(next.number);
}

async function write() {
  if (!app.session?.canvas) return;
  const { written, notes } = await app.session.save();
  const words = written.length > 0 ? `${plural(written.length, "file")} written` : "Nothing is painted, so there is no mask";
  announce([`${words}.`, ...notes].join(" "));
}

async function saveAndGoOn() {
  await write();
  go(1).catch(complain); // the keys need not wait for the segments of the next photo
}

async function quit() {
  await app.session?.flush();
  const open = app.overview.photos.filter((photo) => photo.painted && !photo.is_saved);
  const words = open.length > 0 ? `Masks of ${plural(open.length, "photo")} are not written yet.` : "All masks are written.";
  const content = [element("p", {}, "Everything that was painted is kept, and is there again next time."), element("p", {}, words)];
  if (!(await askWhether({ title: "Leave", content, yes: app.overview.can_quit ? "End the program" : "Leave" }))) return;
  if (!app.overview.can_quit) {
    location.assign("/");
    return;
  }
  app.session?.close();
  await change("quit");
  document.body.replaceChildren(element("p", { class: "empty" }, "The program has ended. This window can be closed."));
}

// -- the beginning ----------------------------------------------------------------------------------------------------

async function start() {
  document.getElementById("stage-place").append(app.stage.node, zoomButtons(commands));
  app.stage.badges.append(working);
  const given = new URLSearchParams(location.search);
  app.overview = await read("overview", { building: given.get("building") });
  app.classes = app.overview.classes;
  if (app.classes.length > 0) [app.colour, app.hasColour] = [app.classes[0].colour, true];
  segments.setMethods(app.overview.methods);
  film.setPhotos(app.overview.photos);
  colours.show();
  useCommands(commands);
  enter(paintMode);
  document.addEventListener("lost-focus", () => app.stage.node.focus());
  document.addEventListener("click", leaveButton);
  addEventListener("beforeunload", (event) => app.session?.numPending > 0 && event.preventDefault());
  const wanted = Number(given.get("photo") ?? NaN);
  const first = app.overview.photos.find((photo) => photo.number === wanted && !photo.problem) ?? app.overview.photos.find((photo) => !photo.problem);
  if (!first) announce("There is no photo that can be painted.");
  else await open(first.number);
}

/** After a click on a button the space bar writes masks, as it does everywhere, and does not press the button again. */
function leaveButton(event) {
  const isByPointer = event.detail > 0;
  if (isByPointer && event.target.closest("button") && !event.target.closest("dialog")) app.stage.node.focus({ preventScroll: true });
}

globalThis.paintingPage = app; // for the console, and for tests that look behind the page
start().catch(complain);
