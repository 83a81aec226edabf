/** Light or dark: as the system has it, unless the user chose. */

const THEMES = { system: "as the system has them", light: "light", dark: "dark" };
const PLACE = "review-theme";

function chosen() {
  const theme = localStorage.getItem(PLACE);
  return theme in THEMES ? theme : "system";
}

/** Put the chosen colours on the page and say so on the button. */
export function showTheme(button) {
  const theme = chosen();
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  button.setAttribute("aria-label", `Colours: ${THEMES[theme]}`);
  button.title = `Colours: ${THEMES[theme]}`;
  document.dispatchEvent(new Event("theme"));
}

/** Take the next colours. */
export function nextTheme(button) {
  const names = Object.keys(THEMES);
  localStorage.setItem(PLACE, names[(names.indexOf(chosen()) + 1) % names.length]);
  showTheme(button);
}
