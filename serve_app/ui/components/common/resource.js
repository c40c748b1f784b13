// What is asked of the API for a page: shown as soon as it is here, asked again when the server comes back.
import { h } from "../../core/html.js";
import { onEnd, signal } from "../../core/store.js";
import { whenBack } from "../../services/api.js";
import { errorPanel } from "./error-panel.js";

const BLINK = 150;

/**
 * @template T @param {(signal: AbortSignal) => Promise<T>} ask
 * @returns `value()`, `error()`, `reload()`, and `show(waiting, build)` for a child that follows them
 */
export function resource(ask) {
  const [value, error, slow] = [signal(null), signal(null), signal(false)];
  let controller = null;
  async function reload() {
    controller?.abort();
    const mine = (controller = new AbortController());
    const timer = setTimeout(() => slow.set(true), BLINK);
    try {
      const found = await ask(mine.signal);
      if (mine.signal.aborted) return;
      value.set(found);
      error.set(null);
    } catch (problem) {
      if (!mine.signal.aborted && problem.name !== "AbortError") error.set(problem);
    } finally {
      clearTimeout(timer);
    }
  }
  whenBack(reload);
  onEnd(() => controller?.abort());
  reload();
  return {
    value, error, reload,
    show: (waiting, build) => () => {
      if (error() && !value.peek()) return errorPanel(error(), reload);
      if (value() === null) return slow() ? waiting() : h("div.waiting");
      return build(value());
    },
  };
}
