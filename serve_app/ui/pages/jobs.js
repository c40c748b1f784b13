// Jobs on videos: counted, filtered, followed, begun, and stopped, tried again or deleted many at once.
import { each, h, replace } from "../core/html.js";
import { ago, date, percent, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href, setQuery } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { took } from "../core/time.js";
import { api } from "../services/api.js";
import { followed, whenRunsChange } from "../services/follow.js";
import { JOB_TYPES, finished, jobTitle, stageTitle, statusTitle } from "../services/stages.js";
import { may } from "../services/session.js";
import { confirm } from "../components/common/dialog.js";
import { emptyState } from "../components/common/empty-state.js";
import { pagedList } from "../components/common/paged-list.js";
import { progressBar } from "../components/common/progress.js";
import { selection } from "../components/common/selection.js";
import { statusBadge } from "../components/common/status-badge.js";
import { jobFigures } from "../components/jobs/figures.js";
import { newJob } from "../components/jobs/new-job.js";
import { workTabs } from "../components/pipelines/work-tabs.js";

const STATUSES = ["pending", "queued", "processing", "completed", "failed", "cancelled"];
const PAGE = 50;
const SETTLE = 250;

export const STYLE = "jobs";

export function mount(root, { query }) {
  document.title = `${t("Jobs")} · moments`;
  const wanted = signal({ status_filter: query.get("status_filter") ?? "", job_type: query.get("job_type") ?? "", q: query.get("q") ?? "" });
  const { items: list, load, again: readAgain, more, instead } = pagedList((cursor) => api.jobs({ ...wanted.peek(), limit: PAGE, cursor }));
  const chosen = selection();
  const figures = jobFigures();
  const again = () => { readAgain(); figures.reload(); };
  effect(() => { wanted(); load(); });
  whenRunsChange(again, (run) => run.pipeline.startsWith("job."));
  const want = (name, value) => { wanted.update((old) => ({ ...old, [name]: value })); setQuery({ [name]: value || null }); };
  let typing = 0;
  const search = (event) => { clearTimeout(typing); typing = setTimeout(() => want("q", event.target.value.trim()), SETTLE); };
  const choice = (name, label, first, entries) => h("select", { "aria-label": label, onchange: (event) => want(name, event.target.value) }, h("option", { value: "" }, first),
    entries.map(([value, text]) => h("option", { value, selected: value === wanted.peek()[name] }, text)));
  const create = () => h("button.primary", { disabled: !may("write"), onclick: newJob }, icon("add"), t("New job"));
  const nothing = () => Object.values(wanted.peek()).some(Boolean)
    ? emptyState({ icon: "search", title: t("No jobs match"), text: t("Remove a filter, or search for other words.") })
    : emptyState({ icon: "runs", title: t("No jobs"), text: t("A job makes the audio, the transcript, an analysis or clips of one video.") }, create());
  replace(root,
    h("div.page-head", h("h1", t("Jobs")), workTabs("/jobs"), h("div.actions", create())),
    figures.element,
    h("div.filters", h("div.search", icon("search"), h("input", { type: "search", "aria-label": t("Search"), placeholder: t("Title or URL"), value: wanted.peek().q, oninput: search })),
      choice("status_filter", t("State"), t("Any state"), STATUSES.map((name) => [name, statusTitle(name)])),
      choice("job_type", t("Output"), t("Any kind"), Object.entries(JOB_TYPES).map(([name, label]) => [name, label()])),
      () => chosen.size() > 0 && many(chosen, again)),
    instead(nothing),
    h("div.scroll", { hidden: () => !list()?.length, tabindex: "0", role: "region", "aria-label": t("Jobs") }, h("table",
      h("thead", h("tr", h("th", h("span.sr", t("Selected"))), h("th", t("State")), h("th", t("Video")), h("th", t("Output")), h("th", t("Progress")), h("th.amount", t("Time")), h("th.amount", t("Priority")), h("th.amount", t("Created")))),
      h("tbody", each(() => list() ?? [], (job) => job.id, (item) => row(item, chosen))))),
    more);
}

function row(item, chosen) {
  const { id } = item();
  const run = () => followed(id);
  const status = () => run()?.status ?? item().status;
  const progress = () => run()?.progress ?? item().progress / 100;
  return h("tr", { "aria-selected": () => String(chosen.has(id)) },
    h("td", chosen.box(id, t("Select this job"))), h("td", () => statusBadge(status())),
    h("td.name", h("a", { href: href(`/jobs/${id}`), dir: "auto" }, () => item().video_title || item().youtube_url || t("Untitled video"))), h("td.kind", jobTitle(item().job_type)),
    h("td.bar", () => (finished(status()) || status() === "pending" ? h("span.quiet.small", item().error?.code ?? "") : h("span.small", percent(progress()), " ", h("span.quiet", item().current_stage ? stageTitle(item().current_stage) : ""))), () => !finished(status()) && progressBar(progress, t("Progress"))),
    h("td.amount", () => took(run() ?? item())), h("td.amount", item().priority), h("td.amount.quiet", { title: date(item().created_at) }, () => ago(item().created_at)));
}

function many(chosen, then) {
  const act = (action) => chosen.act((ids) => api.bulkJobs({ action, ids }), then);
  const remove = async () => {
    if (await confirm({ title: t("Delete these jobs?"), text: t("Their results are deleted; their videos stay."), action: t("Delete") })) act("delete");
  };
  return h("div.row", chosen.count(), h("button", { disabled: !may("write"), onclick: () => act("cancel") }, icon("close"), t("Stop")), h("button", { disabled: !may("write"), onclick: () => act("retry") }, icon("retry"), t("Retry")), h("button.danger", { disabled: !may("write"), onclick: remove }, icon("delete"), t("Delete")));
}
