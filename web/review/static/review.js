/** The page: which view is in sight, what stands above it, and the keys that hold everywhere. */

import { complain } from "/static/announce.js";
import { button, plural } from "/static/dom.js";
import { keyOf, showHelp, useCommands } from "/static/keys.js";
import { nextTheme, showTheme } from "/static/theme.js";
import { keysWaitFor } from "/static/turns.js";
import "./commands.js";
import { AloneView } from "./alone.js";
import { BuildingView } from "./building.js";
import { GridView } from "./grid.js";
import { MapView } from "./map.js";
import { QueueView } from "./queue.js";
import { store } from "./store.js";
import { ThresholdsView } from "./thresholds.js";

const SEARCH_PAUSE_MS = 200;
const SEARCHED = new Set(["buildings", "alone"]);

const app = { go, neighbourOf };
const views = {
  buildings: new GridView(app),
  building: new BuildingView(app),
  alone: new AloneView(app),
  doubtful: new QueueView(app),
  map: new MapView(app),
  thresholds: new ThresholdsView(app),
};
const main = document.getElementById("main");
const field = document.getElementById("search");
let current = null;
let release = () => {};

/** Give the building before or after another, as the grid has them sorted. */
async function neighbourOf(number, by) {
  const { list, grid } = views.buildings;
  if (list.total === 0) await list.refresh();
  const near = Math.floor(grid.focused / list.size) * list.size;
  const starts = [near];
  for (let start = 0; start < list.total; start += list.size) if (start !== near) starts.push(start);
  for (const start of starts) {
    const cards = await list.range(start, start + list.size - 1);
    const at = cards.findIndex((card) => String(card.number) === number);
    if (at < 0) continue;
    const to = start + at + by;
    if (to < 0 || to >= list.total) return null;
    grid.focused = to;
    return String((await list.range(to, to))[0].number);
  }
  return null;
}

/** Go to an address of the page; keys that are pressed meanwhile are meant for what will be there. */
function go(hash) {
  if (location.hash === hash) return undefined;
  history.pushState(null, "", hash);
  return keysWaitFor(route()).catch(complain);
}

async function route() {
  const [name, argument] = location.hash.replace(/^#\//, "").split("/");
  const chosen = Object.hasOwn(views, name) ? name : "buildings";
  const view = views[chosen];
  const isNew = view !== current;
  const isFirst = current === null;
  if (isNew) {
    release();
    current = view;
    main.replaceChildren(view.node);
    release = useCommands(view.commands);
  }
  mark(chosen);
  await view.show(argument && decodeURIComponent(argument));
  document.title = `${view.title} – ${store.overview.title}`;
  if (!isFirst && isFocusFree()) view.focus();
}

function isFocusFree() {
  return [document.body, main, null].includes(document.activeElement);
}

/** Arrows work before anything has the focus: the view takes it. */
function takeFocus(event) {
  if (!event.defaultPrevented && isFocusFree() && /^(Arrow|Home|End|Page)/.test(event.key)) current?.focus();
}

function mark(name) {
  const shown = name === "building" ? "buildings" : name;
  for (const link of document.querySelectorAll("[data-view]")) {
    if (link.dataset.view === shown) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  field.closest(".search").hidden = !SEARCHED.has(name);
  field.value = name === "alone" ? views.alone.text : views.buildings.query.q;
}

function listenToSearch() {
  let timer = 0;
  const search = () => current.search?.(field.value.trim());
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(search, SEARCH_PAUSE_MS);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && field.value !== "") field.value = "";
    else if (event.key !== "Enter" && event.key !== "Escape" && event.key !== "ArrowDown") return;
    event.preventDefault();
    clearTimeout(timer);
    search();
    current.focus();
  });
}

const tools = {
  undo: button({ icon: "undo", label: "Undo", key: keyOf("undo"), kind: "is-quiet", onclick: () => store.undo() }),
  redo: button({ icon: "redo", label: "Redo", key: keyOf("redo"), kind: "is-quiet", onclick: () => store.redo() }),
  write: button({ icon: "save", text: "Write result", kind: "is-write", onclick: () => store.write() }),
  theme: button({ icon: "theme", label: "Colours", kind: "is-quiet", onclick: () => nextTheme(tools.theme) }),
  help: button({ icon: "help", label: "Keys", key: "?", kind: "is-quiet", onclick: showHelp }),
};

function showOverview() {
  const { counts, can_undo: undo, can_redo: redo, title } = store.overview;
  document.getElementById("title").textContent = title;
  for (const [name, count] of Object.entries({
    buildings: counts.clusters,
    alone: counts.singletons,
    doubtful: counts.doubtful,
  })) {
    document.querySelector(`[data-view=${name}] .count`).textContent = count.toLocaleString("en");
  }
  for (const [name, label] of Object.entries({ undo, redo })) {
    tools[name].disabled = label === null;
    const word = name === "undo" ? "Undo" : "Redo";
    tools[name].setAttribute("aria-label", label === null ? word : `${word}: ${label}`);
    tools[name].title = `${label === null ? word : `${word}: ${label}`} (${keyOf(name)})`;
  }
  document.getElementById("effort").textContent = plural(counts.actions, "action");
  const open =
    counts.unapplied > 0
      ? `${plural(counts.unapplied, "change")} not yet in clusters.json`
      : "clusters.json has every change";
  tools.write.title = `${open} (${keyOf("write")})`;
  tools.write.classList.toggle("is-primary", counts.unapplied > 0);
  tools.write.disabled = counts.unapplied === 0;
  showSkipped(store.overview.skipped ?? []);
}

function showSkipped(skipped) {
  const note = document.getElementById("skipped");
  note.hidden = skipped.length === 0;
  note.textContent = `${plural(skipped.length, "photo")} skipped`;
  note.title = skipped.map(({ name, reason }) => `${name}: ${reason}`).join("\n");
}

function globalCommands() {
  const going = ["buildings", "alone", "doubtful", "map", "thresholds"].map((name) => [
    name,
    () => app.go(`#/${name}`),
  ]);
  const search = () => {
    if (field.closest(".search").hidden) app.go("#/buildings");
    field.closest(".search").hidden = false;
    field.focus();
    field.select();
  };
  const doubtful = () => app.go("#/doubtful");
  return {
    ...Object.fromEntries(going),
    search,
    next: doubtful,
    previous: doubtful,
    undo: () => store.undo(),
    redo: () => store.redo(),
    write: () => store.write(),
    help: showHelp,
  };
}

async function start() {
  document.getElementById("tools").append(...Object.values(tools));
  showTheme(tools.theme);
  useCommands(globalCommands());
  listenToSearch();
  store.addEventListener("overview", showOverview);
  store.addEventListener("change", ({ detail }) =>
    detail.waitFor(Promise.resolve(current?.change(detail)).catch(complain)),
  );
  document.addEventListener("lost-focus", () => current?.focus());
  document.addEventListener("keydown", takeFocus);
  addEventListener("hashchange", () => keysWaitFor(route()).catch(complain));
  await store.start();
  await route();
}

keysWaitFor(start()).catch(complain);
