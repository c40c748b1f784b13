// Go to anything, or do it, by typing a part of its name.
import { h, replace } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { bindings, keyName } from "../../core/keys.js";
import { go } from "../../core/router.js";
import { api } from "../../services/api.js";
import { videoTitle } from "../../services/titles.js";
import { dialog } from "../common/dialog.js";

const WAIT = 150;
const MOST = 40;

/** Open the palette. */
export function openPalette() {
  const commands = [...new Map(bindings.peek().map((one) => [one.label, one])).values()].filter((one) => !one.keys.includes("Ctrl+k"));
  dialog(t("Search everything"), (close) => {
    let entries = [];
    let at = 0;
    let timer = 0;
    let asked = 0;
    const list = h("ul", { role: "listbox", id: "palette-list", "aria-label": t("Found") });
    const field = h("input", { role: "combobox", "aria-expanded": "true", "aria-controls": "palette-list", "aria-label": t("Search everything"), placeholder: t("Search everything"), autofocus: true, autocomplete: "off", spellcheck: false, oninput: () => look(field.value),
      onkeydown: (event) => {
        const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
        if (step) { event.preventDefault(); choose((at + step + entries.length) % Math.max(1, entries.length)); }
        else if (event.key === "Enter") { event.preventDefault(); if (entries[at]) run(entries[at]); }
      } });
    const run = (entry) => { close(); entry.run(); };
    function choose(next) {
      at = next;
      [...list.children].forEach((row, index) => row.setAttribute("aria-selected", String(index === at)));
      list.children[at]?.scrollIntoView({ block: "nearest" });
      field.setAttribute("aria-activedescendant", `palette-${at}`);
    }
    function show(found) {
      entries = found.slice(0, MOST);
      replace(list, entries.map((entry, index) => h("li", { role: "option", id: `palette-${index}`, onclick: () => run(entry), onpointermove: () => at !== index && choose(index) }, icon(entry.icon), h("span.clip-text", { dir: "auto" }, entry.label), h("small", entry.hint))));
      choose(0);
    }
    function look(text) {
      const wanted = text.trim().toLowerCase();
      const here = commands.filter((one) => one.label.toLowerCase().includes(wanted)).map((one) => ({ icon: "forward", label: one.label, hint: keyName(one.keys[0]), run: () => one.run(new KeyboardEvent("keydown")) }));
      show(here);
      clearTimeout(timer);
      const mine = (asked += 1);
      timer = setTimeout(async () => {
        const page = await api.videos({ limit: 8, q: wanted }).catch(() => api.videos({ limit: 50 })).catch(() => ({ items: [] }));
        if (mine !== asked) return;
        const videos = page.items.filter((video) => videoTitle(video).toLowerCase().includes(wanted)).slice(0, 8).map((video) => ({ icon: "film", label: videoTitle(video), hint: t("video"), run: () => go(`/videos/${video.identifier}`) }));
        show(wanted ? [...videos, ...here] : [...here, ...videos]);
      }, WAIT);
    }
    look("");
    return h("div.body", field, list);
  }).then(() => {});
  document.querySelector("dialog:last-of-type")?.classList.add("palette");
}
