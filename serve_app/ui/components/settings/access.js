// Who may do what: this browser's session, keys, and the secret that webhooks are signed with.
import { h } from "../../core/html.js";
import { date, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { logout, may, session } from "../../services/session.js";
import { toast, toastError } from "../common/toast.js";

export function build() {
  const secret = signal(null);
  const show = () => api.webhookSecret().then((found) => secret.set(found.secret ?? JSON.stringify(found)), toastError);
  const copy = () => navigator.clipboard?.writeText(secret.peek()).then(() => toast(t("Copied")));
  return h("div.stack",
    h("section.panel.stack", h("h2", t("This browser")), () => (session().keys_in_use
      ? h("div.row", h("p.grow", t("Logged in as {name}, scope {scope}", { name: session().name ?? "?", scope: session().scope }), session().expires_at && h("span.quiet.small", ` · ${t("until {when}", { when: date(session().expires_at) })}`)), h("button", { onclick: () => logout().catch(toastError) }, t("Log out")))
      : h("p.quiet", t("There are no keys: only this machine is served, and it may do everything.")))),
    h("section.panel.stack", h("h2", t("API keys")), h("p.quiet", t("Keys are created and revoked where the server runs:")), h("pre", { tabindex: "0" }, "moments keys create --name NAME --scope read|write|admin\nmoments keys list\nmoments keys revoke IDENTIFIER")),
    h("section.panel.stack", h("h2", t("Webhook secret")), h("p.quiet", t("Receivers use it to check that a message is ours (Standard Webhooks).")),
      () => (secret() ? h("div.row", h("code.grow", secret()), h("button", { onclick: copy }, t("Copy"))) : h("div", h("button", { onclick: show, disabled: () => !may("admin") }, icon("search"), t("Show"))))));
}
