// The figures of the house, where the server counts them.
import { h, s } from "../../core/html.js";
import { number, t } from "../../core/i18n.js";
import { effect } from "../../core/store.js";
import { length } from "../../core/time.js";
import { api } from "../../services/api.js";
import { activeRuns } from "../../services/follow.js";

import { resource } from "../common/resource.js";

export function figures() {
  const found = resource(() => api.statistics());
  let before = -1;
  effect(() => {
    const now = activeRuns().length;
    if (before >= 0 && now !== before) found.reload();
    before = now;
  });
  return () => {
    const value = found.value();
    if (!value) return null;
    const pick = (...names) => names.map((name) => name.split(".").reduce((part, key) => part?.[key], value)).find((one) => typeof one === "number");
    const shown = [
      [t("Videos"), pick("videos.total", "videos", "total_videos"), number],
      [t("Length of all"), pick("videos.seconds", "seconds", "media_seconds", "hours_seconds"), length],
      [t("Moments"), pick("moments.total", "moments", "total_moments"), number],
      [t("Clips"), pick("clips.total", "clips", "total_clips"), number],
      [t("Waiting"), pick("queue.total", "runs.queued", "queued", "by_status.queued"), number],
      [t("Done today"), pick("completed_today", "runs.completed_today", "done_today", "today.completed"), number],
    ].filter(([, amount]) => amount !== undefined);
    return shown.length > 0 && h("section.stats", { "aria-label": t("Figures") }, shown.map(([label, amount, show]) => h("div.stat", h("b", show(amount)), label)), sparkline(value.per_minute ?? value.sparkline));
  };
}

/** A line of what was measured over time. */
function sparkline(points) {
  if (!Array.isArray(points) || points.length < 2) return null;
  const values = points.map((point) => point.value ?? point);
  const most = Math.max(...values, 1e-9);
  const path = values.map((value, at) => `${at ? "L" : "M"}${((100 * at) / (values.length - 1)).toFixed(2)} ${(30 - (28 * value) / most).toFixed(2)}`).join("");
  return h("div.stat", s("svg.sparkline", { viewBox: "0 0 100 32", preserveAspectRatio: "none", role: "img", "aria-label": t("Over a day") }, s("path", { d: path })), t("Seconds a minute of video"));
}
