"use strict";

// A click on a heading sorts the table by that column, the largest first; a second click turns it round.
for (const heading of document.querySelectorAll("th button")) {
  heading.addEventListener("click", () => {
    const cell = heading.closest("th");
    const isFalling = cell.getAttribute("aria-sort") !== "descending";
    const body = cell.closest("table").tBodies[0];
    const value = (row) => row.cells[cell.cellIndex].dataset.value;
    const order = (one, other) => {
      const [a, b] = [value(one), value(other)];
      const sign = isFalling ? -1 : 1;
      return sign * (isNaN(a) || isNaN(b) ? a.localeCompare(b) : Number(a) - Number(b));
    };
    body.append(...[...body.rows].sort(order));
    for (const other of cell.parentElement.cells) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", isFalling ? "descending" : "ascending");
  });
}
