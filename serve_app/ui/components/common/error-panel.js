// What went wrong, in the API's words, and what can be done.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { href } from "../../core/router.js";
import { toast } from "./toast.js";

/** Answers that stay the same however often one asks: it is not there, or not for this key. */
const NEVER = [403, 404, 410];

/** @param {any} error @param {() => void} [retry] shown where asking again may help */
export function errorPanel(error, retry) {
  const copy = () => navigator.clipboard?.writeText(error.requestId).then(() => toast(t("Copied")));
  return h("div.panel.error", { role: "alert" },
    h("div.error-icon", icon("warning")),
    h("div",
      h("strong", error.title || t("Something went wrong")),
      h("p", { dir: "auto" }, error.message),
      h("p.quiet.small",
        error.code && h("code", error.code),
        error.requestId && [" · ", t("request"), " ", h("button.link", { onclick: copy, title: t("Copy the request's id") }, h("code", error.requestId.slice(0, 8)))]),
      NEVER.includes(error.status) ? h("a.button", { href: href("/") }, t("To the dashboard")) : retry && h("button", { onclick: () => retry() }, icon("retry"), t("Try again"))));
}
