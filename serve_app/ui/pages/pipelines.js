// The monitor: every run, filtered, followed, cancelled and retried, one by one or many at once.
import { each, h, replace } from "../core/html.js";
import { ago, date, percent, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href, setQuery } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { took } from "../core/time.js";
import { api } from "../services/api.js";
import { followed, following, whenRunsChange } from "../services/follow.js";
import { finished, pipelineTitle } from "../services/stages.js";
import { may } from "../services/session.js";
import { subjectTitle } from "../services/subjects.js";
import { emptyState } from "../components/common/empty-state.js";
import { pagedList } from "../components/common/paged-list.js";
import { progressBar } from "../components/common/progress.js";
import { selection } from "../components/common/selection.js";
import { statusBadge } from "../components/common/status-badge.js";
import { workTabs } from "../components/pipelines/work-tabs.js";

const FILTERS = [["", () => t("All")], ["processing", () => t("Running")], ["queued", () => t("Queued")], ["failed", () => t("Failed")], ["completed_with_errors", () => t("With errors")], ["completed", () => t("Done")], ["cancelled", () => t("Cancelled")]];
const PAGE = 50;

export function mount(root, { query }) {
  document.title = `${t("Runs")} · moments`;
  const status = signal(query.get("status") ?? "");
  const { items: list, load, again, more, instead } = pagedList((cursor) => api.runs({ status: status.peek(), limit: PAGE, cursor }));
  const chosen = selection();
  effect(() => { status(); load(); });
  whenRunsChange(again);
  const rows = each(() => list() ?? [], (run) => run.identifier, (item) => row(item, chosen));
  const modes = { live: () => t("live"), polling: () => t("updated every few seconds"), paused: () => t("paused") };
  replace(root,
    h("div.page-head", h("h1", t("Runs")), workTabs("/runs"), h("span.chip", { title: t("How updates arrive"), class: () => (following() === "live" ? "wide-only" : "") }, () => modes[following()]())),
    h("div.filter-bar", h("div.segmented", { role: "group", "aria-label": t("State") }, FILTERS.map(([value, label]) => h("button", { "aria-pressed": () => String(status() === value), onclick: () => { status.set(value); setQuery({ status: value }); } }, label()))), h("span.grow"), () => chosen.size() > 0 && many(chosen, again)),
    instead(() => emptyState({ icon: "runs", title: status() ? t("No runs match") : t("No runs") }, h("a.button.primary", { href: href("/new") }, icon("add"), t("Find moments")))),
    h("div.scroll", { hidden: () => !list()?.length, tabindex: "0", role: "region", "aria-label": t("Runs") }, h("table", h("thead", h("tr", h("th", h("span.sr", t("Selected"))), h("th", t("State")), h("th", t("Subject")), h("th", t("Pipeline")), h("th", t("Progress")), h("th.amount", t("Time")), h("th.amount", t("Priority")), h("th.amount", t("Attempt")), h("th.amount", t("Queued")))), h("tbody", rows))),
    more);
}

function row(item, chosen) {
  const run = () => followed(item().identifier) ?? item();
  const id = item().identifier;
  return h("tr", { "aria-selected": () => String(chosen.has(id)) },
    h("td", chosen.box(id, t("Select this run"))),
    h("td", () => statusBadge(run().status)), h("td.name", h("a", { href: href(`/runs/${id}`), dir: "auto" }, () => subjectTitle(run()))), h("td.kind", pipelineTitle(item().pipeline)),
    h("td.bar", () => (finished(run().status) ? run().error_stage ? h("span.quiet.small", run().error?.code) : "" : h("div.row", h("span.number.small", percent(run().progress)))), () => !finished(run().status) && progressBar(() => run().progress, t("Progress"))),
    h("td.amount", () => took(run())), h("td.amount", item().priority), h("td.amount", () => run().attempt), h("td.amount.quiet", { title: date(item().queued_at) }, () => ago(run().queued_at)));
}

function many(chosen, then) {
  const act = (action) => chosen.act((ids) => api.bulkRuns({ action, ids }), then);
  return h("div.row", chosen.count(), h("button", { disabled: !may("write"), onclick: () => act("cancel") }, icon("close"), t("Stop")), h("button", { disabled: !may("write"), onclick: () => act("retry") }, icon("retry"), t("Retry")));
}
