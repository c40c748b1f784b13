// What needs a look: runs that failed, or that did not do all.
import { h } from "../../core/html.js";
import { ago, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { href } from "../../core/router.js";
import { api } from "../../services/api.js";
import { lookNow, whenRunsChange } from "../../services/follow.js";
import { may } from "../../services/session.js";
import { subjectTitle } from "../../services/subjects.js";
import { resource } from "../common/resource.js";
import { statusBadge } from "../common/status-badge.js";
import { toast, tried } from "../common/toast.js";

const SHOWN = 5;
const RECENT = 7 * 24 * 3600 * 1000;

export function attention() {
  const found = resource(async (signal) => {
    const pages = await Promise.all(["failed", "completed_with_errors"].map((status) => api.runs({ status, limit: SHOWN }, signal)));
    return pages.flatMap((page) => page.items).filter((run) => Date.now() - Date.parse(run.completed_at ?? run.queued_at) < RECENT).sort((a, b) => (a.completed_at < b.completed_at ? 1 : -1)).slice(0, SHOWN);
  });
  whenRunsChange(found.reload);
  const retry = (run) => tried(async () => {
    await api.retry(run.identifier);
    toast(t("It goes on from where it failed"));
    lookNow();
    found.reload();
  });
  return () => (found.value()?.length ?? 0) > 0 && h("section.stack", { "aria-label": t("Needs attention") }, h("div.section-head", h("h2", t("Needs attention"))), h("ul.attention.panel", found.value().map((run) =>
    h("li", statusBadge(run.status), h("a.clip-text", { href: href(`/runs/${run.identifier}`), dir: "auto" }, () => subjectTitle(run)), h("span.small.quiet.clip-text.grow", { dir: "auto" }, run.error?.message ?? ""),
      h("span.small.quiet.wide-only", ago(run.completed_at ?? run.queued_at)), h("button", { onclick: () => retry(run), disabled: !may("write") }, icon("retry"), t("Retry"))))));
}
