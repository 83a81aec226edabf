"use strict";

const content = JSON.parse(document.getElementById("content").textContent);
const list = document.getElementById("queries");
const count = document.getElementById("count");
const search = document.getElementById("search");
const buttons = [...document.querySelectorAll("#filter button")];
const items = [];
let show = "all";

document.documentElement.style.setProperty("--tile", `${content.tile}px`);

function element(tag, className, text) {
  const made = document.createElement(tag);
  made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function figure(photo, mark, className) {
  const [name, url] = content.photos[photo];
  const made = element("figure", className);
  const frame = element("div", "frame");
  if (url === null) {
    frame.textContent = "not there";
  } else {
    const image = document.createElement("img");
    image.src = url;
    image.alt = name;
    image.loading = "lazy";
    frame.append(image);
  }
  const caption = document.createElement("figcaption");
  caption.append(element("span", "mark number", mark), element("span", "name soft", name));
  caption.lastChild.title = name;
  made.append(frame, caption);
  return made;
}

function said(query) {
  if (!query.is_judged) return "query";
  if (query.rank === null) return "query: none is right";
  return query.rank === 1 ? "query: first is right" : `query: number ${query.rank} is right`;
}

for (const query of content.queries) {
  const item = element("li", "query panel");
  item.append(figure(query.photo, said(query), ""));
  const neighbours = element("ol", "neighbours");
  neighbours.tabIndex = 0;
  neighbours.setAttribute("aria-label", `What ${content.photos[query.photo][0]} finds, best first`);
  for (const [photo, score, isRight] of query.neighbours) {
    const mark = isRight === null ? "" : isRight ? " ✓ right" : " ✗ wrong";
    const place = element("li", "");
    place.append(figure(photo, score.toFixed(3) + mark, isRight === null ? "" : isRight ? "is-right" : "is-wrong"));
    neighbours.append(place);
  }
  if (!query.neighbours.length) neighbours.append(element("li", "soft", "finds nothing"));
  item.append(neighbours);
  for (const photo of query.missed) {
    const wanted = element("div", "missed");
    wanted.append(figure(photo, "should be found", ""));
    item.append(wanted);
  }
  list.append(item);
  const names = [query.photo, ...query.neighbours.map((one) => one[0])].map((photo) => content.photos[photo][0]);
  const isCorrect = query.rank !== null && query.rank <= content.at;
  items.push({ item, names: names.join("\n").toLowerCase(), kind: query.is_judged ? (isCorrect ? "correct" : "incorrect") : "" });
}

function refresh() {
  const text = search.value.trim().toLowerCase();
  let shown = 0;
  for (const { item, names, kind } of items) {
    item.hidden = (show !== "all" && kind !== show) || !names.includes(text);
    shown += !item.hidden;
  }
  count.textContent = shown === items.length ? "" : `${shown} of ${items.length} shown`;
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.show === show));
}

for (const button of buttons) {
  button.addEventListener("click", () => {
    show = button.dataset.show;
    refresh();
  });
}
search.addEventListener("input", refresh);
refresh();
