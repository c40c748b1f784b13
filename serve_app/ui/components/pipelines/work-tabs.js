// The kinds of work, each with a list of its own.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { href } from "../../core/router.js";

/** @param {"/runs" | "/jobs" | "/backfills" | "/ads"} here */
export const workTabs = (here) =>
  h("nav.segmented", { "aria-label": t("Kinds of work") }, [["/runs", t("Runs")], ["/jobs", t("Jobs")], ["/backfills", t("Backfills")], ["/ads", t("Ads")]].map(([path, label]) =>
    h("a", { href: href(path), "aria-current": path === here ? "page" : null }, label)));
