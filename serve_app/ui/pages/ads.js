// Ads: films of half a minute, the newest first.
import { each, h, replace } from "../core/html.js";
import { ago, number, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href } from "../core/router.js";
import { api } from "../services/api.js";
import { emptyState } from "../components/common/empty-state.js";
import { pagedList, whileActive } from "../components/common/paged-list.js";
import { progressBar } from "../components/common/progress.js";
import { statusBadge } from "../components/common/status-badge.js";
import { styleName } from "../components/ads/style-poster.js";
import { workTabs } from "../components/pipelines/work-tabs.js";

const EVERY = 3000;
const PAGE = 50;

export const STYLE = "ads";

export function mount(root) {
  document.title = `${t("Ads")} · moments`;
  const list = pagedList((cursor) => api.ads({ limit: PAGE, cursor }));
  list.load();
  whileActive(list, active, EVERY);
  const make = () => h("a.button.primary", { href: href("/ads/new") }, icon("add"), t("New ad"));
  replace(root,
    h("div.page-head", h("h1", t("Ads")), workTabs("/ads"), h("div.actions", make())),
    list.instead(() => emptyState({ icon: "film", title: t("No ads"), text: t("A product, a style and a call to action give a film of half a minute, made on this machine unless a model is asked for.") }, make())),
    h("div.scroll", { hidden: () => !list.items()?.length, tabindex: "0", role: "region", "aria-label": t("Ads") }, h("table", h("thead", h("tr", h("th", t("State")), h("th", t("Product")), h("th", t("Style")), h("th", t("Progress")), h("th.amount", t("Cost")), h("th.amount", t("Created")))),
      h("tbody", each(() => list.items() ?? [], (one) => one.id, row)))),
    list.more);
}

const active = (ad) => ["pending", "processing"].includes(ad.status);

function row(item) {
  return h("tr", h("td", () => statusBadge(item().status)), h("td.name", h("a", { href: href(`/ads/${item().id}`), dir: "auto" }, item().product_name)), h("td", styleName(item().style)),
    h("td.bar", () => active(item()) && progressBar(() => item().progress / 100, t("Progress"))), h("td.amount", () => `$${number(item().cost_usd, 4)}`), h("td.amount.quiet", () => ago(item().created_at)));
}
