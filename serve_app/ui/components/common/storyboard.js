// Small pictures of a video under the pointer, from one sheet of them.
import { h } from "../../core/html.js";
import { api } from "../../services/api.js";
import { usable } from "../../services/links.js";

const EARLY = 60 * 1000;
/** @type {Map<string, {until: number, sheet: Promise<any>}>} */
const known = new Map();

/** A video's sheet, with a link that lasts; null where it has none, which is believed for a minute. @param {string} id */
function sheetOf(id) {
  const kept = known.get(id);
  if (kept && kept.until > Date.now()) return kept.sheet;
  const one = { until: Date.now() + EARLY, sheet: api.storyboard(id).catch(() => null) };
  known.set(id, one);
  one.sheet.then((sheet) => { if (sheet) one.until = Date.parse(sheet.expires_at) - EARLY; });
  return one.sheet;
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
