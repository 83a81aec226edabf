/** What can be done to buildings and photos, with the questions that it takes. */

import { complain } from "/static/announce.js";
import { get } from "/static/api.js";
import { askText, askWhether } from "/static/dialogs.js";
import { element } from "/static/dom.js";
import { keysWaitFor } from "/static/turns.js";
import { chooseCluster } from "./choose_cluster.js";
import { photoGroup } from "./photo_group.js";
import { store } from "./store.js";
import { scoreText, titleOf } from "./words.js";

/** Merge buildings and photos that are alone. */
export function merge(clusters, photos = []) {
  return store.act({ action: "merge", clusters: clusters.map(String), photos });
}

/** Merge a building with one that is asked for. */
export async function mergeWith(cluster) {
  const nearest = cluster.nearest.map((near) => String(near.number));
  const number = await chooseCluster({
    title: `Merge ${titleOf(cluster)} with`,
    nearest,
    except: [String(cluster.number)],
  });
  return number && merge([cluster.number, number]);
}

/** Move photos into a building; "new" founds one. */
export function move(photos, to) {
  return store.act({ action: "move", photos, to: String(to) });
}

/** Move photos into a building that is asked for. */
export async function moveSomewhere(photos, { nearest = [], except = [] } = {}) {
  const title = photos.length === 1 ? "Move the photo to" : `Move ${photos.length} photos to`;
  const number = await chooseCluster({ title, nearest, except, allowNew: true });
  return number && move(photos, number);
}

/** Take photos out: each is alone from now on. */
export function makeSingle(photos) {
  return store.act({ action: "single", photos });
}

/**
 * Split a building, after showing what would come of it.
 * @param {Object} cluster
 * @param {number[]} photos Those that leave; without any, it is split at its weakest link.
 */
export async function split(cluster, photos = []) {
  try {
    const parameters = { photos: photos.length > 0 ? photos.join(",") : null };
    const preview = await keysWaitFor(get(`/api/clusters/${cluster.number}/split`, parameters));
    const isSure = await askWhether({
      title: `Split ${titleOf(cluster)}`,
      yes: "Split",
      content: splitPreview(cluster, preview, photos),
    });
    return isSure && (await store.act({ action: "split", cluster: String(cluster.number), photos: preview.parted }));
  } catch (error) {
    return complain(error);
  }
}

function splitPreview(cluster, { kept, parted, link }, photos) {
  const where = photos.length > 0 ? "The selected photos leave." : "Split where it holds together least.";
  const score = link ? ` The best pair between the two halves scores ${scoreText(link.score)}.` : "";
  const headed = (ids, heading) => photoGroup(ids.length === 1 ? "Is alone from then on" : heading, ids);
  const groups = [headed(kept, `Stays ${titleOf(cluster)}`), headed(parted, "Becomes a new building")];
  return element("div", { class: "preview" }, element("p", {}, where + score), groups);
}

/** Ask for the name of a building. */
export async function nameCluster(cluster) {
  const title = `Name of building ${cluster.number}`;
  const name = await askText({
    title,
    label: "Name",
    value: cluster.name ?? "",
    placeholder: "Town hall, for instance",
  });
  return (
    name !== null &&
    name !== (cluster.name ?? "") &&
    store.act({ action: "name", cluster: String(cluster.number), name })
  );
}

/** Ask for the note on a building. */
export async function noteCluster(cluster) {
  const text = await askText({
    title: `Note on ${titleOf(cluster)}`,
    label: "Note",
    value: cluster.note ?? "",
    isLong: true,
  });
  return (
    text !== null &&
    text !== (cluster.note ?? "") &&
    store.act({ action: "note", cluster: String(cluster.number), text })
  );
}

/** Lock a building, or unlock it. */
export function lock(cluster) {
  return store.act({ action: "lock", cluster: String(cluster.number), locked: !cluster.locked });
}

/** Let a photo stand for its building, or no longer. */
export function setRepresentative(cluster, photo) {
  const { id: chosen, representative } = photo;
  return store.act({
    action: "representative",
    cluster: String(cluster.number),
    photo: chosen,
    is_representative: !representative,
  });
}

/** Put photos on the map; null takes them off. */
export function place(photos, position) {
  return store.act({ action: "place", photos, position });
}

/** Answer a doubtful join. */
export function answer(key, word) {
  return store.act({ action: "answer", key, answer: word });
}
