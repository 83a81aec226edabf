// The large view of photos, the search box and the print button. A classic script: modules do not load from a disk.
"use strict";
(() => {
  const make = (tag, properties = {}, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };

  // -- the large view --

  // A photo may stand on a page twice; the large view goes through each once.
  const views = [...document.querySelectorAll("a.view")];
  const links = [...new Map(views.map((link) => [link.href, link]).reverse()).values()].reverse();
  let viewer = null;
  let shown = 0;

  const button = (label, text, action) => {
    const made = make("button", { type: "button", className: "button", textContent: text });
    made.setAttribute("aria-label", label);
    made.addEventListener("click", action);
    return made;
  };

  const makeViewer = () => {
    const image = make("img");
    const words = make("p");
    words.setAttribute("role", "status");
    const bar = make(
      "div",
      { className: "bar" },
      words,
      button("Photo before", "‹", () => show(shown - 1)),
      button("Next photo", "›", () => show(shown + 1)),
      button("Close", "✕", () => viewer.close()),
    );
    viewer = make("dialog", { className: "viewer" }, image, bar);
    viewer.setAttribute("aria-label", "Photo");
    viewer.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (step) {
        event.preventDefault();
        show(shown + step);
      }
    });
    viewer.addEventListener("close", () => links[shown].focus());
    document.body.append(viewer);
  };

  const show = (place) => {
    shown = (place + links.length) % links.length;
    const link = links[shown];
    const small = link.querySelector("img");
    const image = viewer.querySelector("img");
    image.src = link.href;
    image.alt = small.alt;
    const time = link.closest("figure").querySelector("time");
    viewer.querySelector("p").textContent = [small.alt, time && time.textContent, `${shown + 1} of ${links.length}`]
      .filter(Boolean)
      .join("  ·  ");
  };

  for (const link of views) {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      if (!viewer) makeViewer();
      show(links.findIndex((other) => other.href === link.href));
      viewer.showModal();
    });
  }

  // -- the search box --

  const MOST = 30;
  const form = document.querySelector(".search");
  const input = form.querySelector("input");
  const found = form.querySelector(".found");
  const list = found.querySelector("ul");
  const root = form.dataset.root;

  const loadIndex = () => {
    if (loadIndex.isAsked) return;
    loadIndex.isAsked = true;
    const script = make("script", { src: `${root}assets/search-index.js` });
    script.addEventListener("load", search);
    document.head.append(script);
  };

  const row = (text, below, target) =>
    make("li", {}, make("a", { href: root + target }, text, make("small", { textContent: below })));

  const search = () => {
    const wanted = input.value.trim().toLowerCase();
    const index = window.searchIndex;
    found.hidden = !wanted || !index;
    list.replaceChildren();
    if (found.hidden) return;
    const rows = [];
    let count = 0;
    for (const [title, path] of index.targets.slice(0, index.buildings)) {
      if (title.toLowerCase().includes(wanted) && ++count <= MOST) rows.push(row(title, "building", path));
    }
    for (const [name, target, place] of index.photos) {
      if (name.toLowerCase().includes(wanted) && ++count <= MOST) {
        rows.push(row(name, index.targets[target][0], `${index.targets[target][1]}#photo-${place}`));
      }
    }
    list.append(...rows);
    const more = count > MOST ? `, the first ${MOST} of them` : "";
    found.querySelector("p").textContent = `${count.toLocaleString("en")} found${more}`;
  };

  input.addEventListener("focus", loadIndex);
  input.addEventListener("input", () => {
    loadIndex();
    search();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const first = list.querySelector("a");
    if (first) first.click();
  });
  form.addEventListener("keydown", (event) => {
    const stops = [input, ...list.querySelectorAll("a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") {
      found.hidden = true;
      input.focus();
    } else if (step) {
      event.preventDefault();
      stops[Math.min(Math.max(stops.indexOf(document.activeElement) + step, 0), stops.length - 1)].focus();
    }
  });
  document.addEventListener("click", (event) => {
    if (!form.contains(event.target)) found.hidden = true;
  });

  // -- the print button --

  for (const each of document.querySelectorAll("[data-print]")) {
    each.hidden = false;
    each.addEventListener("click", () => window.print());
  }
})();
