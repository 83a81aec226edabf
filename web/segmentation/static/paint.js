/** The page: which photo is in sight, what pointing does, and the keys. */

import { announce, complain } from "/static/announce.js";
import { showHelp, useCommands } from "/static/keys.js";
import { keysWaitFor } from "/static/turns.js";
import { read } from "./calls.js";
import { Colours } from "./colours.js";
import "./commands.js";
import { Bar, Look, Rail, zoomButtons } from "./frame.js";
import { GrabCut } from "./grabcut.js";
import { PaintMode } from "./paint_mode.js";
import { isBlack } from "./painting/planes.js";
import { BLACK_PAINT } from "./painting/replies.js";
import { warmUp } from "./painting/warm_up.js";
import { Photos } from "./photos.js";
import { Pointing } from "./pointing.js";
import { Sam } from "./sam.js";
import { Segments } from "./segments.js";
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
  colour: null,
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
  next: () => photos.go(1).catch(complain),
  previous: () => photos.go(-1).catch(complain),
  save: () => keysWaitFor(photos.saveAndGoOn()).catch(complain),
  write: () => keysWaitFor(photos.write()).catch(complain),
  quit: () => photos.quit().catch(complain),
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
const photos = new Photos(app, { bar, segments, colours });
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
  if (isBlack(colour)) announce(`Careful: ${BLACK_PAINT}.`);
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

// -- the beginning ----------------------------------------------------------------------------------------------------

async function start() {
  document.getElementById("stage-place").append(app.stage.node, zoomButtons(commands));
  const given = new URLSearchParams(location.search);
  app.overview = await read("overview", { building: given.get("building") });
  app.classes = app.overview.classes;
  app.colour = app.classes[0]?.colour ?? null; // else that of the first photo
  segments.setMethods(app.overview.methods);
  photos.film.setPhotos(app.overview.photos);
  colours.show();
  useCommands(commands);
  enter(paintMode);
  document.addEventListener("lost-focus", () => app.stage.node.focus());
  document.addEventListener("click", leaveButton);
  addEventListener("beforeunload", (event) => app.session?.numPending > 0 && event.preventDefault());
  await Promise.all([photos.openFirst(Number(given.get("photo") ?? NaN)), warmUp()]);
}

/** After a click on a button the space bar writes masks, as it does everywhere, and does not press the button again. */
function leaveButton(event) {
  const isByPointer = event.detail > 0;
  if (!isByPointer || !event.target.closest("button") || event.target.closest("dialog")) return;
  app.stage.node.focus({ preventScroll: true });
}

globalThis.paintingPage = app; // for the console, and for tests that look behind the page
start().catch(complain);
