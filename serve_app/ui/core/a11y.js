// What people hear who do not see the page.

let region = null;

/** Say something politely, by the page's one live region. @param {string} text */
export function announce(text) {
  region ??= document.getElementById("announcer");
  if (!region) return;
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}

/** Whether motion is to be avoided. */
export const still = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
