// The runs that worked on a video.
import { h } from "../../core/html.js";
import { ago, t } from "../../core/i18n.js";
import { href } from "../../core/router.js";
import { took } from "../../core/time.js";
import { api } from "../../services/api.js";
import { pipelineTitle } from "../../services/stages.js";
import { resource } from "../common/resource.js";
import { skeletons } from "../common/skeleton.js";
import { statusBadge } from "../common/status-badge.js";

/** @param {import("./model.js").Model} model */
export function runHistory(model) {
  const found = resource((signal) => api.runs({ video: model.id, limit: 50 }, signal));
  return h("section.stack", found.show(() => skeletons("line", 3), (page) => page.items.length === 0 ? h("p.quiet", t("No runs yet.")) :
    h("ul.run-list.panel", page.items.map((run) => h("li",
      h("a", { href: href(`/runs/${run.identifier}`) }, pipelineTitle(run.pipeline)), statusBadge(run.status), h("span.grow"),
      h("span.small.quiet.number", took(run)), h("span.small.quiet", ago(run.queued_at)))))));
}
