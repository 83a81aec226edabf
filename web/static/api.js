/** Calls to the server of the page. */

const token = document.querySelector("meta[name$=token]").content;
const program = document.querySelector("meta[name=program]").content;

/** An answer that says no; its message is the server's one line. Without a status, there was no answer. */
export class ServerError extends Error {
  /**
   * @param {string} message
   * @param {number} [status]
   */
  constructor(message, status = undefined) {
    super(message);
    this.status = status;
  }
}

async function answerOf(response) {
  let body;
  try {
    body = await response.json();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    if (response.ok) throw new ServerError(`The server's answer broke off. Is ${program} still running?`);
    throw new ServerError(`The server answered ${response.status}.`, response.status);
  }
  if (!response.ok) throw new ServerError(body.error ?? `The server answered ${response.status}.`, response.status);
  return body;
}

async function reach(path, options) {
  try {
    return await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ServerError(`The server does not answer. Is ${program} still running?`);
  }
}

async function ask(path, options) {
  return answerOf(await reach(path, options));
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
 * Read something that is no JSON.
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<Response>}
 */
export async function getFile(path, signal = undefined) {
  const response = await reach(path, { signal });
  if (!response.ok) await answerOf(response); // it says why
  return response;
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
