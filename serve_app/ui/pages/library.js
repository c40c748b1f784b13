// The library: every video, found again.
import { h } from "../core/html.js";
import { t } from "../core/i18n.js";
import { mountLibrary } from "../components/library/library-view.js";

export function mount(root, { query }) {
  document.title = `${t("Library")} · moments`;
  return mountLibrary(root, query, h("h1", t("Library")));
}
