// Ads: films of half a minute, the newest first.
import { each, h, replace } from "../core/html.js";
import { ago, number, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href } from "../core/router.js";
import { onEnd, signal } from "../core/store.js";
import { api } from "../services/api.js";
import { emptyState } from "../components/common/empty-state.js";
import { progressBar } from "../components/common/progress.js";
import { resource } from "../components/common/resource.js";
import { skeletons } from "../components/common/skeleton.js";
import { statusBadge } from "../components/common/status-badge.js";
import { workTabs } from "../components/pipelines/work-tabs.js";

const EVERY = 3000;
const PAGE = 50;

export function mount(root) {
  document.title = `${t("Ads")} · moments`;
  const shown = signal(PAGE);
  const found = resource(() => api.ads({ limit: shown.peek() }));
  const timer = setInterval(() => { if (!document.hidden && found.value.peek()?.items.some(active)) found.reload(); }, EVERY);
  onEnd(() => clearInterval(timer));
  const make = () => h("a.button.primary", { href: href("/ads/new") }, icon("add"), t("New ad"));
  replace(root,
    h("div.page-head", h("h1", t("Ads")), workTabs("/ads"), h("div.actions", make())),
    found.show(() => skeletons("line", 5), (page) => (page.items.length ? null : emptyState({ icon: "film", title: t("No ads"), text: t("A product, a style and a call to action give a film of half a minute, made on this machine unless a model is asked for.") }, make()))),
    h("div.scroll", { hidden: () => !found.value()?.items.length, tabindex: "0", role: "region", "aria-label": t("Ads") }, h("table", h("thead", h("tr", h("th", t("State")), h("th", t("Product")), h("th", t("Style")), h("th", t("Progress")), h("th.amount", t("Cost")), h("th.amount", t("Created")))),
      h("tbody", each(() => found.value()?.items ?? [], (one) => one.id, row)))),
    () => found.value()?.next_cursor && h("div.actions", h("button", { onclick: () => { shown.set(Math.min(200, shown.peek() + PAGE)); found.reload(); } }, t("More"))));
}

const active = (ad) => ["pending", "processing"].includes(ad.status);

function row(item) {
  return h("tr", h("td", () => statusBadge(item().status)), h("td.name", h("a", { href: href(`/ads/${item().id}`), dir: "auto" }, item().product_name)), h("td", item().style),
    h("td.bar", () => active(item()) && progressBar(() => item().progress / 100, t("Progress"))), h("td.amount", () => `$${number(item().cost_usd, 4)}`), h("td.amount.quiet", () => ago(item().created_at)));
}
