// What this browser keeps of its reader's tastes; never anything secret.
import { effect, signal } from "../core/store.js";

const NAME = "moments.preferences";
const DEFAULTS = { theme: "auto", density: "comfortable", view: "grid", notify: false, volume: 1, options: null };

function kept() {
  try {
    return { ...DEFAULTS, ...JSON.parse(localStorage.getItem(NAME) ?? "{}") };
  } catch {
    return { ...DEFAULTS };
  }
}

export const preferences = signal(kept());

/** Change some of them, and keep it. */
export function prefer(changes) {
  preferences.update((all) => ({ ...all, ...changes }));
  try {
    localStorage.setItem(NAME, JSON.stringify(preferences.peek()));
  } catch {
    // A browser that keeps nothing: they hold until the page is left.
  }
}

const DARK = matchMedia("(prefers-color-scheme: dark)");
const dark = signal(DARK.matches);
DARK.addEventListener("change", () => dark.set(DARK.matches));

/** What colours go by: who draws with them looks at it, and draws again when they change. */
export const colours = () => `${preferences().theme} ${dark()}`;

/** Have the page look as it is wanted. */
export function applyPreferences() {
  effect(() => {
    const { theme, density } = preferences();
    document.documentElement.dataset.theme = theme;
    document.documentElement.dataset.density = density;
  });
}
