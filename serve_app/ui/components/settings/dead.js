// What was given up, with the reason; tried again, or cleared.
import { h } from "../../core/html.js";
import { ago, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { href } from "../../core/router.js";
import { api } from "../../services/api.js";
import { lookNow } from "../../services/follow.js";
import { confirm } from "../common/dialog.js";
import { emptyState } from "../common/empty-state.js";
import { resource } from "../common/resource.js";
import { skeletons } from "../common/skeleton.js";
import { toast, toastError } from "../common/toast.js";

export function build() {
  const found = resource(() => api.dead(100));
  const clear = async () => {
    if (!(await confirm({ title: t("Clear all dead letters?"), text: t("The runs stay as they are; only this list is emptied."), action: t("Clear"), typed: "clear" }))) return;
    await api.clearDead().then(() => toast(t("Cleared")), toastError);
    found.reload();
  };
  const retry = async (one) => {
    await api.retryDead(one.id).then(() => toast(t("Started again")), toastError);
    lookNow();
    found.reload();
  };
  return found.show(() => skeletons("line", 4), (page) => (page.items.length === 0 ? emptyState({ icon: "check", title: t("No dead letters"), text: t("What is given up for good is listed here, with the reason.") }) : h("div.stack", h("div.actions", h("button.danger", { onclick: clear }, icon("delete"), t("Clear…"))), h("section.panel", h("ul.run-list", page.items.map((one) => {
    const run = one.run_id;
    return h("li", run ? h("a", { href: href(`/runs/${run}`) }, String(run).slice(0, 8)) : "", h("span.grow.small", { dir: "auto" }, one.run?.error?.message ?? one.reason), h("span.small.quiet", one.at ? ago(one.at) : ""), h("button", { onclick: () => retry(one) }, icon("retry"), t("Retry")));
  }))))));
}
