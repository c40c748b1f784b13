// Shapes of what is to come, shown only where it takes longer than a blink.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";

/** @param {string} kind a class that says how one looks @param {number} count */
export const skeletons = (kind, count) =>
  h("div.skeletons", { class: `of-${kind}`, role: "status", "aria-label": t("Loading") }, Array.from({ length: count }, () => h(`div.skeleton.${kind}`)));
