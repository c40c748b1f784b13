// Asks for a key over the page, where the session ended in mid-work; what was on its way is sent again.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { place } from "../../core/router.js";
import { signal } from "../../core/store.js";
import { login } from "../../services/session.js";
import { dialog } from "../common/dialog.js";

/** @param {() => void} done */
export function keyForm(done) {
  const wrong = signal(null);
  const field = h("input", { type: "password", autocomplete: "current-password", required: true, autofocus: true, "aria-invalid": () => String(Boolean(wrong())) });
  return h("form.stack", { onsubmit: async (event) => {
    event.preventDefault();
    wrong.set(await login(field.value.trim()));
    if (wrong.peek() === null) done();
    else field.select();
  } }, h("label", t("API key"), field), () => wrong() && h("p.bad.small", { role: "alert" }, wrong()), h("div.actions", h("button.primary", { type: "submit" }, t("Log in"))));
}

let asking = null;

/** However many wait for it, one is asked once. @returns {Promise<boolean>} whether there is a session now */
export function askForKey() {
  if (place.peek().page === "login") return Promise.resolve(false);
  const body = (close) => h("div.body", h("p", t("Enter a key to go on; nothing on this page is lost.")), keyForm(() => close(true)));
  asking ??= dialog(t("Your session has ended"), body).then((said) => said === true).finally(() => (asking = null));
  return asking;
}
