/** Calls to the painting server. Its addresses lie below a base: it may be served by itself or within the review. */

import { get, getFile, post } from "/static/api.js";

export const base = document.querySelector("meta[name=base]").content;

/** The address of something of a photo. */
export function addressOf(photo, rest) {
  return `${base}api/photos/${photo}/${rest}`;
}

/** Read something of the server. */
export function read(path, parameters, signal) {
  return get(`${base}api/${path}`, parameters, signal);
}

/** Change something on the server. */
export function change(path, body = {}) {
  return post(`${base}api/${path}`, body);
}

/**
 * Read whole numbers of 32 bit.
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<{numbers: Int32Array, revision: number}>}
 */
export async function readNumbers(path, signal) {
  const response = await getFile(`${base}api/${path}`, signal);
  const numbers = new Int32Array(await response.arrayBuffer());
  return { numbers, revision: Number(response.headers.get("X-Revision")) };
}

/**
 * Wait until a job ends.
 * @param {Object} job - As the server gave it.
 * @param {{signal?: AbortSignal, onprogress?: (job: Object) => void}} [options] - The signal ends the job.
 * @returns {Promise<Object>} Its result.
 */
export async function finish(job, { signal, onprogress = () => {} } = {}) {
  let now = job;
  const cancelling = () => change(`jobs/${job.job}/cancel`).catch(() => {});
  signal?.addEventListener("abort", cancelling, { once: true });
  try {
    while (now.state === "waiting" || now.state === "running") {
      onprogress(now);
      signal?.throwIfAborted();
      now = await read(`jobs/${job.job}`, { wait: 1 }, signal);
    }
  } finally {
    signal?.removeEventListener("abort", cancelling);
  }
  signal?.throwIfAborted();
  if (now.state === "cancelled") throw new DOMException("the job was cancelled", "AbortError");
  if (now.state === "failed") throw new Error(now.error);
  return now.result;
}
