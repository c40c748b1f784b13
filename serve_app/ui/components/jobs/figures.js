// Figures of all jobs, how the queue stands, and who works on it.
import { h } from "../../core/html.js";
import { number, percent, plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { length } from "../../core/time.js";
import { api } from "../../services/api.js";
import { may } from "../../services/session.js";
import { confirm } from "../common/dialog.js";
import { resource } from "../common/resource.js";
import { toast, tried } from "../common/toast.js";

/** @returns {{element: any, reload: () => void}} */
export function jobFigures() {
  const found = resource((signal) => Promise.all([api.jobStatistics(signal), api.jobQueue(signal)]));
  const clear = async () => {
    if (!(await confirm({ title: t("Clear the queue?"), text: t("Waiting jobs are cancelled; running jobs go on."), action: t("Clear") }))) return;
    await tried(async () => {
      const { cleared } = await api.clearJobs();
      toast(plural(cleared, "{n} job cancelled", "{n} jobs cancelled"));
      found.reload();
    });
  };
  const stat = (value, label) => h("div.stat", h("b", value), label);
  const element = () => {
    if (!found.value()) return null;
    const [figures, queue] = found.value();
    const waiting = queue.pending + queue.queued;
    return h("div.stack",
      h("section.stats", { "aria-label": t("Figures") },
        stat(number(figures.total), t("Jobs")), stat(number(queue.processing), t("Running")), stat(number(waiting), t("Waiting")),
        stat(figures.success_rate === null ? "–" : percent(figures.success_rate), t("Success rate")),
        stat(figures.average_seconds === null ? "–" : length(figures.average_seconds), t("Average time")), stat(length(figures.media_seconds), t("Video processed"))),
      h("section.panel.row", { "aria-label": t("Queue") },
        h("span.badge", { class: queue.queue_running ? "is-ready" : "is-failed" }, h("span.dot"), queue.queue_running ? t("Queue is running") : t("No worker answers")),
        queue.workers.map((worker) => h("span.chip", { title: worker.id }, plural(worker.current_jobs.length, "worker with {n} job", "worker with {n} jobs"), worker.status === "silent" && ` · ${t("silent")}`)),
        waiting > 0 && h("span.small.quiet", t("The oldest has waited {time}", { time: length(queue.oldest_waiting_seconds) })),
        h("button", { onclick: clear, disabled: !waiting || !may("write") }, icon("delete"), t("Clear the queue"))));
  };
  return { element, reload: found.reload };
}
