"use strict";
// What each threshold gives: four curves, two handles, sample pairs beside the threshold. No network, no libraries.
(() => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const columns = content.columns;
  const thresholds = columns.threshold; // by falling value; point 0 is the strictest
  const last = thresholds.length - 1;
  const PANELS = [
    { key: "similar_pairs", name: "similar pairs", log: true },
    { key: "clusters", name: "clusters" },
    { key: "clustered_photos", name: "clustered photos" },
    { key: "largest_cluster", name: "largest cluster" },
  ];
  const BESIDE = 3;
  const SVG = "http://www.w3.org/2000/svg";
  const TOP = 88, BOTTOM = 28, LEFT = 58, RIGHT = 16, BETWEEN = 26;
  const say = (number) => number.toLocaleString("en");
  const at = (id) => document.getElementById(id);

  const chart = at("chart");
  const handles = { strong: at("strong"), weak: at("weak") };
  const points = { strong: content.defaults.strong, weak: Math.max(content.defaults.weak, content.defaults.strong) };
  let active = "strong";
  let hovered = null; // the point under the pointer
  let size = { width: 0, height: 0 };

  // -- places on the chart

  const highest = thresholds[0], lowest = thresholds[last];
  const margin = (highest - lowest || Math.abs(highest) || 1) * 0.02;
  const from = lowest - margin, to = highest + margin;
  const xOf = (value) => LEFT + ((value - from) / (to - from)) * (size.width - LEFT - RIGHT);
  const valueAt = (x) => from + ((x - LEFT) / (size.width - LEFT - RIGHT)) * (to - from);

  function nearest(value) {
    let low = 0, high = last; // the first point at or below the value
    while (low < high) {
      const middle = (low + high) >> 1;
      if (thresholds[middle] <= value) high = middle;
      else low = middle + 1;
    }
    if (low > 0 && thresholds[low - 1] - value < value - thresholds[low]) return low - 1;
    return low;
  }

  function panelBox(index) {
    const height = (size.height - TOP - BOTTOM - BETWEEN * (PANELS.length - 1)) / PANELS.length;
    return { top: TOP + index * (height + BETWEEN), height };
  }

  function yOf(panel, index, number) {
    const box = panelBox(index);
    const most = Math.max(1, columns[panel.key][last]);
    const scale = panel.peak || most;
    const share = panel.log ? Math.log1p(number) / Math.log1p(scale) : number / scale;
    return box.top + box.height * (1 - share);
  }

  // -- drawing

  function element(name, attributes, parent, text) {
    const made = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    parent.append(made);
    return made;
  }

  function niceStep(span, most) {
    const power = 10 ** Math.floor(Math.log10(span / most));
    return [1, 2, 5, 10].map((factor) => factor * power).find((step) => span / step <= most);
  }

  function drawAxis(svg) {
    const step = niceStep(to - from, Math.max(3, Math.floor(size.width / 90)));
    const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    for (let mark = Math.ceil(from / step); mark * step <= to; mark += 1) {
      const x = xOf(mark * step);
      element("line", { class: "grid", x1: x, x2: x, y1: TOP, y2: size.height - BOTTOM }, svg);
      const text = { x, y: size.height - 8, "text-anchor": "middle" };
      element("text", text, svg, (mark * step).toFixed(decimals));
    }
  }

  function path(panel, index) {
    const numbers = columns[panel.key];
    const parts = [`M${xOf(to)} ${yOf(panel, index, 0)}H${xOf(thresholds[0])}`];
    for (let point = 0; point <= last; point += 1) {
      const x = xOf(point < last ? thresholds[point + 1] : from);
      parts.push(`V${yOf(panel, index, numbers[point]).toFixed(1)}H${x.toFixed(1)}`);
    }
    return parts.join("");
  }

  function draw() {
    size = { width: chart.clientWidth, height: chart.clientHeight };
    const svg = at("curves");
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
    drawAxis(svg);
    PANELS.forEach((panel, index) => {
      panel.peak = columns[panel.key].reduce((most, number) => Math.max(most, number), 1);
      const box = panelBox(index), base = box.top + box.height;
      const line = path(panel, index);
      element("path", { class: "area", d: `${line}V${base}H${xOf(to)}Z` }, svg);
      element("line", { class: "grid", x1: LEFT, x2: size.width - RIGHT, y1: base, y2: base }, svg);
      element("path", { class: "curve", d: line }, svg);
      element("text", { x: LEFT - 8, y: box.top + 10, "text-anchor": "end" }, svg, say(panel.peak));
      element("text", { x: LEFT - 8, y: base, "text-anchor": "end" }, svg, "0");
      const name = panel.log ? `${panel.name} (log scale)` : panel.name;
      element("text", { class: "name", x: LEFT, y: box.top - 7 }, svg, name);
      panel.dot = element("circle", { class: "dot", r: 4 }, svg);
    });
    place();
  }

  function place() {
    for (const [name, handle] of Object.entries(handles)) {
      const x = xOf(thresholds[points[name]]);
      handle.style.left = `${x}px`;
      const knob = handle.firstElementChild;
      knob.textContent = `${name} ${thresholds[points[name]]}`;
      const half = knob.offsetWidth / 2;
      const shift = Math.max(half - x, 0) - Math.max(half - (size.width - x), 0); // stay on the chart
      knob.style.setProperty("--shift", `${shift - half}px`);
    }
    const point = hovered ?? points[active];
    const guide = at("guide");
    guide.hidden = hovered === null;
    guide.style.left = `${xOf(thresholds[point])}px`;
    PANELS.forEach((panel, index) => {
      panel.dot.setAttribute("cx", xOf(thresholds[point]));
      panel.dot.setAttribute("cy", yOf(panel, index, columns[panel.key][point]));
    });
  }

  // -- numbers and sample pairs

  function describe(point) {
    const [pairs, clusters, clustered, largest] = PANELS.map((panel) => say(columns[panel.key][point]));
    return `${thresholds[point]}: ${pairs} similar pairs, ${clusters} clusters of ${clustered} photos, the largest ${largest}`;
  }

  function picture(index) {
    const [name, url] = content.photos[index];
    const made = document.createElement(url === null ? "div" : "img");
    if (url === null) {
      made.className = "absent";
      made.textContent = "no picture";
    } else {
      made.src = url;
      made.alt = name;
    }
    made.title = name;
    return made;
  }

  function caption(text, kind, title) {
    const made = document.createElement("span");
    made.className = kind;
    made.textContent = text;
    if (title) made.title = title;
    return made;
  }

  function pairItem([, first, second, score]) {
    const item = document.createElement("li");
    item.className = "pair";
    const line = document.createElement("div");
    line.className = "caption";
    const names = [first, second].map((index) => content.photos[index][0]);
    const short = names.map((name) => caption(name.slice(name.lastIndexOf("/") + 1), "name", name));
    line.append(short[0], caption(String(score), "number"), short[1]);
    item.append(picture(first), picture(second), line);
    return item;
  }

  function samplesBeside(point) {
    const end = columns.similar_pairs[point]; // pairs before this row are at or above the threshold
    const rows = content.samples;
    let low = 0, high = rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle][0] >= end) high = middle;
      else low = middle + 1;
    }
    return { above: rows.slice(Math.max(low - BESIDE, 0), low).reverse(), below: rows.slice(low, low + BESIDE) };
  }

  let shown = null;
  function show() {
    const point = hovered ?? points[active];
    place();
    const badge = at("badge");
    const name = ["strong", "weak"].filter((which) => points[which] === point).join(", ");
    badge.hidden = name === "";
    badge.textContent = name;
    if (shown === point) return;
    shown = point;
    at("threshold").textContent = thresholds[point];
    for (const panel of PANELS) at(panel.key).textContent = say(columns[panel.key][point]);
    const beside = samplesBeside(point);
    for (const side of ["above", "below"]) {
      at(side).replaceChildren(...beside[side].map(pairItem));
      if (beside[side].length === 0) {
        const none = document.createElement("li");
        none.className = "none";
        none.textContent = "There are no pairs.";
        at(side).append(none);
      }
    }
  }

  function update() {
    for (const [name, handle] of Object.entries(handles)) {
      handle.setAttribute("aria-valuemin", lowest);
      handle.setAttribute("aria-valuemax", highest);
      handle.setAttribute("aria-valuenow", thresholds[points[name]]);
      handle.setAttribute("aria-valuetext", describe(points[name]));
    }
    at("flags").value = flags();
    show();
  }

  // -- moving the handles

  const flags = () =>
    `--strong_edg_thresh ${thresholds[points.strong]} --weak_edg_thresh ${thresholds[points.weak]}`;

  function activate(name) {
    active = name;
    document.querySelector(`input[name="which"][value="${name}"]`).checked = true;
  }

  function move(name, point) {
    points[name] = Math.min(Math.max(point, 0), last);
    // the weak threshold is never above the strong one: the other handle gives way
    if (name === "strong") points.weak = Math.max(points.weak, points.strong);
    else points.strong = Math.min(points.strong, points.weak);
    hovered = null;
    update();
  }

  const STEPS = {
    ArrowRight: -1, ArrowUp: -1, ArrowLeft: 1, ArrowDown: 1, PageUp: -10, PageDown: 10, Home: Infinity, End: -Infinity,
  };

  for (const [name, handle] of Object.entries(handles)) {
    handle.addEventListener("focus", () => {
      activate(name);
      hovered = null;
      show();
    });
    handle.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") copy();
      else if (event.key in STEPS && !event.altKey && !event.ctrlKey && !event.metaKey) {
        move(name, points[name] + STEPS[event.key]);
      } else return;
      event.preventDefault();
    });
    const knob = handle.firstElementChild;
    knob.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      handle.focus();
      knob.setPointerCapture(event.pointerId);
    });
    knob.addEventListener("pointermove", (event) => {
      event.stopPropagation();
      if (knob.hasPointerCapture(event.pointerId)) move(name, pointUnder(event));
    });
    knob.addEventListener("click", (event) => {
      event.stopPropagation();
      copy();
    });
  }

  for (const choice of document.querySelectorAll('input[name="which"]')) {
    choice.addEventListener("change", () => {
      activate(choice.value);
      show();
    });
  }

  const pointUnder = (event) => nearest(valueAt(event.clientX - chart.getBoundingClientRect().left));

  chart.addEventListener("pointermove", (event) => {
    hovered = pointUnder(event);
    show();
  });
  chart.addEventListener("pointerleave", () => {
    hovered = null;
    show();
  });
  chart.addEventListener("click", (event) => {
    move(active, pointUnder(event));
    copy();
  });

  // -- copying

  let timer = 0;
  function tell(text, refused) {
    const said = at("said");
    said.textContent = text;
    said.className = refused ? "said is-refused" : "said";
    clearTimeout(timer);
    if (!refused) timer = setTimeout(() => said.classList.add("is-gone"), 2500);
  }

  function copyOldWay(text) {
    const before = document.activeElement;
    const field = at("flags");
    field.focus({ preventScroll: true });
    field.select();
    let done = false;
    try {
      done = document.execCommand("copy");
    } catch {
      done = false; // some browsers throw where others say no: both are told below
    }
    if (done && before instanceof HTMLElement) before.focus({ preventScroll: true });
    if (done) tell(`Copied ${text}`, false);
    else tell("Copying was refused: the flags are selected, press Ctrl+C or ⌘C", true);
  }

  async function copy() {
    const text = flags();
    try {
      await navigator.clipboard.writeText(text);
      tell(`Copied ${text}`, false);
    } catch {
      copyOldWay(text); // not allowed, or no clipboard on this kind of page
    }
  }

  at("copy").addEventListener("click", copy);
  at("flags").addEventListener("focus", () => at("flags").select());
  new ResizeObserver(draw).observe(chart);
  draw();
  update();
})();
