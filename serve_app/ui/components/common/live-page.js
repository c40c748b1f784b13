// A page of one thing that is read again while it goes on: shapes of what is to come, then the thing, or why it cannot be shown.
import { h, replace } from "../../core/html.js";
import { effect, onEnd, scope, signal } from "../../core/store.js";
import { backLink } from "./back-link.js";
import { errorPanel } from "./error-panel.js";
import { skeletons } from "./skeleton.js";

/**
 * What `build` makes lives as long as the page, however often the thing is read: it follows the signal that it is given.
 * @template T @param {HTMLElement} root
 * @param {{ask: () => Promise<T>, over: (value: T) => boolean, every: number, back: [string, string], build: (value: any, read: () => Promise<void>) => any}} how
 *   `every`: milliseconds between two looks while it is not over; `back`: the list that it is of, path and label
 */
export function livePage(root, { ask, over, every, back, build }) {
  const [value, error] = [signal(null), signal(null)];
  const read = async () => {
    try {
      value.set(await ask());
    } catch (problem) {
      if (!value.peek()) error.set(problem);
    }
  };
  read();
  const timer = setInterval(() => { if (!document.hidden && value.peek() && !over(value.peek())) read(); }, every);
  let end = null;
  onEnd(() => { clearInterval(timer); end?.(); });
  effect(() => {
    if (error()) replace(root, h("div.page-head", backLink(...back)), errorPanel(error(), () => { error.set(null); read(); }));
    else if (!value()) replace(root, skeletons("line", 6));
    else if (!end) [, end] = scope(() => replace(root, build(value, read)));
  });
  return { value, read };
}
