// Moving and zooming the map, and tiles of a server where the report was made with --map_tiles.
"use strict";
(() => {
  const EARTH_RADIUS_M = 6371008.8;
  const TILE = 256;
  const MOST_ZOOM = 19;
  const MOST_TILES = 80;
  const svg = document.getElementById("map");
  const frame = svg.closest(".map-frame");
  let view = svg.getAttribute("viewBox").split(" ").map(Number);
  const whole = svg.dataset.whole.split(" ").map(Number);
  let isDrawn = false;

  const draw = () => {
    if (isDrawn) return;
    isDrawn = true;
    requestAnimationFrame(() => {
      isDrawn = false;
      svg.setAttribute("viewBox", view.join(" "));
      drawScale();
      drawTiles();
    });
  };

  const niceLength = (most) => {
    const power = 10 ** Math.floor(Math.log10(most));
    return [5, 2, 1, 0.5].find((factor) => factor * power <= most) * power;
  };

  const drawScale = () => {
    const length = niceLength(view[2] / 4);
    const bar = frame.querySelector(".scale i");
    bar.style.width = `${(100 * length) / view[2]}%`;
    bar.dataset.metres = length;
    const words = length >= 1000 ? `${(length / 1000).toLocaleString("en")} km` : `${+length.toPrecision(3)} m`;
    frame.querySelector(".scale span").textContent = words;
  };

  const zoom = (factor, x = view[0] + view[2] / 2, y = view[1] + view[3] / 2) => {
    const width = Math.min(Math.max(view[2] * factor, 5), Math.max(whole[2] * 2, 100));
    const ratio = width / view[2];
    view = [x - (x - view[0]) * ratio, y - (y - view[1]) * ratio, width, view[3] * ratio];
    draw();
  };

  const goTo = (mapped) => {
    const width = Math.max(60, 4 * Number(mapped.dataset.radius));
    const height = (width * whole[3]) / whole[2];
    view = [Number(mapped.dataset.x) - width / 2, Number(mapped.dataset.y) - height / 2, width, height];
    for (const other of svg.querySelectorAll(".is-shown")) other.classList.remove("is-shown");
    mapped.classList.add("is-shown");
    draw();
  };

  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return [
      view[0] + ((event.clientX - box.left) / box.width) * view[2],
      view[1] + ((event.clientY - box.top) / box.height) * view[3],
    ];
  };

  // -- wheel, drag, pinch, keys, buttons --

  svg.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoom(2 ** (Math.sign(event.deltaY) * Math.min(Math.abs(event.deltaY) / 200, 0.5)), ...place(event));
    },
    { passive: false },
  );

  const fingers = new Map();
  let moved = 0;
  svg.addEventListener("pointerdown", (event) => {
    if (fingers.size === 0) moved = 0;
    fingers.set(event.pointerId, event);
  });
  svg.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    moved += Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
    const other = [...fingers.values()].find((finger) => finger.pointerId !== event.pointerId);
    if (other) {
      const apart = (finger) => Math.hypot(finger.clientX - other.clientX, finger.clientY - other.clientY) || 1;
      zoom(apart(before) / apart(event), ...place(other));
    } else {
      const scale = view[2] / svg.getBoundingClientRect().width;
      view[0] -= (event.clientX - before.clientX) * scale;
      view[1] -= (event.clientY - before.clientY) * scale;
      draw();
    }
    // Only once it is a drag: a captured press would click the map and not the building.
    if (moved > 6 && !svg.hasPointerCapture(event.pointerId)) svg.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
  });
  for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) {
    svg.addEventListener(end, (event) => fingers.delete(event.pointerId));
  }
  svg.addEventListener("dragstart", (event) => event.preventDefault());
  svg.addEventListener("click", (event) => {
    if (moved > 6) event.preventDefault();
  });

  svg.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (step) {
      view[0] += (step[0] * view[2]) / 8;
      view[1] += (step[1] * view[3]) / 8;
      draw();
    } else if (event.key === "+" || event.key === "=") zoom(0.5);
    else if (event.key === "-") zoom(2);
    else return;
    event.preventDefault();
  });

  frame.querySelector(".zoom").hidden = false;
  for (const button of frame.querySelectorAll("[data-zoom]")) {
    button.addEventListener("click", () => {
      if (button.dataset.zoom === "all") {
        view = whole.slice();
        draw();
      } else zoom(Number(button.dataset.zoom));
    });
  }

  for (const button of document.querySelectorAll("[data-goes]")) {
    button.hidden = false;
    button.setAttribute("aria-label", `Show ${button.previousElementSibling.firstChild.nextSibling.textContent.trim()} on the map`);
    button.addEventListener("click", () => {
      goTo(document.getElementById(button.dataset.goes));
      frame.scrollIntoView({ block: "nearest" });
    });
  }
  for (const link of document.querySelectorAll("[data-shows]")) {
    const mapped = document.getElementById(link.dataset.shows);
    for (const start of ["mouseenter", "focus"]) link.addEventListener(start, () => mapped.classList.add("is-shown"));
    for (const end of ["mouseleave", "blur"]) link.addEventListener(end, () => mapped.classList.remove("is-shown"));
  }

  const goToHash = () => {
    const mapped = location.hash && document.getElementById(location.hash.slice(1));
    if (mapped && mapped.dataset.x) {
      goTo(mapped);
      window.scrollTo(0, 0);
    }
  };
  window.addEventListener("hashchange", goToHash);

  // -- tiles --

  const latitude = (Number(svg.dataset.latitude) * Math.PI) / 180;
  const longitude = Number(svg.dataset.longitude);
  const turn = 2 * Math.PI * EARTH_RADIUS_M * Math.cos(latitude); // metres of the map round the world
  const origin = [longitude / 360 + 0.5, 0.5 - Math.asinh(Math.tan(latitude)) / (2 * Math.PI)];

  const drawTiles = () => {
    const template = svg.dataset.tiles;
    if (!template) return;
    const wanted = (turn / TILE) * (svg.clientWidth / view[2]);
    const z = Math.min(Math.max(Math.round(Math.log2(wanted)), 0), MOST_ZOOM);
    const count = 2 ** z;
    const side = turn / count;
    const first = [0, 1].map((axis) => Math.floor(origin[axis] * count + view[axis] / side));
    const last = [0, 1].map((axis) => Math.floor(origin[axis] * count + (view[axis] + view[axis + 2]) / side));
    const tiles = [];
    for (let y = Math.max(first[1], 0); y <= Math.min(last[1], count - 1); y++) {
      for (let x = first[0]; x <= last[0] && tiles.length < MOST_TILES; x++) {
        const tile = document.createElementNS("http://www.w3.org/2000/svg", "image");
        const column = ((x % count) + count) % count;
        const address = template.replace("{z}", z).replace("{x}", column).replace("{y}", y);
        const values = { href: address, width: side, height: side, preserveAspectRatio: "none" };
        values.x = (x - origin[0] * count) * side;
        values.y = (y - origin[1] * count) * side;
        for (const [name, value] of Object.entries(values)) tile.setAttribute(name, value);
        tiles.push(tile);
      }
    }
    document.getElementById("tiles").replaceChildren(...tiles);
  };

  drawScale();
  drawTiles();
  goToHash();
})();
