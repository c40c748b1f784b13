// What there is of a video: its source, what is said, and its clips.
import { h } from "../../core/html.js";
import { bytes, date, number, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { clock } from "../../core/time.js";
import { BASE, href } from "../../core/router.js";
import { link } from "../../services/links.js";
import { videoTitle } from "../../services/titles.js";
import { fact, facts } from "../common/facts.js";
import { statusBadge } from "../common/status-badge.js";
import { toast } from "../common/toast.js";
import { isStale } from "./model.js";

/** @param {import("./model.js").Model} model */
export function files(model) {
  const fetchFile = async (path) => {
    const signed = await link(path).catch(() => null);
    if (signed) h("a", { href: signed.url, download: "" }).click();
    else toast(t("The file is not there."), { bad: true });
  };
  return h("section.files.stack", () => {
    const video = model.video();
    return h("div.panel", h("h2", t("Source")), facts(
      fact(t("Length"), video.duration && clock(video.duration)), fact(t("Picture"), video.width && `${video.width} × ${video.height}${video.fps ? `, ${number(video.fps, 2)} fps` : ""}`),
      fact(t("Codec"), video.codec), fact(t("Size"), video.bytes && bytes(video.bytes)), fact(t("Added"), date(video.created_at)),
      fact(t("From"), video.source_url ? h("a", { href: video.source_url, rel: "noreferrer noopener", target: "_blank" }, video.source_url) : t("uploaded")),
      fact(t("The same file"), video.same?.length > 0 && video.same.map((one) => h("a", { href: href(`/videos/${one.identifier}`) }, videoTitle(one)))),
      fact(t("Identifier"), h("code", video.identifier))),
    h("div.actions", h("button", { onclick: () => fetchFile(`/api/videos/${model.id}/stream`) }, icon("download"), t("Video")),
      ["txt", "srt", "vtt"].map((format) => h("a.button", { href: `${BASE}/api/videos/${model.id}/transcript?format=${format}`, download: `transcript.${format}` }, t("Transcript"), ` .${format}`))));
  }, () => {
    const clips = (model.moments() ?? []).flatMap((moment) => moment.clips.map((clip) => ({ moment, clip })));
    return h("div.panel", h("h2", t("Clips")), clips.length === 0 ? h("p.quiet", t("None yet.")) :
      h("ul.clip-list", clips.map(({ moment, clip }) => h("li", { class: `tone${model.tone(moment)}` },
        h("b.number", model.number(moment)), h("div.grow", h("div.clip-text", { dir: "auto" }, moment.title), h("div.small.quiet.number", [clip.preset, clip.method, clip.bytes && bytes(clip.bytes), isStale(moment, clip, model.video()) && t("out of date")].filter(Boolean).join(" · ")), clip.error && h("div.small.bad", clip.error.message)),
        clip.status === "completed" ? h("button.icon-button", { "aria-label": t("Download"), title: t("Download"), onclick: () => fetchFile(`/api/clips/${moment.identifier}/stream?preset=${clip.preset}`) }, icon("download")) : statusBadge(clip.status)))));
  });
}
