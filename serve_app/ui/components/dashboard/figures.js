// The figures of the house: how many of the lists' totals there are.
import { h } from "../../core/html.js";
import { number, t } from "../../core/i18n.js";
import { effect } from "../../core/store.js";
import { api } from "../../services/api.js";
import { activeRuns } from "../../services/follow.js";
import { resource } from "../common/resource.js";

const ONE = { limit: 1 };

function midnight() {
  return new Date(new Date().setHours(0, 0, 0, 0)).toISOString();
}

export function figures() {
  const found = resource((signal) => Promise.all([
    api.videos(ONE, signal), api.videos({ ...ONE, has_moments: true }, signal),
    api.runs({ ...ONE, status: "queued" }, signal), api.runs({ ...ONE, status: "completed", since: midnight() }, signal),
  ]));
  let before = -1;
  effect(() => {
    const now = activeRuns().length;
    if (before >= 0 && now !== before) found.reload();
    before = now;
  });
  const labels = [t("Videos"), t("With moments"), t("Waiting"), t("Done today")];
  return () => found.value() && h("section.stats", { "aria-label": t("Figures") }, found.value().map((page, at) => h("div.stat", h("b", number(page.total)), labels[at])));
}
