// Videos that were chosen, and what can be done with all of them at once.
import { h } from "../../core/html.js";
import { plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { signal } from "../../core/store.js";
import { api, missing } from "../../services/api.js";
import { lookNow } from "../../services/follow.js";
import { may } from "../../services/session.js";
import { confirm } from "../common/dialog.js";
import { toast, toastError } from "../common/toast.js";

/** What is chosen among a list's videos; shift chooses all between. */
export function selectionOf(pages) {
  const ids = signal(new Set());
  let anchor = 0;
  return {
    ids,
    has: (id) => ids().has(id),
    clear: () => { if (ids.peek().size) ids.set(new Set()); },
    all: () => ids.set(new Set(pages.all().map((video) => video.identifier))),
    toggle: (index, event) => {
      const next = new Set(ids.peek());
      const id = pages.at(index).identifier;
      const on = !next.has(id);
      const [from, to] = event.shiftKey ? [Math.min(anchor, index), Math.max(anchor, index)] : [index, index];
      for (let at = from; at <= to; at += 1) {
        const each = pages.at(at)?.identifier;
        if (each) next[on ? "add" : "delete"](each);
      }
      anchor = index;
      ids.set(next);
    },
  };
}

/** The bar at the foot while something is chosen. */
export function selectionBar(chosen, pages, filters) {
  const size = () => chosen.ids().size;
  async function each(action, one, done) {
    const ids = [...chosen.ids.peek()];
    let failed = 0;
    try {
      const answer = await api.bulkVideos({ action, ids });
      failed = (answer.items ?? answer.results ?? []).filter((item) => item.error).length;
    } catch (error) {
      if (!missing(error)) return toastError(error);
      for (const id of ids) await one(id).catch(() => (failed += 1));
    }
    chosen.clear();
    lookNow();
    pages.load(filters());
    toast(failed ? plural(failed, "{n} did not work", "{n} did not work") : done(ids.length), { bad: failed > 0 });
  }
  const remove = async () => {
    const n = chosen.ids.peek().size;
    if (!(await confirm({ title: plural(n, "Delete {n} video?", "Delete {n} videos?"), text: t("Their moments and clips go, too. This cannot be taken back."), action: t("Delete"), typed: n > 5 ? String(n) : undefined }))) return;
    await each("delete", api.removeVideo, (count) => plural(count, "{n} video deleted", "{n} videos deleted"));
  };
  const again = () => each("start", (id) => api.start(id, {}), (count) => plural(count, "{n} run started", "{n} runs started"));
  return () => size() > 0 && h("div.selection-bar", { role: "region", "aria-label": t("Chosen videos") },
    h("strong.number", () => plural(size(), "{n} chosen", "{n} chosen")),
    h("button", { onclick: again, disabled: !may("write") }, icon("refine"), t("Find moments")),
    h("button.danger", { onclick: remove, disabled: !may("write") }, icon("delete"), t("Delete")),
    h("button.quiet", { onclick: chosen.clear }, t("Choose none")));
}
