// Rows that are chosen, to do one thing with all of them.
import { h } from "../../core/html.js";
import { plural, t } from "../../core/i18n.js";
import { signal } from "../../core/store.js";
import { lookNow } from "../../services/follow.js";
import { toast, tried } from "./toast.js";

/** What is chosen, by identifier: `has`, `size`, `box(id, label)` for a row, `act(ask)` for a button over the list. */
export function selection() {
  const chosen = signal(new Set());
  const toggle = (id) => chosen.update((old) => { const next = new Set(old); if (!next.delete(id)) next.add(id); return next; });
  return {
    has: (id) => chosen().has(id),
    size: () => chosen().size,
    box: (id, label) => h("input.pick", { type: "checkbox", checked: () => chosen().has(id), onclick: () => toggle(id), "aria-label": label }),
    count: () => h("strong.number", plural(chosen().size, "{n} selected", "{n} selected")),
    /** Do something with all of them. @param {(ids: string[]) => Promise<{failed: number}>} ask @param {() => void} then */
    act: async (ask, then) => {
      await tried(async () => {
        const { failed } = await ask([...chosen.peek()]);
        chosen.set(new Set());
        toast(failed ? plural(failed, "{n} failed", "{n} failed") : t("Done"), { bad: failed > 0 });
      });
      lookNow();
      then();
    },
  };
}
