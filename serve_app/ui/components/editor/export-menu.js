// The time line for other programs, and theirs for it.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { api } from "../../services/api.js";
import { may } from "../../services/session.js";
import { menu } from "../common/menu.js";
import { toast, tried } from "../common/toast.js";

const FORMATS = [
  ["otio", "OpenTimelineIO", () => t("editors with OTIO")], ["edl", "EDL", () => t("any editor")], ["fcpxml", "Final Cut XML", () => t("Final Cut, Resolve, Premiere")],
  null,
  ["srt", "SRT", () => t("captions for players")], ["vtt", "WebVTT", () => t("captions for web pages")], ["ass", "ASS", () => t("captions with looks")], ["json", "JSON", () => t("programs")],
];
const READ = ["otio", "edl", "fcpxml"];

/** @param {import("./model.js").Editor} model */
export function timelineExports(model) {
  const { id } = model.project.peek();
  const file = h("input", { type: "file", accept: READ.map((one) => `.${one}`).join(), hidden: true, "aria-label": t("Cuts from another program"), onchange: () => {
    const [one] = file.files;
    file.value = "";
    const format = one?.name.split(".").pop().toLowerCase();
    if (!one) return;
    if (!READ.includes(format)) return toast(t("Choose an OTIO, EDL or Final Cut XML file."), { bad: true });
    tried(async () => { await model.takeOver(one, format); toast(t("The cuts are imported")); });
  } });
  const take = { label: t("Import cuts…"), hint: "OTIO, EDL, Final Cut XML", disabled: !may("write"), run: () => file.click() };
  return [file, menu([icon("download"), h("span.wide-only", t("Export")), icon("down")],
    () => [...FORMATS.map((format) => format && { label: format[1], hint: format[2](), href: api.timelineUrl(id, format[0]), download: "" }), null, take], { label: t("Export") })];
}
