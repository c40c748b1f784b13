// The figures of the house: what there is, what waits, and what ended in the last day.
import { h, s } from "../../core/html.js";
import { number, plural, t } from "../../core/i18n.js";
import { length } from "../../core/time.js";
import { api } from "../../services/api.js";
import { whenRunsChange } from "../../services/follow.js";
import { resource } from "../common/resource.js";

const [BAR, GAP, TALL] = [4, 2, 28];

export function figures() {
  const found = resource((signal) => api.statistics(signal));
  whenRunsChange(found.reload);
  const stat = (value, label, more = null) => h("div.stat", h("b", value), label, more);
  return () => {
    const now = found.value();
    if (!now) return null;
    const ended = now.last_day.reduce((sum, hour) => sum + hour.completed + hour.failed, 0);
    const priorities = Object.entries(now.waiting_by_priority).sort(([a], [b]) => Number(b) - Number(a)).map(([priority, count]) => t("{n} at priority {priority}", { n: number(count), priority })).join(", ");
    return h("section.stats", { "aria-label": t("Figures") },
      stat(number(now.videos), t("Videos")), stat(number(now.video_hours, 1), t("Hours of video")), stat(number(now.moments), t("Moments")), stat(number(now.clips), t("Clips")),
      h("div.stat", { title: priorities }, h("b", number(now.runs.queued ?? 0)), t("Queued")),
      stat(number(ended), t("Finished in 24 hours"), ended > 0 && sparkline(now.last_day)),
      now.seconds_a_minute !== null && stat(length(now.seconds_a_minute), t("Per minute of video")));
  };
}

/** A bar an hour: what came through, and on it what failed. */
function sparkline(hours) {
  const most = Math.max(...hours.map((hour) => hour.completed + hour.failed));
  const tall = (count) => (count / most) * TALL;
  return s("svg.sparkline", { viewBox: `0 0 ${hours.length * (BAR + GAP)} ${TALL}`, role: "img", "aria-label": plural(most, "at most {n} an hour", "at most {n} an hour") },
    hours.map((hour, at) => [
      s("rect", { x: at * (BAR + GAP), width: BAR, y: TALL - Math.max(1, tall(hour.completed)), height: Math.max(1, tall(hour.completed)) }),
      hour.failed > 0 && s("rect.failed", { x: at * (BAR + GAP), width: BAR, y: TALL - tall(hour.completed + hour.failed), height: tall(hour.failed) }),
    ]));
}
