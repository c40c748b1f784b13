// What other programs can read.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { api } from "../../services/api.js";
import { menu } from "../common/menu.js";
import { toast, tried } from "../common/toast.js";

const FORMATS = [
  ["edl", "EDL", () => t("any editor")], ["otio", "OpenTimelineIO", () => t("editors with OTIO")], ["fcpxml", "Final Cut XML", () => t("Final Cut, Resolve, Premiere")],
  null,
  ["csv", "CSV", () => t("spreadsheets")], ["json", "JSON", () => t("programs")], ["srt", "SRT", () => t("players")], ["vtt", "WebVTT", () => t("web pages")],
];

/** @param {import("./model.js").Model} model */
export function exportMenu(model) {
  const copyChapters = () => tried(async () => {
    await navigator.clipboard.writeText(await api.exportText(model.id, "chapters"));
    toast(t("Chapters copied: paste them into a description"));
  });
  return menu([icon("download"), h("span.wide-only", t("Export")), icon("down")], () => [
    ...FORMATS.map((format) => format && { label: format[1], hint: format[2](), href: api.exportUrl(model.id, format[0]), download: "" }),
    null,
    { label: t("Copy as chapters"), hint: t("video descriptions"), run: copyChapters },
    ...(model.moments()?.some((one) => one.clips.some((clip) => clip.status === "completed")) ? [{ label: t("All clips as ZIP"), href: api.zipUrl(model.id), download: "" }] : []),
  ], { label: t("Export") });
}
