// The time lines that a project has had: each save is one, and any of the last fifty may be the newest again.
import { h } from "../../core/html.js";
import { ago, date, plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect } from "../../core/store.js";
import { api } from "../../services/api.js";
import { may } from "../../services/session.js";
import { resource } from "../common/resource.js";
import { skeletons } from "../common/skeleton.js";
import { toast, tried } from "../common/toast.js";

/** @param {import("./model.js").Editor} model */
export function versionsPanel(model) {
  const found = resource(() => api.timelineVersions(model.project.peek().id));
  let known = model.saved.peek().version;
  effect(() => { const now = model.saved().version; if (now !== known) { known = now; found.reload(); } });
  const back = (version) => tried(async () => {
    await model.revert(version);
    toast(t("Version {n} is restored", { n: version }));
  });
  const who = (made) => (made === "a person" ? t("by hand") : made.startsWith("version ") ? t("restored {what}", { what: made.replace("version", t("version")) }) : made);
  const row = (one) => h("li", h("strong.number", one.version), h("span.grow", h("span", plural(one.segments, "{n} segment", "{n} segments")), h("small.quiet", { title: date(one.created_at) }, `${who(one.made_by)} · ${ago(one.created_at)}`)),
    one.version === model.saved.peek().version ? h("span.chip", t("current")) : h("button.quiet.small", { disabled: () => !may("write") || model.saving() > 0, onclick: () => back(one.version), "aria-label": t("Restore version {n}", { n: one.version }) }, icon("undo"), t("Back to it")));
  return h("section.stack", h("p.small.quiet", t("Every change is saved as a version; the last fifty are kept.")),
    found.show(() => skeletons("line", 4), (all) => (all.length ? h("ul.version-list", all.map(row)) : h("p.quiet", t("Nothing was saved yet.")))));
}
