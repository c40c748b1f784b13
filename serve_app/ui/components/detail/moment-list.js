// The moments of a video: sorted, walked through, re-cut together.
import { each, h } from "../../core/html.js";
import { number, plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { signal } from "../../core/store.js";
import { href } from "../../core/router.js";
import { may } from "../../services/session.js";
import { emptyState } from "../common/empty-state.js";
import { errorPanel } from "../common/error-panel.js";
import { skeletons } from "../common/skeleton.js";
import { momentCard } from "./moment-card.js";
import { isStale } from "./model.js";

/** @param {import("./model.js").Model} model */
export function momentList(model) {
  const sort = signal("time");
  const sorted = () => {
    const all = model.moments() ?? [];
    return sort() === "time" ? all : [...all].sort((a, b) => (b.score ?? -1) - (a.score ?? -1));
  };
  const stale = () => (model.moments() ?? []).filter((one) => one.clips.some((clip) => isStale(one, clip, model.video())));
  const clips = () => stale().reduce((sum, one) => sum + one.clips.filter((clip) => isStale(one, clip, model.video())).length, 0);
  const cards = each(sorted, (one) => one.identifier, (moment) => momentCard(model, moment));
  const again = () => { model.failed.set(null); model.load().catch(() => {}); };
  const by = (name, label) => h("button", { "aria-pressed": () => String(sort() === name), onclick: () => sort.set(name) }, label);
  return h("section.moments", { "aria-label": t("Moments") },
    h("div.row", h("span.small.quiet", () => model.moments() && plural(sorted().length, "{n} moment", "{n} moments")), h("span.grow"), h("div.segmented.small", { role: "group", "aria-label": t("Order") }, by("time", t("Time")), by("score", t("Score")))),
    () => clips() > 0 && h("div.recut.row", icon("cut"), h("span.grow", plural(clips(), "{n} clip still shows old edges", "{n} clips still show old edges")),
      h("button.primary", { disabled: !may("write"), onclick: () => model.recut(stale()) }, plural(clips(), "Re-cut it", "Re-cut {n} clips"))),
    () => model.moments() === null && (model.failed() ? errorPanel(model.failed(), again) : skeletons("line", 4)),
    () => model.moments()?.length === 0 && (model.run() ? h("p.quiet", t("They appear as they are found.")) : nothing(model)),
    h("div.moment-cards", cards));
}

function nothing(model) {
  return emptyState({ icon: "film", title: t("No moments"), text: () => whyNone(model.report()) },
    h("a.button.primary", { href: href(`/new?video=${model.id}`) }, icon("refine"), () => (model.report() ? t("Find again…") : t("Find moments"))));
}

/** Why a run found nothing, from what became of its proposals. @param {?Record<string, number>} report */
function whyNone(report) {
  const advice = t("Ask for something in particular, or for shorter moments.");
  if (!report) return t("Nobody has looked for moments in it yet.");
  if (!report.proposed) return `${t("Nothing stood out: no moment was proposed.")} ${advice}`;
  const fates = [
    [report.no_fitting_length, t("not of the length asked for")], [report.outside_range, t("outside the part asked for")],
    [(report.duplicate ?? 0) + (report.repetitive ?? 0), t("said twice")], [report.overlapping_or_over_count, t("weaker than others")],
  ];
  const said = fates.filter(([count]) => count).map(([count, fate]) => `${number(count)} ${fate}`).join(", ");
  return `${plural(report.proposed, "{n} proposal was considered", "{n} proposals were considered")}${said && `: ${said}`}. ${advice}`;
}
