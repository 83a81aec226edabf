/** What several kinds of pointing share. */

/**
 * Let the click that ends a gesture do nothing.
 * @param {number} [within] Milliseconds within which it must come.
 */
export function swallowNextClick(within = 0) {
  const swallow = (event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => removeEventListener("click", swallow, { capture: true }), within);
}
