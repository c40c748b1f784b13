// How this browser shows everything; kept here and nowhere else.
import { h } from "../../core/html.js";
import { LANGUAGES, chooseLanguage, language, t } from "../../core/i18n.js";
import { prefer, preferences } from "../../services/preferences.js";
import { keyTable } from "../layout/key-table.js";

export function build() {
  const choice = (name, label, options) => h("fieldset", { class: "presets" }, h("legend", label), h("div.segmented", { role: "group", "aria-label": label }, options.map(([value, text]) => h("button", { "aria-pressed": () => String(preferences()[name] === value), onclick: () => prefer({ [name]: value }) }, text))));
  const notify = async (event) => {
    const wanted = event.target.checked && (await Notification.requestPermission()) === "granted";
    event.target.checked = wanted;
    prefer({ notify: wanted });
  };
  return h("div.stack",
    h("section.panel.stack", choice("theme", t("Theme"), [["auto", t("Automatic")], ["light", t("Light")], ["dark", t("Dark")]]), choice("density", t("Density"), [["comfortable", t("Comfortable")], ["compact", t("Compact")]]),
      h("label", { style: { "max-width": "260px" } }, t("Language"), h("select", { onchange: (event) => chooseLanguage(event.target.value) }, Object.entries(LANGUAGES).map(([code, name]) => h("option", { value: code, lang: code, selected: code === language.peek() }, name)))),
      "Notification" in window && h("label.check", h("input", { type: "checkbox", checked: preferences.peek().notify, onchange: notify }), t("Notify me when a run ends while this page is in the background"))),
    h("section.panel.stack", h("h2", t("Keyboard shortcuts")), keyTable()));
}
