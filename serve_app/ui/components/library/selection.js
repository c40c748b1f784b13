// Videos that were chosen, and what can be done with all of them at once.
import { h } from "../../core/html.js";
import { plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { signal, untracked } from "../../core/store.js";
import { api } from "../../services/api.js";
import { lookNow } from "../../services/follow.js";
import { may } from "../../services/session.js";
import { confirm } from "../common/dialog.js";
import { toast, toastError } from "../common/toast.js";

const AT_ONCE = 1000; // so many are taken by one request

/** What is chosen among a list's videos; shift chooses all between, and all is whatever the filters show, read or not. */
export function selectionOf(pages) {
  const [ids, all] = [signal(new Set()), signal(false)];
  let anchor = 0;
  const here = () => new Set(pages.all().map((video) => video.identifier));
  const put = (next, every = false) => { ids.set(next); all.set(every); };
  return {
    has: (id) => all() || ids().has(id),
    size: () => (all() ? Math.min(AT_ONCE, pages.total() ?? AT_ONCE) : ids().size),
    /** How they are named to the API. */
    named: () => (all.peek() ? { filter: filterOf(pages.filters()) } : { ids: [...ids.peek()] }),
    clear: () => { if (all.peek() || ids.peek().size) put(new Set()); },
    all: () => put(new Set(), pages.total.peek() !== 0),
    toggle: (index, event) => {
      const next = all.peek() ? here() : new Set(ids.peek());
      const id = pages.at(index).identifier;
      const on = !next.has(id);
      const [from, to] = event.shiftKey ? [Math.min(anchor, index), Math.max(anchor, index)] : [index, index];
      for (let at = from; at <= to; at += 1) {
        const each = pages.at(at)?.identifier;
        if (each) next[on ? "add" : "delete"](each);
      }
      anchor = index;
      put(next);
    },
  };
}

/** The list's filters as bulk requests name them. */
const filterOf = ({ q, status, moments }) => ({ ...(q && { q }), ...(status && { status: [status] }), ...(moments && { has_moments: moments === "true" }) });

/** The bar at the foot while something is chosen. @param {() => void} reload */
export function selectionBar(chosen, reload) {
  async function each(action, said) {
    let [done, failed] = [0, 0];
    try {
      ({ done, failed } = await api.bulkVideos({ action, ...chosen.named() }));
    } catch (error) {
      return toastError(error);
    }
    chosen.clear();
    lookNow();
    reload();
    toast(failed ? plural(failed, "{n} failed", "{n} failed") : said(done), { bad: failed > 0 });
  }
  const remove = async () => {
    const n = untracked(chosen.size);
    if (!(await confirm({ title: plural(n, "Delete {n} video?", "Delete {n} videos?"), text: t("Their moments and clips are deleted, too. This cannot be undone."), action: t("Delete"), typed: n > 5 ? String(n) : undefined }))) return;
    await each("delete", (count) => plural(count, "{n} video deleted", "{n} videos deleted"));
  };
  const again = () => each("start", (count) => plural(count, "{n} run started", "{n} runs started"));
  return () => chosen.size() > 0 && h("div.selection-bar", { role: "region", "aria-label": t("Selected videos") },
    h("strong.number", () => plural(chosen.size(), "{n} selected", "{n} selected")),
    h("button", { onclick: again, disabled: !may("write") }, icon("refine"), t("Find moments")),
    h("button.danger", { onclick: remove, disabled: !may("write") }, icon("delete"), t("Delete")),
    h("button.quiet", { onclick: chosen.clear }, t("Select none")));
}
