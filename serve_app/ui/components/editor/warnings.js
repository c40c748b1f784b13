// What will not come out as it seems to be meant, beside what it is about.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";

const WORDS = {
  "caption.outside_segment": () => t("A caption lies outside its segment and is not drawn: its times are those of the video."),
  "caption.not_drawn": () => t("A caption is not drawn: it ends before it begins, or there is nothing to be seen in it."),
  "caption.too_large": () => t("A caption covers much of the picture: shorten it, part it into several, or give it a smaller style."),
  "segment.clamped": () => t("It ended after the video and was shortened by less than a frame."),
};

const line = (one) => h("li", icon("warning"), h("span", { dir: "auto" }, WORDS[one.code]?.() ?? one.message));

/** Warnings of one segment, or, for null, of none in particular; null where there are none. */
export function warningsOf(model, index) {
  const found = model.warnings().filter((one) => (one.segment ?? null) === index);
  return found.length > 0 && h("ul.warnings.small", found.map(line));
}
