// A job: how far it is, what failed of it, and what it gave.
import { h } from "../core/html.js";
import { date, percent, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { took } from "../core/time.js";
import { api } from "../services/api.js";
import { followed, know, lookNow } from "../services/follow.js";
import { finished, jobTitle, stageTitle } from "../services/stages.js";
import { may } from "../services/session.js";
import { backLink } from "../components/common/back-link.js";
import { errorPanel } from "../components/common/error-panel.js";
import { fact, facts } from "../components/common/facts.js";
import { livePage } from "../components/common/live-page.js";
import { progressBar } from "../components/common/progress.js";
import { removal } from "../components/common/removal.js";
import { statusBadge } from "../components/common/status-badge.js";
import { toast, tried } from "../components/common/toast.js";
import { results, shapeOf } from "../components/jobs/results.js";
import { eventLog } from "../components/pipelines/event-log.js";
import { waterfall } from "../components/pipelines/waterfall.js";

const EVERY = 2000;

const back = () => ["/jobs", t("Back to the jobs")];

export const STYLE = "jobs";

export function mount(root, { id }) {
  const ask = async () => {
    const [job, run] = await Promise.all([api.job(id), api.run(id)]);
    know([run]);
    return { job, run };
  };
  const { value, read } = livePage(root, { ask, over: ({ run }) => finished(run.status), every: EVERY, back: back(), build: page });
  effect(() => { const live = followed(id); if (live && value.peek() && live.status !== value.peek().run.status) read(); });
  effect(() => { if (value()) document.title = `${finished(value().run.status) ? "" : `${percent(value().run.progress)} · `}${title(value().job)} · moments`; });
}

const title = (job) => job.video_title || job.youtube_url || t("Untitled video");

function page(value, read) {
  const [job, run] = [() => value().job, () => value().run];
  [job.peek, run.peek] = [() => value.peek().job, () => value.peek().run];
  const act = (ask, said) => tried(async () => {
    await ask(job.peek().id);
    toast(said);
    lookNow();
    read();
  });
  const remove = removal({ title: t("Delete this job?"), text: t("Its results are deleted; its video stays.") }, () => api.removeJob(job.peek().id), { list: "/jobs", said: t("The job is deleted") });
  const over = () => finished(run().status);
  const again = () => ["failed", "completed_with_errors", "cancelled"].includes(run().status);
  const shape = signal("");
  effect(() => shape.set(shapeOf(job())));
  return [
    h("div.page-head", backLink(...back()), h("h1", { dir: "auto" }, () => title(job())), h("span.chip", jobTitle(job.peek().job_type)), () => statusBadge(run().status),
      h("div.actions",
        () => job().video_id && h("a.button", { href: href(`/videos/${job().video_id}`) }, icon("film"), t("To the video")),
        () => !over() && h("button", { disabled: !may("write"), onclick: () => act(api.cancelJob, t("Cancelled")) }, icon("close"), t("Stop")),
        () => again() && h("button.primary", { disabled: !may("write"), onclick: () => act(api.retryJob, t("It goes on from where it failed")) }, icon("retry"), t("Retry")),
        () => over() && h("button.danger", { disabled: !may("write"), onclick: remove }, icon("delete"), t("Delete")))),
    () => !over() && progressBar(() => run().progress, t("Progress")),
    () => job().waiting_for && h("p.quiet", t("It waits for {what}.", { what: job().waiting_for })),
    () => job().error && errorPanel({ title: job().error.stage ? t("Failed at: {stage}", { stage: stageTitle(job().error.stage) }) : t("It failed"), message: job().error.message, code: job().error.code }),
    () => { shape(); return h("div.stack", results(job.peek())); },
    h("section.panel", h("h2", t("Stages")), () => waterfall(run())),
    h("section.panel", h("h2", t("About this job")), facts(
      fact(t("Created"), date(job.peek().created_at)), fact(t("Time"), () => took(run())), fact(t("Priority"), job.peek().priority), fact(t("From"), job.peek().youtube_url ?? t("uploaded")), fact(t("Identifier"), h("code", job.peek().id))),
      h("details", h("summary", t("Options")), h("pre", { tabindex: "0" }, JSON.stringify(job.peek().options, null, 2)))),
    eventLog(run),
  ];
}
