// A video as a row of the table.
import { h } from "../../core/html.js";
import { ago, plural, t } from "../../core/i18n.js";
import { href } from "../../core/router.js";
import { clock } from "../../core/time.js";
import { runOf } from "../../services/follow.js";
import { videoTitle } from "../../services/titles.js";
import { statusBadge } from "../common/status-badge.js";
import { poster, sourceOf, standing } from "./video-card.js";

/** @param {any} video @param {any} choosing */
export function videoRow(video, choosing) {
  const stands = () => standing(video, runOf(video.identifier) ?? video.run);
  return h("div.video-row", { class: () => (choosing.selected(video.identifier) ? "selected" : "") },
    h("input.pick", { type: "checkbox", "aria-label": t("Select {title}", { title: video.title ?? video.identifier }), checked: () => choosing.selected(video.identifier), onclick: (event) => choosing.select(video.identifier, event) }),
    h("span.thumb", poster(video)),
    h("a.title", { href: href(`/videos/${video.identifier}`), dir: "auto", title: videoTitle(video) }, videoTitle(video)),
    h("span.number.quiet", video.duration ? clock(video.duration) : ""),
    h("span.number.quiet.wide-only", () => stands() !== "ready" || !video.counts ? "" : plural(video.counts.moments, "{n} moment", "{n} moments")),
    h("span.quiet.clip-text.wide-only", sourceOf(video)),
    h("span.quiet.wide-only", ago(video.created_at)),
    h("span.state", () => statusBadge(stands())));
}
