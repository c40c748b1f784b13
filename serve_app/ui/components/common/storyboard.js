// Small pictures of a video under the pointer, from one sheet of them.
import { h } from "../../core/html.js";
import { api } from "../../services/api.js";
import { usable } from "../../services/links.js";

const EARLY = 60 * 1000;
/** @type {Map<string, Promise<any>>} */
const known = new Map();

/** A video's sheet, with a link that lasts; null where it has none. @param {string} id */
async function sheetOf(id) {
  const kept = await known.get(id);
  if (kept && Date.parse(kept.expires_at) - EARLY > Date.now()) return kept;
  known.set(id, api.storyboard(id).catch(() => null));
  return known.get(id);
}

/**
 * A frame that shows what is on screen at a time: `show(seconds)`; nothing until the sheet is here.
 * @param {string} id
 */
export function smallPicture(id) {
  const element = h("span.small-picture", { hidden: true, "aria-hidden": "true" });
  let sheet = null;
  const load = async () => {
    sheet = await sheetOf(id);
    if (!sheet) return;
    const rows = Math.ceil(sheet.count / sheet.columns);
    element.style.setProperty("background-image", `url("${usable(sheet.url)}")`);
    element.style.setProperty("background-size", `${sheet.columns * 100}% ${rows * 100}%`);
    element.style.setProperty("aspect-ratio", `${sheet.width} / ${sheet.height}`);
  };
  let loading = null;
  const show = async (seconds) => {
    await (loading ??= load());
    if (!sheet) return;
    const at = Math.max(0, Math.min(sheet.count - 1, Math.floor(seconds / sheet.step)));
    const rows = Math.ceil(sheet.count / sheet.columns);
    const place = (index, count) => (count > 1 ? (100 * index) / (count - 1) : 0);
    element.style.setProperty("background-position", `${place(at % sheet.columns, sheet.columns)}% ${place(Math.floor(at / sheet.columns), rows)}%`);
    element.hidden = false;
  };
  return { element, show, hide: () => (element.hidden = true) };
}
