// Words of a transcript as names.
import { t } from "../../core/i18n.js";
import { said } from "./snapping.js";

const MOST_WORDS = 7;

/** A name for a new moment: the first words that are said in it. */
export function titleOf(transcript, from, to) {
  const words = said(transcript, from, to).split(" ").filter(Boolean);
  if (!words.length) return t("New moment");
  const title = words.slice(0, MOST_WORDS).join(" ").replace(/[,;:.]$/, "");
  return title.replace(/^./u, (first) => first.toUpperCase()) + (words.length > MOST_WORDS ? "…" : "");
}
