// What a job gave: a sound file, words, an analysis, clips; each as soon as it is there.
import { h } from "../../core/html.js";
import { bytes, number, plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { BASE } from "../../core/router.js";
import { onEnd } from "../../core/store.js";
import { clock, length } from "../../core/time.js";
import { link } from "../../services/links.js";
import { windowList } from "../common/window-list.js";
import { analysis } from "./analysis.js";

const ROW = 30;
const path = (job, rest) => `/api/v1/jobs/${job.id}/${rest}`;

/** @param {any} job */
export function results(job) {
  return [
    job.warnings.length > 0 && h("ul.panel.warnings", job.warnings.map((text) => h("li", icon("warning"), h("span", { dir: "auto" }, text)))),
    job.generated_clips?.length > 0 && h("section.stack", h("h2", plural(job.generated_clips.length, "{n} clip", "{n} clips")), h("div.card-grid", job.generated_clips.map((clip, at) => clipCard(job, clip, at + 1)))),
    job.analysis_results && analysis(job.analysis_results),
    job.transcript_segments?.length > 0 && transcript(job),
    job.audio && sound(job),
  ];
}

/** An element whose address is signed when it is built; empty until then. */
function signed(element, address, name = "src") {
  link(address).then((found) => found && element.setAttribute(name, found.url), () => {});
  return element;
}

function clipCard(job, clip, n) {
  const player = signed(signed(h("video", { controls: true, preload: "none", playsinline: true, "aria-label": clip.title }), path(job, `clips/${n}`)), path(job, `clips/${n}/thumbnail`), "poster");
  return h("article.video-card", h("div.screen", player),
    h("div.about", h("strong.clip-text", { dir: "auto", title: clip.title }, clip.title), h("p.row.small.quiet.number", [`${clock(clip.start)} – ${clock(clip.end)}`, length(clip.duration), clip.resolution?.replace("x", " × "), bytes(clip.bytes)].filter(Boolean).join(" · ")),
      clip.reason && h("p.small.quiet", { dir: "auto" }, clip.reason),
      h("div.row.foot", clip.score !== null && h("span.chip", { title: t("The best clip of a video has 1") }, t("Score {n}", { n: number(clip.score, 2) })), h("span.grow"), signed(h("a.button", { download: "", "aria-label": t("Download {title}", { title: clip.title }) }, icon("download")), path(job, `clips/${n}`), "href"))));
}

function transcript(job) {
  const segments = job.transcript_segments;
  const list = windowList({ count: () => segments.length, guess: ROW, label: t("Transcript"), build: (index) => {
    const one = segments[index];
    return h("p.sentence", h("span.stamp", clock(one.start)), h("span.text", { dir: "auto" }, one.text));
  } });
  onEnd(() => list.end());
  requestAnimationFrame(() => list.reset());
  return h("section.panel.stack.said", h("div.row", h("h2.grow", t("Transcript")), ["txt", "srt", "vtt"].map((format) => h("a.button", { href: `${BASE}${path(job, `transcript?format=${format}`)}`, download: `transcript.${format}` }, `.${format}`))), list.element,
    job.transcriber && h("p.small.quiet", { title: job.transcriber.why }, t("Transcribed by {model}", { model: job.transcriber.model })));
}

function sound(job) {
  const { audio } = job;
  return h("section.panel.stack", h("h2", t("Sound")), signed(h("audio", { controls: true, preload: "none" }), path(job, "audio")),
    h("p.small.quiet.number", [audio.format.toUpperCase(), length(audio.duration), `${number(audio.sample_rate / 1000, 1)} kHz`, plural(audio.channels, "{n} channel", "{n} channels"), bytes(audio.bytes)].join(" · ")));
}

/** What the results are drawn by: while it stays the same, a clip that plays is not begun again. @param {any} job */
export const shapeOf = (job) => JSON.stringify([job.warnings, job.audio?.url, job.transcript_segments?.length, Boolean(job.analysis_results), job.generated_clips?.length]);
