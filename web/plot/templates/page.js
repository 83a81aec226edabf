"use strict";
// A map of photos on a canvas: dots far out, tiles from sheets nearer, thumbnails of their own files nearest.
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const at = (id) => document.getElementById(id);
  const { names, labels, tiles } = content;
  const count = names.length;
  const clusters = new Map(content.clusters.map(([number, size, colour, title]) => [number, { size, colour, title }]));
  const colourOf = (photo) => (labels[photo] < 0 ? content.grey : content.palette[clusters.get(labels[photo]).colour]);
  const colours = names.map((_, photo) => colourOf(photo));
  const rankOf = new Map(content.clusters.map(([number], rank) => [number, rank]));
  const SHAPES = 4; // circle, square, triangle, diamond: clusters of one colour differ in these too

  const TILES_FROM = 24, OWN_FROM = 76, LARGEST = 150; // sides of tiles in pixels; from OWN_FROM on, own files
  const MOST_OWN = 250; // pictures of their own that are kept in memory
  const FADED = 0.12;
  const ZOOM = 1.35, PAN = 60, MAX_SCALE = 4000;
  const canvas = at("map"), stage = at("stage"), card = at("card");
  const pen = canvas.getContext("2d");

  let xs = content.maps[0].x, ys = content.maps[0].y;
  let width = 1, height = 1;
  let scale = 1, left = 0, top = 0; // pixel = left + x * base * scale
  let highlighted = null; // a Set of photos; null highlights all
  let pointed = -1, chosen = -1;
  let tileSide = 0; // of what is drawn now; 0 for dots
  let drawn = []; // photos on the screen, the topmost last

  const base = () => Math.min(width, height) * 0.46;
  const px = (photo) => left + xs[photo] * base() * scale;
  const py = (photo) => top - ys[photo] * base() * scale;

  // -- pictures, loaded when they are needed first

  const sheets = new Map(), own = new Map();
  function load(cache, key, url) {
    let image = cache.get(key);
    if (!image) {
      image = new Image();
      image.onload = ask;
      image.src = url;
      cache.set(key, image);
    }
    return image.complete && image.naturalWidth > 0 ? image : null;
  }

  function ownPicture(photo) {
    const url = content.photos[photo];
    if (url === null) return null;
    if (!own.has(photo) && own.size >= MOST_OWN) own.delete(own.keys().next().value);
    return load(own, photo, url);
  }

  function drawPicture(photo, x, y, side) {
    const image = side >= OWN_FROM ? ownPicture(photo) : null;
    if (image) {
      const square = Math.min(image.naturalWidth, image.naturalHeight);
      const from = [(image.naturalWidth - square) / 2, (image.naturalHeight - square) / 2];
      pen.drawImage(image, ...from, square, square, x, y, side, side);
      return;
    }
    const perSheet = content.sheet_columns ** 2, number = Math.floor(tiles[photo] / perSheet);
    const sheet = load(sheets, number, content.sheets[number]);
    if (!sheet) {
      pen.fillStyle = content.grey;
      pen.fillRect(x, y, side, side);
      return;
    }
    const place = tiles[photo] % perSheet, size = content.tile_side;
    const column = place % content.sheet_columns, row = Math.floor(place / content.sheet_columns);
    pen.drawImage(sheet, column * size, row * size, size, size, x, y, side, side);
  }

  // -- drawing

  let isAsked = false;
  function ask() {
    if (isAsked) return;
    isAsked = true;
    requestAnimationFrame(() => {
      isAsked = false;
      draw();
    });
  }

  function shape(photo, x, y, radius) {
    const kind = labels[photo] < 0 ? 0 : rankOf.get(labels[photo]) % SHAPES;
    pen.beginPath();
    if (kind === 0) pen.arc(x, y, radius, 0, 2 * Math.PI);
    else if (kind === 1) pen.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8);
    else if (kind === 2) {
      pen.moveTo(x, y - radius * 1.2);
      pen.lineTo(x + radius * 1.1, y + radius * 0.8);
      pen.lineTo(x - radius * 1.1, y + radius * 0.8);
    } else {
      pen.moveTo(x, y - radius * 1.25);
      pen.lineTo(x + radius * 1.25, y);
      pen.lineTo(x, y + radius * 1.25);
      pen.lineTo(x - radius * 1.25, y);
    }
    pen.closePath();
    pen.fill();
  }

  const isLit = (photo) => highlighted === null || highlighted.has(photo);

  function onScreen() {
    const found = [];
    for (let photo = 0; photo < count; photo += 1) {
      const x = px(photo), y = py(photo);
      if (x > -LARGEST && y > -LARGEST && x < width + LARGEST && y < height + LARGEST) found.push(photo);
    }
    // what is meant lies on top, singles lie below clusters
    const depth = (photo) => (isLit(photo) ? 2 : 0) + (labels[photo] < 0 ? 0 : 1);
    return found.sort((one, other) => depth(one) - depth(other) || one - other);
  }

  function draw() {
    performance.clearMeasures("draw");
    const start = performance.now();
    pen.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
    pen.clearRect(0, 0, width, height);
    drawn = onScreen();
    const side = Math.min(Math.sqrt((width * height) / Math.max(drawn.length, 1)) * 0.62, LARGEST);
    tileSide = side >= TILES_FROM ? side : 0;
    const radius = Math.max(2.4, Math.min(6, side * 0.3));
    for (const photo of drawn) {
      const x = px(photo), y = py(photo);
      pen.globalAlpha = isLit(photo) ? 1 : FADED;
      pen.fillStyle = colours[photo];
      if (tileSide) {
        pen.fillRect(x - side / 2 - 3, y - side / 2 - 3, side + 6, side + 6);
        drawPicture(photo, x - side / 2, y - side / 2, side);
      } else shape(photo, x, y, radius);
    }
    pen.globalAlpha = 1;
    for (const photo of [pointed, chosen]) if (photo >= 0) ring(photo, tileSide ? side / 2 + 5 : radius + 4);
    performance.measure("draw", { start, end: performance.now() });
  }

  function ring(photo, radius) {
    pen.strokeStyle = getComputedStyle(canvas).color;
    pen.lineWidth = 3;
    pen.strokeRect(px(photo) - radius, py(photo) - radius, 2 * radius, 2 * radius);
  }

  // -- moving

  function zoomAt(factor, x, y) {
    const next = Math.min(Math.max(scale * factor, 0.5), MAX_SCALE);
    left = x - ((x - left) * next) / scale;
    top = y - ((y - top) * next) / scale;
    scale = next;
    ask();
  }

  function showAll() {
    scale = 1;
    left = width / 2;
    top = height / 2;
    if (count) {
      let low = [Infinity, Infinity], high = [-Infinity, -Infinity];
      for (let photo = 0; photo < count; photo += 1) {
        low = [Math.min(low[0], xs[photo]), Math.min(low[1], ys[photo])];
        high = [Math.max(high[0], xs[photo]), Math.max(high[1], ys[photo])];
      }
      const spans = [high[0] - low[0] || 1e-9, high[1] - low[1] || 1e-9];
      scale = Math.min((width * 0.84) / spans[0], (height * 0.84) / spans[1], 60 * base()) / base();
      left = width / 2 - ((low[0] + high[0]) / 2) * base() * scale;
      top = height / 2 + ((low[1] + high[1]) / 2) * base() * scale;
    }
    ask();
  }

  // what the list of photos found leaves free
  const freeWidth = () => (at("found").hidden ? width : at("found").offsetLeft - 8);

  function goTo(photo) {
    chosen = photo;
    scale = Math.max(scale, 6);
    left = freeWidth() / 2 - xs[photo] * base() * scale;
    top = height / 2 + ys[photo] * base() * scale;
    showCard(photo, px(photo), py(photo));
    ask();
  }

  // -- what is under the pointer

  function photoAt(x, y) {
    let best = -1, nearest = Infinity;
    const reach = tileSide ? tileSide / 2 + 3 : 12;
    for (let index = drawn.length - 1; index >= 0; index -= 1) {
      const photo = drawn[index];
      const apart = Math.max(Math.abs(px(photo) - x), Math.abs(py(photo) - y));
      if (apart > reach || !isLit(photo)) continue;
      if (tileSide) return photo;
      if (apart < nearest) [best, nearest] = [photo, apart];
    }
    return best;
  }

  function clusterText(photo) {
    const label = labels[photo];
    if (label < 0) return "in no cluster";
    const { size, title } = clusters.get(label);
    return `${title ? `${title} · ` : ""}cluster ${label}, ${size.toLocaleString("en")} photos`;
  }

  function showCard(photo, x, y) {
    card.hidden = photo < 0;
    if (photo < 0) return;
    at("name").textContent = names[photo];
    at("of").textContent = clusterText(photo);
    const picture = at("picture"), url = content.photos[photo];
    picture.hidden = url === null;
    picture.alt = names[photo];
    if (url !== null && picture.getAttribute("src") !== url) picture.src = url;
    const space = (tileSide || 12) / 2 + 14;
    const free = freeWidth(), right = x + space, beyond = x - space - card.offsetWidth;
    let beside = right + card.offsetWidth <= free ? right : beyond;
    let below = y - card.offsetHeight / 2;
    if (beside < 8) {
      // no room on either side: over or under it
      beside = Math.min(x - card.offsetWidth / 2, free - card.offsetWidth);
      below = y + space + card.offsetHeight <= height ? y + space : y - space - card.offsetHeight;
    }
    below = Math.min(Math.max(below, 8), height - card.offsetHeight - 8);
    card.style.transform = `translate(${Math.max(8, beside)}px, ${Math.max(8, below)}px)`;
  }

  function point(x, y) {
    const photo = photoAt(x, y);
    if (photo === pointed) return;
    pointed = photo;
    if (photo >= 0) showCard(photo, px(photo), py(photo));
    else if (chosen >= 0) showCard(chosen, px(chosen), py(chosen));
    else showCard(-1);
    ask();
  }

  // -- pointers: one drags, two pinch

  const pointers = new Map();
  let travelled = 0;
  const spot = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, spot(event));
    if (pointers.size === 1) travelled = 0;
  });

  canvas.addEventListener("pointermove", (event) => {
    const here = spot(event), before = pointers.get(event.pointerId);
    if (!before) {
      point(...here);
      return;
    }
    if (pointers.size === 2) {
      const other = [...pointers].find(([id]) => id !== event.pointerId)[1];
      const span = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]) || 1;
      zoomAt(span(here) / span(before), (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
    } else {
      left += here[0] - before[0];
      top += here[1] - before[1];
    }
    travelled += Math.hypot(here[0] - before[0], here[1] - before[1]);
    if (travelled > 6) canvas.classList.add("is-moving");
    pointers.set(event.pointerId, here);
    if (chosen >= 0) showCard(chosen, px(chosen), py(chosen));
    ask();
  });

  function release(event) {
    if (pointers.delete(event.pointerId) && event.type === "pointerup" && travelled <= 6) {
      chosen = photoAt(...spot(event));
      pointed = -1;
      showCard(chosen, px(chosen), py(chosen));
      ask();
    }
    canvas.classList.remove("is-moving");
  }
  canvas.addEventListener("pointerup", release);
  canvas.addEventListener("pointercancel", release);
  canvas.addEventListener("pointerleave", () => point(-1e6, -1e6));
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0018)), ...spot(event));
      showCard(-1);
    },
    { passive: false },
  );

  const KEYS = {
    ArrowLeft: () => (left += PAN),
    ArrowRight: () => (left -= PAN),
    ArrowUp: () => (top += PAN),
    ArrowDown: () => (top -= PAN),
    "+": () => zoomAt(ZOOM, width / 2, height / 2),
    "=": () => zoomAt(ZOOM, width / 2, height / 2),
    "-": () => zoomAt(1 / ZOOM, width / 2, height / 2),
    0: showAll,
    Escape: () => ((chosen = -1), showCard(-1)),
  };
  canvas.addEventListener("keydown", (event) => {
    if (!(event.key in KEYS) || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    KEYS[event.key]();
    ask();
  });
  at("in").addEventListener("click", KEYS["+"]);
  at("out").addEventListener("click", KEYS["-"]);
  at("all").addEventListener("click", showAll);

  // -- search and clusters

  const MOST_RESULTS = 60;
  function find() {
    const text = at("search").value.trim().toLocaleLowerCase();
    const cluster = at("cluster").value;
    at("found").hidden = text === "" && cluster === "";
    chosen = pointed = -1;
    showCard(-1);
    if (at("found").hidden) {
      highlighted = null;
      ask();
      return;
    }
    const found = [];
    for (let photo = 0; photo < count; photo += 1) {
      if (cluster !== "" && String(labels[photo]) !== cluster) continue;
      if (text === "" || names[photo].toLocaleLowerCase().includes(text)) found.push(photo);
    }
    highlighted = new Set(found);
    const more = found.length > MOST_RESULTS ? `, the first ${MOST_RESULTS} listed` : "";
    at("count").textContent = `${found.length.toLocaleString("en")} ${found.length === 1 ? "photo" : "photos"}${more}`;
    at("results").replaceChildren(
      ...found.slice(0, MOST_RESULTS).map((photo) => {
        const item = document.createElement("li"), button = document.createElement("button");
        button.type = "button";
        button.textContent = names[photo];
        button.addEventListener("click", () => goTo(photo));
        item.append(button);
        return item;
      }),
    );
    ask();
  }
  at("search").addEventListener("input", find);
  at("cluster").addEventListener("change", find);

  function addCluster(value, text) {
    const option = document.createElement("option");
    option.value = value;
    option.textContent = text;
    at("cluster").append(option);
  }
  for (const [number, { size, title }] of clusters) {
    addCluster(String(number), `${title ? `${title} · ` : ""}cluster ${number} (${size.toLocaleString("en")})`);
  }
  if (labels.some((label) => label < 0)) addCluster("-1", "photos alone");

  for (const [index, map] of content.maps.entries()) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button";
    button.textContent = map.name;
    button.setAttribute("aria-pressed", String(index === 0));
    button.addEventListener("click", () => {
      [xs, ys] = [map.x, map.y];
      for (const other of at("methods").children) other.setAttribute("aria-pressed", String(other === button));
      pointed = chosen = -1;
      showCard(-1);
      showAll();
    });
    at("methods").append(button);
  }
  at("methods").hidden = content.maps.length < 2;

  function resize() {
    const isFirst = canvas.width === 300 && scale === 1 && left === 0;
    const middle = [(width / 2 - left) / base(), (height / 2 - top) / base()];
    [width, height] = [stage.clientWidth, stage.clientHeight];
    canvas.width = Math.round(width * devicePixelRatio);
    canvas.height = Math.round(height * devicePixelRatio);
    if (isFirst) showAll();
    else [left, top] = [width / 2 - middle[0] * base(), height / 2 - middle[1] * base()];
    draw();
  }
  new ResizeObserver(resize).observe(stage);
})();
