// Every key that works on this page.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { bindings, keyName } from "../../core/keys.js";
import { dialog } from "../common/dialog.js";

/** The keys by group. */
export function keyTable() {
  const groups = new Map();
  for (const one of bindings.peek()) groups.set(one.group, [...(groups.get(one.group) ?? []), one]);
  return h("div.keys", [...groups].reverse().map(([name, all]) => h("section", h("h3", name), h("dl", all.map((one) => h("div", h("dt", one.label), h("dd", one.keys.map((key) => [h("kbd", keyName(key)), " "]))))))));
}

/** Open the table. */
export function openKeyTable() {
  if (document.querySelector("dialog[open]")) return;
  dialog(t("Keyboard shortcuts"), () => h("div.body", keyTable()), { wide: true });
}
