// The time line for other programs.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { api } from "../../services/api.js";
import { menu } from "../common/menu.js";

const FORMATS = [
  ["otio", "OpenTimelineIO", () => t("editors with OTIO")], ["edl", "EDL", () => t("any editor")], ["fcpxml", "Final Cut XML", () => t("Final Cut, Resolve, Premiere")],
  null,
  ["srt", "SRT", () => t("captions for players")], ["vtt", "WebVTT", () => t("captions for web pages")], ["ass", "ASS", () => t("captions with looks")], ["json", "JSON", () => t("programs")],
];

/** @param {number} project */
export const timelineExports = (project) =>
  menu([icon("download"), h("span.wide-only", t("Export")), icon("down")],
    () => FORMATS.map((format) => format && { label: format[1], hint: format[2](), href: api.timelineUrl(project, format[0]), download: "" }), { label: t("Export") });
