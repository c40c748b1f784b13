// Settings: models, health, what was given up, webhooks, and how this browser shows it all.
import { h, replace } from "../core/html.js";
import { t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { onEnd, scope } from "../core/store.js";
import { may } from "../services/session.js";
import { emptyState } from "../components/common/empty-state.js";

const PARTS = [
  ["browser", () => t("This browser"), () => import("../components/settings/browser.js")],
  ["models", () => t("Models"), () => import("../components/settings/models.js"), "admin"],
  ["health", () => t("Health"), () => import("../components/settings/health.js")],
  ["dead", () => t("Dead letters"), () => import("../components/settings/dead.js"), "admin"],
  ["access", () => t("Access"), () => import("../components/settings/access.js")],
  ["about", () => t("About"), () => import("../components/settings/about.js")],
];

export function mount(root, { tab = "browser" }) {
  document.title = `${t("Settings")} · moments`;
  const part = PARTS.find(([name]) => name === tab) ?? PARTS[0];
  const body = h("div.stack");
  root.append(h("div.page-head", h("h1", t("Settings"))), h("div.settings",
    h("nav", { "aria-label": t("Settings") }, PARTS.map(([name, label]) => h("a", { href: href(`/settings/${name}`), "aria-current": name === part[0] ? "page" : null }, label()))), body));
  if (part[3] && !may(part[3])) {
    replace(body, emptyState({ icon: "settings", title: t("For administrators"), text: t("This needs a key of scope admin.") }));
    return;
  }
  let end = () => {};
  onEnd(() => end());
  part[2]().then((module) => { [, end] = scope(() => replace(body, module.build())); });
}
