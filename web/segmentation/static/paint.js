/** The page: which photo is in sight, what pointing does, and the keys. */

import { announce, complain } from "/static/announce.js";
import { showHelp, useCommands } from "/static/keys.js";
import { keysWaitFor } from "/static/turns.js";
import { read } from "./calls.js";
import { Colours } from "./colours.js";
import "./commands.js";
import { Bar, Look, Rail, zoomButtons } from "./frame.js";
import { GrabCut } from "./grabcut.js";
import { KeyCursor } from "./key_cursor.js";
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
const REST_MS = 250;

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
const modeOf = () => (app.session?.canvas ? app.mode : null);
const pointing = new Pointing(app.stage, modeOf);
const cursor = new KeyCursor(app.stage, modeOf, tellPlace);
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
  cursor: () => cursor.press(),
  left: (event) => go(-1, 0, event),
  right: (event) => go(1, 0, event),
  up: (event) => go(0, -1, event),
  down: (event) => go(0, 1, event),
  back: calmDown,
  help: showHelp,
};
const bar = new Bar(commands);
const rail = new Rail(document.getElementById("rail"), { useTool, useMode });
const photos = new Photos(app, { bar, segments, colours });
const side = document.getElementById("side");
let release = () => {};
let placeTimer = 0;

// -- tools ------------------------------------------------------------------------------------------------------------

/** Move the cursor, or where there is none the window over the photo. */
function go(across, down, event) {
  const { stage } = app;
  if (cursor.isShown) cursor.move(across, down, event.shiftKey);
  else stage.pan(-across * KEY_STEP * stage.ratio, -down * KEY_STEP * stage.ratio);
}

/** Say what lies below the cursor, once it rests. */
function tellPlace(point) {
  app.showPlace(point);
  clearTimeout(placeTimer);
  placeTimer = setTimeout(() => {
    const { canvas } = app.session ?? {};
    if (!canvas?.isInside(point)) return;
    const label = canvas.labelsAndCuts[point[1] * canvas.width + point[0]];
    const colour = canvas.colourAt(point);
    const paint = colour === null ? "not painted" : `painted ${colours.nameOf(colour)}`;
    document.getElementById("status").textContent = `${point}: ${label > 0 ? `segment ${label}` : "edge"}, ${paint}`;
  }, REST_MS);
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
  cursor.hide();
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
  const isUnderWay = () => app.session?.numPending > 0 || photos.isWriting;
  addEventListener("beforeunload", (event) => isUnderWay() && event.preventDefault());
  addEventListener("focus", () => photos.refresh().catch(complain));
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
