// The monitor: every run, filtered, followed, cancelled and retried, one by one or many at once.
import { each, h, replace } from "../core/html.js";
import { ago, percent, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href, setQuery } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { length } from "../core/time.js";
import { api, returned } from "../services/api.js";
import { allRuns, followed, following } from "../services/follow.js";
import { finished, pipelineTitle } from "../services/stages.js";
import { may } from "../services/session.js";
import { emptyState } from "../components/common/empty-state.js";
import { errorPanel } from "../components/common/error-panel.js";
import { progressBar } from "../components/common/progress.js";
import { selection } from "../components/common/selection.js";
import { skeletons } from "../components/common/skeleton.js";
import { statusBadge } from "../components/common/status-badge.js";
import { videoTitle } from "../components/dashboard/run-line.js";
import { workTabs } from "../components/pipelines/work-tabs.js";

const FILTERS = [["", () => t("All")], ["processing", () => t("Running")], ["queued", () => t("Waiting")], ["failed", () => t("Failed")], ["completed_with_errors", () => t("With errors")], ["completed", () => t("Done")], ["cancelled", () => t("Cancelled")]];
const PAGE = 50;

export function mount(root, { query }) {
  document.title = `${t("Runs")} · moments`;
  const [status, list, cursor, error] = [signal(query.get("status") ?? ""), signal(null), signal(null), signal(null)];
  const chosen = selection();
  let turn = 0;
  async function load(more = false) {
    const mine = (turn += 1);
    try {
      const page = await api.runs({ status: status.peek(), limit: PAGE, cursor: more ? cursor.peek() : null });
      if (mine !== turn) return; // another state was asked for since
      list.set(more ? [...list.peek(), ...page.items] : page.items);
      cursor.set(page.next_cursor);
      error.set(null);
    } catch (problem) {
      if (mine === turn) error.set(problem);
    }
  }
  effect(() => { returned(); status(); load(); });
  // A run that is new, or that ended, changes the list; its bar alone does not.
  let shape = null;
  effect(() => {
    const now = allRuns().map((run) => `${run.identifier}${run.status}`).sort().join();
    if (shape !== null && now !== shape) load();
    shape = now;
  });
  const rows = each(() => list() ?? [], (run) => run.identifier, (item) => row(item, chosen));
  const modes = { live: () => t("live"), polling: () => t("asked for every few seconds"), paused: () => t("paused") };
  replace(root,
    h("div.page-head", h("h1", t("Runs")), workTabs("/runs"), h("span.chip", { title: t("How news of runs come") }, () => modes[following()]())),
    h("div.filter-bar", h("div.segmented", { role: "group", "aria-label": t("State") }, FILTERS.map(([value, label]) => h("button", { "aria-pressed": () => String(status() === value), onclick: () => { status.set(value); setQuery({ status: value }); } }, label()))), h("span.grow"), () => chosen.size() > 0 && many(chosen, load)),
    () => (error() ? errorPanel(error(), load) : list() === null ? skeletons("line", 8) : list().length === 0 ? emptyState({ icon: "runs", title: status() ? t("No run is like that") : t("Nothing is running") }, h("a.button.primary", { href: href("/new") }, icon("add"), t("Start something"))) : null),
    h("div.scroll", { hidden: () => !list()?.length, tabindex: "0", role: "region", "aria-label": t("Runs") }, h("table", h("thead", h("tr", h("th", h("span.sr", t("Chosen"))), h("th", t("State")), h("th", t("Video")), h("th", t("Pipeline")), h("th", t("Progress")), h("th.amount", t("Time")), h("th.amount", t("Priority")), h("th.amount", t("Attempt")), h("th.amount", t("Queued")))), h("tbody", rows))),
    () => cursor() && h("div.actions", h("button", { onclick: () => load(true) }, t("More"))));
}

function row(item, chosen) {
  const run = () => followed(item().identifier) ?? item();
  const id = item().identifier;
  const spent = () => (run().started_at ? length(((run().completed_at ? Date.parse(run().completed_at) : Date.now()) - Date.parse(run().started_at)) / 1000) : "");
  return h("tr", { "aria-selected": () => String(chosen.has(id)) },
    h("td", chosen.box(id, t("Choose this run"))),
    h("td", () => statusBadge(run().status)), h("td.name", h("a", { href: href(`/runs/${id}`), dir: "auto" }, () => videoTitle(run()))), h("td", pipelineTitle(item().pipeline)),
    h("td.bar", () => (finished(run().status) ? run().error_stage ? h("span.quiet.small", run().error?.code) : "" : h("div.row", h("span.number.small", percent(run().progress)))), () => !finished(run().status) && progressBar(() => run().progress, t("Progress"))),
    h("td.amount", spent), h("td.amount", item().priority), h("td.amount", () => run().attempt), h("td.amount.quiet", { title: new Date(item().queued_at).toLocaleString() }, () => ago(run().queued_at)));
}

function many(chosen, load) {
  const act = (action) => chosen.act((ids) => api.bulkRuns({ action, ids }), load);
  return h("div.row", chosen.count(), h("button", { disabled: !may("write"), onclick: () => act("cancel") }, icon("close"), t("Stop")), h("button", { disabled: !may("write"), onclick: () => act("retry") }, icon("retry"), t("Retry")));
}
