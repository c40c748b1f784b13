// Asks for a key, and goes on to where one wanted to go.
import { h } from "../core/html.js";
import { t } from "../core/i18n.js";
import { go } from "../core/router.js";
import { keyForm } from "../components/layout/key-dialog.js";

export function mount(root, { query }) {
  document.title = `${t("Log in")} · moments`;
  const then = query.get("then") ?? "/";
  root.append(h("div.login", h("span.brand", h("span", "moments")), h("div.panel.stack", h("h1", t("Log in")), h("p.quiet", t("With an API key; “moments keys create” makes one. The key is not stored: this browser gets a session that expires.")),
    keyForm(() => go(then.startsWith("/") && !then.startsWith("//") ? then : "/", { replace: true })))));
}
