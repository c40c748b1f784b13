// Who is using this browser: by a cookie that scripts cannot read; never by a key that is kept here.
import { go, place } from "../core/router.js";
import { signal } from "../core/store.js";
import { api } from "./api.js";

/** `{keys_in_use, scope, name, expires_at}`; scope null where nobody is logged in. */
export const session = signal({ keys_in_use: false, scope: "admin", name: null, known: false });

const RANK = { read: 0, write: 1, admin: 2 };

/** Whether one may do what asks for a scope. @param {"read" | "write" | "admin"} scope */
export const may = (scope) => !session().keys_in_use || (RANK[session().scope] ?? -1) >= RANK[scope];

/** Ask the server who we are. */
export async function loadSession() {
  const answer = await api.session().catch(() => null);
  if (answer?.ok) session.set({ ...(await answer.json()), known: true });
  if (session.peek().keys_in_use && !session.peek().scope && place.peek().page !== "login") {
    go(`/login?then=${encodeURIComponent(place.peek().path + location.search)}`, { replace: true });
  }
}

/** Log in with a key; returns what is wrong with it, or null. */
export async function login(key) {
  const answer = await api.login(key).catch(() => null);
  if (!answer) return "The server could not be reached.";
  if (answer.status === 404 || answer.status === 405) return "This server has no sessions for browsers.";
  if (!answer.ok) return (await answer.json().catch(() => ({}))).detail ?? "This key is not valid.";
  await loadSession();
  return null;
}

/** Forget this browser. */
export async function logout() {
  await api.logout();
  session.set({ ...session.peek(), scope: null, name: null });
  go("/login");
}
