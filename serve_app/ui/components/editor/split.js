// Cuts the segment under the playhead in two.
import { t } from "../../core/i18n.js";
import { toast } from "../common/toast.js";
import { newKey, splitSegment } from "./changes.js";
import { shownAt } from "./film.js";

/** @param {import("./model.js").Editor} model */
export function split(model) {
  const found = shownAt(model.items(), model.film.time.peek());
  if (!found) return;
  const key = newKey();
  const change = splitSegment(found.item.key, found.source, key);
  if (change(model.timeline.peek()) === model.timeline.peek()) return toast(t("Too near to an edge to split."));
  model.change(change, t("the split"));
  model.choose(key);
}
