// A style as a small moving poster with the product's own name in it.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";

const NAMES = { luxury: () => t("Luxury"), energetic: () => t("Energetic"), minimal: () => t("Minimal"), bold: () => t("Bold") };

export const styleName = (style) => NAMES[style]?.() ?? style;

/** @param {{style: string, palette: string[], font: string}} style @param {() => string} name of the product @param {() => string} action */
export function stylePoster(style, name, action) {
  const [ground, accent, ink, second] = style.palette;
  return h("span.style-poster", { class: `is-${style.style}`, style: { "--ground": ground, "--accent": accent, "--letters": ink, "--second": second }, "aria-hidden": "true" },
    h("span.poster-ground"), h("span.poster-name", { dir: "auto" }, () => name() || t("Your product")), h("span.poster-action", { dir: "auto" }, () => action() || t("Try it today")));
}
