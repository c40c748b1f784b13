// How the items of a backfill stand: one bar, a colour and a word for each state.
import { h } from "../../core/html.js";
import { number, t } from "../../core/i18n.js";
import { statusTitle } from "../../services/stages.js";

export const ITEM_STATUSES = ["completed", "completed_with_errors", "skipped", "failed", "cancelled", "running", "pending"];

/** @param {Record<string, number>} counts */
export const countBar = (counts) =>
  h("div.count-bar", { role: "img", "aria-label": said(counts) || t("No videos yet") }, ITEM_STATUSES.filter((name) => counts[name]).map((name) => h("span", { class: `is-${name}`, title: `${statusTitle(name)}: ${number(counts[name])}`, style: { "flex-grow": String(counts[name]) } })));

/** The share that is done with, 0 to 1. */
export const doneShare = (counts) => (counts.total ? 1 - (counts.pending + counts.running) / counts.total : 0);

export const said = (counts) => ITEM_STATUSES.filter((name) => counts[name]).map((name) => `${statusTitle(name)}: ${number(counts[name])}`).join(", ");
