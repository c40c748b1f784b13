// Jobs on videos: counted, filtered, followed, begun, and stopped, tried again or deleted many at once.
import { each, h, replace } from "../core/html.js";
import { ago, percent, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href, setQuery } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { length } from "../core/time.js";
import { api, returned } from "../services/api.js";
import { allRuns, followed } from "../services/follow.js";
import { JOB_TYPES, finished, jobTitle, stageTitle, statusTitle } from "../services/stages.js";
import { may } from "../services/session.js";
import { confirm } from "../components/common/dialog.js";
import { emptyState } from "../components/common/empty-state.js";
import { errorPanel } from "../components/common/error-panel.js";
import { progressBar } from "../components/common/progress.js";
import { selection } from "../components/common/selection.js";
import { skeletons } from "../components/common/skeleton.js";
import { statusBadge } from "../components/common/status-badge.js";
import { jobFigures } from "../components/jobs/figures.js";
import { newJob } from "../components/jobs/new-job.js";
import { workTabs } from "../components/pipelines/work-tabs.js";

const STATUSES = ["pending", "queued", "processing", "completed", "failed", "cancelled"];
const PAGE = 50;
const SETTLE = 250;

export function mount(root, { query }) {
  document.title = `${t("Jobs")} · moments`;
  const wanted = signal({ status_filter: query.get("status_filter") ?? "", job_type: query.get("job_type") ?? "", q: query.get("q") ?? "" });
  const [list, cursor, error] = [signal(null), signal(null), signal(null)];
  const chosen = selection();
  const figures = jobFigures();
  async function load(more = false) {
    try {
      const page = await api.jobs({ ...wanted.peek(), limit: PAGE, cursor: more ? cursor.peek() : null });
      list.set(more ? [...list.peek(), ...page.items] : page.items);
      cursor.set(page.next_cursor);
      error.set(null);
    } catch (problem) {
      error.set(problem);
    }
  }
  const again = () => { load(); figures.reload(); };
  effect(() => { returned(); wanted(); load(); });
  // A job that is new, or that ended, changes the list; its bar alone does not.
  let shape = "";
  effect(() => {
    const now = allRuns().filter((run) => run.pipeline.startsWith("job.")).map((run) => `${run.identifier}${run.status}`).sort().join();
    if (now !== shape && list.peek()) again();
    shape = now;
  });
  const want = (name, value) => { wanted.update((old) => ({ ...old, [name]: value })); setQuery({ [name]: value || null }); };
  let typing = 0;
  const search = (event) => { clearTimeout(typing); typing = setTimeout(() => want("q", event.target.value.trim()), SETTLE); };
  const choice = (name, label, first, entries) => h("select", { "aria-label": label, onchange: (event) => want(name, event.target.value) }, h("option", { value: "" }, first),
    entries.map(([value, text]) => h("option", { value, selected: value === wanted.peek()[name] }, text)));
  replace(root,
    h("div.page-head", h("h1", t("Jobs")), workTabs("/jobs"), h("div.actions", h("button.primary", { disabled: !may("write"), onclick: newJob }, icon("add"), t("New job")))),
    figures.element,
    h("div.filters", h("div.search", icon("search"), h("input", { type: "search", "aria-label": t("Search"), placeholder: t("Title or address"), value: wanted.peek().q, oninput: search })),
      choice("status_filter", t("State"), t("Any state"), STATUSES.map((name) => [name, statusTitle(name)])),
      choice("job_type", t("What it gives"), t("Any kind"), Object.entries(JOB_TYPES).map(([name, label]) => [name, label()])),
      () => chosen.size() > 0 && many(chosen, again)),
    () => (error() ? errorPanel(error(), load) : list() === null ? skeletons("line", 6) : list().length === 0 ? emptyState({ icon: "runs", title: t("No jobs"), text: t("A job gives the sound, the words, an analysis or clips of one video.") }) : null),
    h("div.scroll", { hidden: () => !list()?.length, tabindex: "0", role: "region", "aria-label": t("Jobs") }, h("table",
      h("thead", h("tr", h("th", h("span.sr", t("Chosen"))), h("th", t("State")), h("th", t("Video")), h("th", t("What it gives")), h("th", t("Progress")), h("th.amount", t("Time")), h("th.amount", t("Priority")), h("th.amount", t("Created")))),
      h("tbody", each(() => list() ?? [], (job) => job.id, (item) => row(item, chosen))))),
    () => cursor() && h("div.actions", h("button", { onclick: () => load(true) }, t("More"))));
}

function row(item, chosen) {
  const { id } = item();
  const run = () => followed(id);
  const status = () => run()?.status ?? item().status;
  const progress = () => run()?.progress ?? item().progress / 100;
  const times = () => run() ?? item();
  const spent = () => (times().started_at ? length(((times().completed_at ? Date.parse(times().completed_at) : Date.now()) - Date.parse(times().started_at)) / 1000) : "");
  return h("tr", { "aria-selected": () => String(chosen.has(id)) },
    h("td", chosen.box(id, t("Choose this job"))), h("td", () => statusBadge(status())),
    h("td.name", h("a", { href: href(`/jobs/${id}`), dir: "auto" }, () => item().video_title || item().youtube_url || t("Untitled video"))), h("td", jobTitle(item().job_type)),
    h("td.bar", () => (finished(status()) || status() === "pending" ? h("span.quiet.small", item().error?.code ?? "") : h("span.small", percent(progress()), " ", h("span.quiet", item().current_stage ? stageTitle(item().current_stage) : ""))), () => !finished(status()) && progressBar(progress, t("Progress"))),
    h("td.amount", spent), h("td.amount", item().priority), h("td.amount.quiet", { title: new Date(item().created_at).toLocaleString() }, () => ago(item().created_at)));
}

function many(chosen, then) {
  const act = (action) => chosen.act((ids) => api.bulkJobs({ action, ids }), then);
  const remove = async () => {
    if (await confirm({ title: t("Delete these jobs?"), text: t("Their results go with them; their videos stay."), action: t("Delete") })) act("delete");
  };
  return h("div.row", chosen.count(), h("button", { disabled: !may("write"), onclick: () => act("cancel") }, icon("close"), t("Stop")), h("button", { disabled: !may("write"), onclick: () => act("retry") }, icon("retry"), t("Retry")), h("button.danger", { disabled: !may("write"), onclick: remove }, icon("delete"), t("Delete")));
}
