// Backfills: one pipeline over many videos, the newest first.
import { each, h, replace } from "../core/html.js";
import { ago, number, percent, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href } from "../core/router.js";
import { api } from "../services/api.js";
import { pipelineTitle } from "../services/stages.js";
import { may } from "../services/session.js";
import { emptyState } from "../components/common/empty-state.js";
import { pagedList, whileActive } from "../components/common/paged-list.js";
import { statusBadge } from "../components/common/status-badge.js";
import { countBar, doneShare } from "../components/backfills/counts.js";
import { newBackfill } from "../components/backfills/new-backfill.js";
import { workTabs } from "../components/pipelines/work-tabs.js";

const EVERY = 4000;
const PAGE = 50;

export function mount(root) {
  document.title = `${t("Backfills")} · moments`;
  const list = pagedList((cursor) => api.backfills({ limit: PAGE, cursor }));
  list.load();
  whileActive(list, (one) => !over(one), EVERY);
  const rows = each(() => list.items() ?? [], (one) => one.identifier, row);
  const create = () => h("button.primary", { disabled: !may("write"), onclick: newBackfill }, icon("add"), t("New backfill"));
  replace(root,
    h("div.page-head", h("h1", t("Backfills")), workTabs("/backfills"), h("div.actions", create())),
    list.instead(() => emptyState({ icon: "library", title: t("No backfills"), text: t("A backfill works through a long list of videos, or the whole library, a few at a time, and keeps a ledger.") }, create())),
    h("div.scroll", { hidden: () => !list.items()?.length, tabindex: "0", role: "region", "aria-label": t("Backfills") }, h("table", h("thead", h("tr", h("th", t("State")), h("th", t("Name")), h("th", t("Pipeline")), h("th", t("Progress")), h("th.amount", t("Videos")), h("th.amount", t("Failed")), h("th.amount", t("Created")))), h("tbody", rows))),
    list.more);
}

const over = (one) => ["completed", "completed_with_errors", "failed", "cancelled"].includes(one.status);

function row(item) {
  return h("tr", h("td", () => statusBadge(item().status)), h("td.name", h("a", { href: href(`/backfills/${item().identifier}`), dir: "auto" }, () => item().name)), h("td", pipelineTitle(item().pipeline)),
    h("td.bar", () => h("span.small.number", percent(doneShare(item().counts))), () => countBar(item().counts)),
    h("td.amount", () => number(item().counts.total)), h("td.amount", () => number(item().counts.failed)), h("td.amount.quiet", () => ago(item().created_at)));
}
