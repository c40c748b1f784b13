// What an analysis says of a talk: how it feels over its time, what it is about, and the terms that tell most of it.
import { h, s } from "../../core/html.js";
import { number, percent, plural, t } from "../../core/i18n.js";
import { clock } from "../../core/time.js";

const [WIDTH, HEIGHT] = [600, 96];
const MOST_TERMS = 24;
const FEELINGS = { positive: () => t("positive"), negative: () => t("negative"), neutral: () => t("neutral"), mixed: () => t("mixed") };

/** @param {any} found `analysis_results` of a job */
export function analysis(found) {
  return h("section.panel.stack", h("h2", t("Analysis")),
    found.sentiment && h("div.stack", h("p", t("Sentiment"), ": ", h("strong", FEELINGS[found.sentiment]?.() ?? found.sentiment), found.sentiment_score !== undefined && h("span.quiet.number", ` ${number(found.sentiment_score, 2)}`)), feelings(found.sentiment_timeline ?? [])),
    found.topic_details?.length > 0 && h("div.stack", h("h3", t("Topics")), h("ul.bars", found.topic_details.map(topic))),
    found.keywords?.length > 0 && h("div.stack", h("h3", t("Keywords")), h("div.row", found.keywords.slice(0, MOST_TERMS).map((term) => h("span.chip", { dir: "auto", title: t("{n} times, first at {time}", { n: number(term.count), time: clock(term.first_at ?? 0) }) }, term.text)))),
    h("p.small.quiet", [plural(found.words_counted ?? 0, "{n} word", "{n} words"), found.method?.replace("embedded", t("built in"))].filter(Boolean).join(" · ")));
}

/** A bar up or down for every stretch; the middle is neutral. */
function feelings(points) {
  if (!points.length) return null;
  const end = points.at(-1).end || 1;
  const x = (time) => (time / end) * WIDTH;
  const bars = points.map((point) => {
    const tall = Math.max(1, (Math.abs(point.score) * HEIGHT) / 2);
    return s("rect", { x: x(point.start), width: Math.max(1, x(point.end) - x(point.start) - 1), y: point.score >= 0 ? HEIGHT / 2 - tall : HEIGHT / 2, height: tall, class: point.score >= 0 ? "up" : "down" },
      s("title", `${clock(point.start)} – ${clock(point.end)}: ${number(point.score, 2)}`));
  });
  const said = t("From {least} to {most}", { least: number(Math.min(...points.map((one) => one.score)), 2), most: number(Math.max(...points.map((one) => one.score)), 2) });
  return h("figure.feelings", s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img", "aria-label": said }, s("line", { x1: 0, x2: WIDTH, y1: HEIGHT / 2, y2: HEIGHT / 2 }), bars),
    h("figcaption.row.small.quiet.number", h("span", clock(0)), h("span.grow"), h("span", clock(end))));
}

const topic = (one) => h("li", h("span", { dir: "auto" }, one.words.slice(0, 4).join(", ") || one.label), h("span.track", h("span.bar", { style: { width: `${Math.round(100 * one.weight)}%` } })), h("span.small.quiet.number", percent(one.weight)));
