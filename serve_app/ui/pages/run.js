// A run: when its stages ran, what failed, and every event.
import { h } from "../core/html.js";
import { date, number, percent, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href } from "../core/router.js";
import { effect } from "../core/store.js";
import { took } from "../core/time.js";
import { api } from "../services/api.js";
import { followed, know, lookNow } from "../services/follow.js";
import { finished, pipelineTitle, stageTitle } from "../services/stages.js";
import { may } from "../services/session.js";
import { subjectPath, subjectTitle, toSubject } from "../services/subjects.js";
import { backLink } from "../components/common/back-link.js";
import { errorPanel } from "../components/common/error-panel.js";
import { fact, facts } from "../components/common/facts.js";
import { livePage } from "../components/common/live-page.js";
import { progressBar } from "../components/common/progress.js";
import { statusBadge } from "../components/common/status-badge.js";
import { toast, tried } from "../components/common/toast.js";
import { eventLog } from "../components/pipelines/event-log.js";
import { cancelButton } from "../components/pipelines/run-panel.js";
import { waterfall } from "../components/pipelines/waterfall.js";

const EVERY = 1500;

const back = () => ["/runs", t("Back to the runs")];

export function mount(root, { id }) {
  const ask = async () => {
    const found = await api.run(id);
    know([found]);
    return found;
  };
  const { value: run, read } = livePage(root, { ask, over: (one) => finished(one.status), every: EVERY, back: back(), build: page });
  effect(() => { const live = followed(id); if (live && run.peek() && live.status !== run.peek().status) read(); });
  effect(() => { if (run()) document.title = `${finished(run().status) ? "" : `${percent(run().progress)} · `}${subjectTitle(run())} · moments`; });
}

function page(run, read) {
  const again = () => tried(async () => {
    await api.retry(run.peek().identifier);
    toast(t("It goes on from where it failed"));
    lookNow();
    read();
  });
  const retryable = () => ["failed", "completed_with_errors", "cancelled"].includes(run().status);
  return [
    h("div.page-head", backLink(...back()), h("h1", { dir: "auto" }, () => subjectTitle(run())), h("span.chip", () => pipelineTitle(run().pipeline)), () => statusBadge(run().status),
      h("div.actions", h("a.button", { href: () => href(subjectPath(run())) }, icon("film"), () => toSubject(run())),
        () => !finished(run().status) && cancelButton(run),
        () => retryable() && h("button.primary", { onclick: again, disabled: !may("write"), title: t("Goes on from the stage or the items that failed; what is done is kept.") }, icon("retry"), t("Retry")))),
    () => !finished(run().status) && progressBar(() => run().progress, t("Progress of the run")),
    () => run().error && errorPanel({ title: run().error_stage ? t("Failed at: {stage}", { stage: stageTitle(run().error_stage) }) : t("It failed"), message: run().error.message, code: run().error.code }),
    h("section.panel", h("h2", t("Stages")), () => waterfall(run())),
    h("section.panel", h("h2", t("About this run")), facts(fact(t("Queued"), () => date(run().queued_at)), fact(t("Time"), () => took(run())), fact(t("Attempt"), () => run().attempt), fact(t("Priority"), () => run().priority), fact(t("Failed items"), () => run().errors || null), fact(t("Tokens"), () => (run().input_tokens ? `${number(run().input_tokens)} + ${number(run().output_tokens)}` : null)), fact(t("Cost"), () => (run().usd ? `$${number(run().usd, 4)}` : null)), fact(t("Version"), () => run().application_version), fact(t("Identifier"), () => h("code", run().identifier))),
      h("details", h("summary", t("Options")), h("pre", { tabindex: "0" }, () => JSON.stringify(run().options, null, 2))),
      () => run().webhook && h("details", h("summary", t("Webhook")), h("ul.run-list", run().webhook.deliveries.map((one) => h("li", h("span", one.type), h("span.badge", one.status), h("span.grow"), h("span.small.quiet", one.error ?? one.response_status ?? "")))))),
    eventLog(run),
  ];
}
