/** Calls to the review server. */

const token = document.querySelector('meta[name="review-token"]').content;

/** An answer that says no; its message is the server's one line. */
export class ServerError extends Error {}

async function answerOf(response) {
  let body;
  try {
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(
      response.ok
        ? "The server's answer broke off. Is review_clusters.py still running?"
        : `The server answered ${response.status}.`,
    );
  }
  if (!response.ok) throw new ServerError(body.error ?? `The server answered ${response.status}.`);
  return body;
}

async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError("The server does not answer. Is review_clusters.py still running?");
  }
  return answerOf(response);
}

/**
 * Read something.
 * @param {string} path
 * @param {Object} [parameters] What stands behind the question mark; null and undefined are left out.
 * @param {AbortSignal} [signal]
 * @returns {Promise<Object>}
 */
export function get(path, parameters = {}, signal = undefined) {
  const given = Object.entries(parameters).filter(([, value]) => value !== null && value !== undefined);
  const query = new URLSearchParams(given).toString();
  return ask(query ? `${path}?${query}` : path, { signal, headers: { Accept: "application/json" } });
}

/**
 * Change something.
 * @param {string} path
 * @param {Object} [body]
 * @returns {Promise<Object>}
 */
export function post(path, body = {}) {
  return ask(path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Review-Token": token },
    body: JSON.stringify(body),
  });
}

/** The address of a photo's thumbnail. */
export function thumbnailUrl(id, side = 320) {
  return `/api/photos/${id}/thumbnail?side=${side}`;
}

/** The address of a photo, upright and of bounded size. */
export function imageUrl(id, side = 1600) {
  return `/api/photos/${id}/image?side=${side}`;
}
