// Signed links: asked for when they are wanted, and again before they expire.
import { BASE, OWN_STORE } from "../core/router.js";
import { Problem, send } from "./api.js";

const EARLY = 5 * 60 * 1000;
/** @type {Map<string, Promise<{url: string, expires: number}>>} */
const known = new Map();

/** An object's address as this page may ask for it: objects of our own store are of our own origin. */
export function usable(url) {
  const at = OWN_STORE ? url.indexOf("/objects/") : -1;
  return at < 0 ? url : BASE + url.slice(at);
}

/**
 * A link to what a path of the API redirects to; null where it is not there. @param {string} path
 * @returns {Promise<?{url: string, expires: number}>}
 */
export async function link(path) {
  const kept = await known.get(path)?.catch(() => null);
  if (kept && kept.expires - EARLY > Date.now()) return kept;
  const asked = send(`${path}${path.includes("?") ? "&" : "?"}redirect=false`)
    .then((answer) => answer.json())
    .then((signed) => ({ url: usable(signed.url), expires: Date.parse(signed.expires_at) }));
  known.set(path, asked);
  try {
    return await asked;
  } catch (error) {
    known.delete(path);
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/** Forget a link that did not work. */
export const forget = (path) => known.delete(path);
