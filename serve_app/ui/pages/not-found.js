// An address that leads nowhere.
import { h } from "../core/html.js";
import { t } from "../core/i18n.js";
import { href } from "../core/router.js";
import { emptyState } from "../components/common/empty-state.js";

export function mount(root) {
  document.title = `${t("Not found")} · moments`;
  root.append(emptyState({ icon: "search", title: t("There is no such page"), text: t("The address may be mistyped, or what it showed was deleted.") },
    h("a.button.primary", { href: href("/videos") }, t("To the library"))));
}
