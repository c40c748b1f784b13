// A backfill: how far it is and how fast it goes, what it took, its ledger, and its sets of moments brought forward or back.
import { h } from "../core/html.js";
import { date, number, percent, plural, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go, href } from "../core/router.js";
import { effect } from "../core/store.js";
import { length } from "../core/time.js";
import { api } from "../services/api.js";
import { pipelineTitle } from "../services/stages.js";
import { may } from "../services/session.js";
import { confirm } from "../components/common/dialog.js";
import { errorPanel } from "../components/common/error-panel.js";
import { livePage } from "../components/common/live-page.js";
import { statusBadge } from "../components/common/status-badge.js";
import { toast, toastError } from "../components/common/toast.js";
import { countBar, doneShare, said } from "../components/backfills/counts.js";
import { ledger } from "../components/backfills/ledger.js";

const EVERY = 2000;
const WITH_SETS = ["moments", "generation"];

export function mount(root, { id }) {
  const { value: backfill } = livePage(root, { ask: () => api.backfill(id), over: (one) => over(one) && !one.sets_to, every: EVERY, build: page });
  effect(() => { if (backfill()) document.title = `${over(backfill()) ? "" : `${percent(doneShare(backfill().counts))} · `}${backfill().name} · moments`; });
}

const over = (one) => ["completed", "completed_with_errors", "failed", "cancelled"].includes(one.status);

function page(backfill, read) {
  const id = backfill.peek().identifier;
  const act = (action, text) => async () => {
    try {
      await api.changeBackfill(id, action);
      toast(text);
    } catch (error) {
      toastError(error);
    }
    read();
  };
  const remove = async () => {
    if (!(await confirm({ title: t("Delete this backfill?"), text: t("Its ledger goes; its runs, and what they made, stay."), action: t("Delete") }))) return;
    try {
      await api.removeBackfill(id);
      go("/backfills");
    } catch (error) {
      toastError(error);
    }
  };
  const sets = (to, label, text) => async () => {
    try {
      const { left } = await api.changeBackfill(id, to, { dry_run: true });
      if (!(await confirm({ title: label, text: plural(left, "{n} video would show other moments.", "{n} videos would show other moments."), action: label }))) return;
      await api.changeBackfill(id, to);
      toast(text);
    } catch (error) {
      toastError(error);
    }
    read();
  };
  const button = (when, name, label, run, look = "") => () => when(backfill()) && h("button", { class: look, disabled: !may("write"), onclick: run }, icon(name), label);
  const one = () => backfill();
  const fact = (label, value) => () => { const shown = value(one()); return shown === null ? null : h("div", h("dt", label), h("dd", shown)); };
  return [
    h("div.page-head", h("a.icon-button.button.plain", { href: href("/backfills"), "aria-label": t("Back to the backfills") }, icon("back")), h("h1", { dir: "auto" }, () => one().name), h("span.chip", pipelineTitle(one().pipeline)), () => statusBadge(one().status),
      h("div.actions",
        button((now) => ["running", "estimating"].includes(now.status), "pause", t("Pause"), act("pause", t("Nothing more is started; runs under way end"))),
        button((now) => now.status === "paused", "play", t("Go on"), act("resume", t("It goes on")), "primary"),
        button((now) => !over(now), "close", t("Stop"), act("cancel", t("Cancelled"))),
        button((now) => now.counts.failed > 0 && now.status !== "cancelled", "retry", t("Retry what failed"), act("retry", t("What failed is tried again"))),
        button(over, "delete", t("Delete"), remove, "danger"))),
    () => one().paused_by && h("p.panel.warn", one().paused_by === "caller" ? t("It was paused by hand.") : t("It paused, for this is spent: {what}", { what: one().paused_by })),
    () => one().error && errorPanel({ title: t("It failed"), message: one().error.message, code: one().error.code }),
    h("section.panel.stack", h("div.row", h("strong.number", () => percent(doneShare(one().counts))), h("span.small.quiet", () => said(one().counts))), () => countBar(one().counts),
      h("dl.facts", fact(t("Videos an hour"), (now) => (now.throughput_per_hour ? number(now.throughput_per_hour, 1) : null)), fact(t("Time left"), (now) => (now.seconds_left ? length(now.seconds_left) : null)), fact(t("Runs at once"), (now) => number(now.in_flight)), fact(t("Priority"), (now) => now.priority),
        fact(t("Hours of video"), (now) => number(now.spent.media_hours, 2)), fact(t("Tokens"), (now) => (now.spent.tokens ? number(now.spent.tokens) : null)), fact(t("Cost"), (now) => (now.spent.usd ? `$${number(now.spent.usd, 2)}` : null)), fact(t("Created"), (now) => date(now.created_at)))),
    WITH_SETS.includes(one().pipeline) && h("section.panel.row", h("div.grow", h("h2", t("Sets of moments")), h("p.small.quiet", () => (one().sets_to ? t("Videos are being changed, one after another.") : one().as === "candidate" ? t("What was found is shown once it is promoted.") : t("What was found is shown at once.")))),
      button((now) => over(now) && !now.sets_to, "check", t("Promote"), sets("promote", t("Promote"), t("Users see what the backfill found"))), button((now) => over(now) && !now.sets_to, "undo", t("Roll back"), sets("rollback", t("Roll back"), t("Users see again what they saw before")))),
    ledger(backfill),
  ];
}
