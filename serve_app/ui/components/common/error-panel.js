// What went wrong, in the API's words, and what can be done.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { toast } from "./toast.js";

/** @param {any} error @param {() => void} [retry] shown where asking again may help */
export function errorPanel(error, retry) {
  const copy = () => navigator.clipboard?.writeText(error.requestId).then(() => toast(t("Copied")));
  return h("div.panel.error", { role: "alert" },
    h("div.error-icon", icon("warning")),
    h("div",
      h("strong", error.title || t("That did not work")),
      h("p", { dir: "auto" }, error.message),
      h("p.quiet.small",
        error.code && h("code", error.code),
        error.requestId && [" · ", t("request"), " ", h("button.link", { onclick: copy, title: t("Copy the request's id") }, h("code", error.requestId.slice(0, 8)))]),
      retry && h("button", { onclick: () => retry() }, icon("retry"), t("Try again"))));
}
