// A list that comes by pages: read again as far as it is shown, or gone on with.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { onEnd, signal } from "../../core/store.js";
import { whenBack } from "../../services/api.js";
import { errorPanel } from "./error-panel.js";
import { skeletons } from "./skeleton.js";

/**
 * `items()`, null until the first page is here; `load()` the first page, `again()` all pages that are shown, as when
 * the server has come back; `more`, the button that goes on; and `instead(nothing)`, what stands there while there is no item.
 * @param {(cursor: ?string) => Promise<{items: any[], next_cursor: ?string}>} ask
 */
export function pagedList(ask) {
  const [items, cursor, error] = [signal(null), signal(null), signal(null)];
  let [turn, pages] = [0, 1];
  /** Read so many pages that follow what is known, or the first ones. */
  async function read(count, known = [], from = null) {
    const mine = (turn += 1);
    let [found, next] = [known, from];
    try {
      do {
        const page = await ask(next);
        if (mine !== turn) return; // something else was asked for since
        found = [...found, ...page.items];
        next = page.next_cursor;
      } while (next && (count -= 1) > 0);
      items.set(found);
      cursor.set(next);
      error.set(null);
    } catch (problem) {
      if (mine === turn) error.set(problem);
    }
  }
  const load = () => read((pages = 1));
  let [reading, missed] = [false, false];
  /** What changes while it is read again is read after that: a list in which much happens still comes to its end. */
  const again = async () => {
    missed = true;
    if (reading) return;
    reading = true;
    while (missed) {
      missed = false;
      await read(pages);
    }
    reading = false;
  };
  whenBack(again);
  const on = () => { pages += 1; read(1, items.peek(), cursor.peek()); };
  return {
    items, load, again,
    more: () => cursor() && h("div.actions", h("button", { onclick: on }, t("More"))),
    instead: (nothing, shape = "line") => () => (error() ? errorPanel(error(), again) : items() === null ? skeletons(shape, 6) : items().length === 0 ? nothing() : null),
  };
}

/** Have a list read again every so many milliseconds while something in it goes on. @param {(item: any) => boolean} active */
export function whileActive(list, active, every) {
  const timer = setInterval(() => { if (!document.hidden && list.items.peek()?.some(active)) list.again(); }, every);
  onEnd(() => clearInterval(timer));
}
