/**
 * Keys in the order in which they were pressed. While the page changes or reads what the next key acts on, keys wait;
 * then each is sent again to what has the focus by then.
 */

let underWay = 0;
let isSending = false;
let tellCalm = () => {};
let inSight = () => null;
const waiting = [];
const meant = new WeakMap();
const REPEATED = /^(Arrow|Page)/;
const TEXT = "textarea, input:is([type=text], [type=search])";

/**
 * Let keys wait until something is done.
 * @template Result
 * @param {Promise<Result>} promise
 * @returns {Promise<Result>} The same promise.
 */
export function keysWaitFor(promise) {
  underWay += 1;
  const done = () => {
    underWay -= 1;
    if (underWay === 0) tellCalm();
  };
  promise.then(done, done);
  return promise;
}

/**
 * Keep what keys are meant for.
 * @param {() => unknown} look - Gives what is in sight; called when a key is pressed.
 */
export function keepInSight(look) {
  inSight = look;
}

/** Give what was in sight when a key was pressed. */
export function meantFor(event) {
  return meant.has(event) ? meant.get(event) : inSight();
}

/**
 * Hold a key back if something is under way.
 * @param {KeyboardEvent} event
 * @returns {boolean} Whether it waits; its own effect is prevented then.
 */
export function holdBack(event) {
  if (isSending || (underWay === 0 && waiting.length === 0)) return false;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (event.repeat && !REPEATED.test(event.key)) return true;
  waiting.push({ event, sight: inSight() });
  if (waiting.length === 1) sendAll();
  return true;
}

async function sendAll() {
  while (waiting.length > 0) {
    if (underWay > 0) await new Promise((resolve) => (tellCalm = resolve));
    else send(waiting.shift());
  }
}

function send({ event, sight }) {
  const { key, code, ctrlKey, metaKey, shiftKey } = event;
  const again = new KeyboardEvent("keydown", {
    ...{ key, code, ctrlKey, metaKey, shiftKey },
    bubbles: true,
    cancelable: true,
  });
  meant.set(again, sight);
  if (key.length === 1 && !ctrlKey && !metaKey && document.activeElement?.matches(TEXT)) {
    document.execCommand("insertText", false, key);
    return;
  }
  isSending = true;
  try {
    (document.activeElement ?? document.body).dispatchEvent(again);
  } finally {
    isSending = false;
  }
}
