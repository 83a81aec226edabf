/** All automatic methods beside each other, as each is ready. */

import { complain } from "/static/announce.js";
import { openDialog } from "/static/dialogs.js";
import { button, element, plural } from "/static/dom.js";
import { addressOf, change, finish } from "./calls.js";

const PREVIEW_SIDE = 512;

/**
 * Show the sheet.
 * @param {import("./session.js").Session} session
 * @param {Object[]} methods - Of the overview.
 * @param {Object<string, Object>} parameters - By method, where they are not the defaults.
 * @returns {Promise<{method: string, result: Object}|null>} Null when none was chosen.
 */
export async function showSheet(session, methods, parameters) {
  const automatic = new Set(methods.filter((one) => one.is_automatic).map((one) => one.name));
  const given = Object.fromEntries(Object.entries(parameters).filter(([method]) => automatic.has(method)));
  const { jobs } = await change(`photos/${session.photo}/sheet`, { parameters: given });
  const ending = new AbortController();
  let chosen = null;
  const choose = (method, result) => {
    chosen = { method, result };
    dialog.close();
  };
  const cards = Object.entries(jobs).map(([method, job]) => methodCard(session, method, job, ending.signal, choose));
  const dialog = openDialog({
    title: "All methods",
    className: "full",
    content: element("ul", { class: "sheet" }, cards),
  });
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      ending.abort();
      change(`photos/${session.photo}/sheet/cancel`).catch(complain);
      resolve(chosen);
    }),
  );
}

function methodCard(session, method, job, signal, choose) {
  const facts = element("span", { class: "soft number" }, "waits");
  const picture = element("div", { class: "sheet-picture is-coming" });
  const use = button({ text: "Use", "aria-label": `Use ${method}`, disabled: true, onclick: () => {} });
  const card = element(
    "li",
    { class: "sheet-card" },
    picture,
    element("div", { class: "row spread" }, element("div", {}, element("strong", {}, method), " ", facts), use),
  );
  const show = async () => {
    const started = performance.now();
    const onprogress = (now) => (facts.textContent = now.state === "running" ? "is being computed" : "waits");
    const result = await finish(job, { signal, onprogress });
    const seconds = (performance.now() - started) / 1000;
    const src = addressOf(session.photo, `labels/${result.file}/preview?side=${PREVIEW_SIDE}`);
    picture.replaceChildren(element("img", { src, alt: `Segments of ${method}` }));
    picture.classList.remove("is-coming");
    facts.textContent = `${plural(result.count, "segment")}${seconds > 0.5 ? `, ${seconds.toFixed(1)} s` : ""}`;
    use.disabled = false;
    use.onclick = () => choose(method, result);
  };
  show().catch((error) => {
    if (signal.aborted) return;
    picture.classList.remove("is-coming");
    facts.textContent = error.message;
  });
  return card;
}
