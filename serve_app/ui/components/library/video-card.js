// A video as a card: picture, length, how it stands, how many moments.
import { h } from "../../core/html.js";
import { ago, date, plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { href } from "../../core/router.js";
import { clock } from "../../core/time.js";
import { runOf } from "../../services/follow.js";
import { usable } from "../../services/links.js";
import { videoTitle } from "../../services/titles.js";
import { statusBadge } from "../common/status-badge.js";
import { progressBar } from "../common/progress.js";
import { smallPicture } from "../common/storyboard.js";

/** How high a card of a width is. */
export const cardHeight = (width) => Math.round((width * 9) / 16) + 104;

/** The host that a video came from, or that it was uploaded. */
export const sourceOf = (video) => {
  try {
    return video.source_url ? new URL(video.source_url).host.replace(/^www\./, "") : t("uploaded");
  } catch {
    return "";
  }
};

/** How a video stands: as its newest run does while that is news. @param {any} video @param {any} run */
export function standing(video, run) {
  if (video.status === "failed" || video.status === "deleting") return video.status;
  return run && run.status !== "completed" ? run.status : video.status;
}

/** @param {any} video @param {{selected?: (id: string) => boolean, select?: (id: string, event: Event) => void}} [choosing] */
export function videoCard(video, choosing) {
  const run = () => runOf(video.identifier) ?? video.run ?? null;
  const active = () => ["queued", "processing"].includes(run()?.status);
  const shown = () => standing(video, run());
  const hovered = smallPicture(video.identifier);
  // The title's link lies over the whole card, so the card itself is listened to.
  const scrub = (event) => {
    const box = event.currentTarget.firstElementChild.getBoundingClientRect();
    if (event.clientY > box.bottom) hovered.hide();
    else if (event.pointerType === "mouse" && video.duration) hovered.show(((event.clientX - box.left) / box.width) * video.duration);
  };
  return h("article.video-card", { class: () => (choosing?.selected?.(video.identifier) ? "selected" : ""), onpointermove: scrub, onpointerleave: hovered.hide },
    h("a.screen", { href: href(`/videos/${video.identifier}`), tabindex: "-1", "aria-hidden": "true" }, poster(video), hovered.element,
      video.duration && h("span.length", clock(video.duration))),
    choosing?.select && h("input.pick", { type: "checkbox", "aria-label": t("Select {title}", { title: video.title ?? video.identifier }),
      checked: () => choosing.selected(video.identifier), onclick: (event) => choosing.select(video.identifier, event) }),
    h("div.about",
      h("a.title", { href: href(`/videos/${video.identifier}`), dir: "auto", title: videoTitle(video) }, videoTitle(video)),
      () => (shown() === "ready" ? video.counts && h("span.fact.small.quiet", icon("film"), plural(video.counts.moments, "{n} moment", "{n} moments")) : statusBadge(shown())),
      h("div.small.quiet.clip-text", { title: date(video.created_at) }, `${ago(video.created_at)} · ${sourceOf(video)}`)),
    () => active() && progressBar(() => run()?.progress ?? 0, t("Progress")));
}

/** The picture of a video. */
export function poster(video) {
  const image = h("img", { alt: "", decoding: "async", draggable: "false" });
  const frame = h("span.poster", h("span.poster-empty", icon("film")), image);
  image.addEventListener("load", () => image.classList.add("here"));
  if (video.thumbnail) image.src = usable(video.thumbnail.url);
  return frame;
}

/** A list of cards that is not long. */
export const cardGrid = (videos) => h("div.card-grid", videos.map((video) => videoCard(video)));
