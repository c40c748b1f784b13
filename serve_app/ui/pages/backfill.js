// A backfill: how far it is and how fast it goes, what it took, its ledger, and its sets of moments brought forward or back.
import { h } from "../core/html.js";
import { date, number, percent, plural, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { effect } from "../core/store.js";
import { length } from "../core/time.js";
import { api } from "../services/api.js";
import { pipelineTitle } from "../services/stages.js";
import { may } from "../services/session.js";
import { backLink } from "../components/common/back-link.js";
import { confirm } from "../components/common/dialog.js";
import { errorPanel } from "../components/common/error-panel.js";
import { fact, facts } from "../components/common/facts.js";
import { livePage } from "../components/common/live-page.js";
import { removal } from "../components/common/removal.js";
import { statusBadge } from "../components/common/status-badge.js";
import { toast, tried } from "../components/common/toast.js";
import { countBar, doneShare, said } from "../components/backfills/counts.js";
import { ledger } from "../components/backfills/ledger.js";

const EVERY = 2000;
const WITH_SETS = ["moments", "generation"];

const back = () => ["/backfills", t("Back to the backfills")];

export function mount(root, { id }) {
  const { value: backfill } = livePage(root, { ask: () => api.backfill(id), over: (one) => over(one) && !one.sets_to, every: EVERY, back: back(), build: page });
  effect(() => { if (backfill()) document.title = `${over(backfill()) ? "" : `${percent(doneShare(backfill().counts))} · `}${backfill().name} · moments`; });
}

/** Whether anything came of it that could be shown, or not shown any more. */
const found = ({ counts }) => counts.completed + (counts.completed_with_errors ?? 0) > 0;
const over = (one) => ["completed", "completed_with_errors", "failed", "cancelled"].includes(one.status);

function page(backfill, read) {
  const id = backfill.peek().identifier;
  const act = (action, text) => async () => {
    await tried(async () => {
      await api.changeBackfill(id, action);
      toast(text);
    });
    read();
  };
  const remove = removal({ title: t("Delete this backfill?"), text: t("Its ledger is deleted; its runs, and what they made, stay.") }, () => api.removeBackfill(id), { list: "/backfills", said: t("The backfill is deleted") });
  const sets = (to, label, text) => async () => {
    await tried(async () => {
      const { left } = await api.changeBackfill(id, to, { dry_run: true });
      if (!(await confirm({ title: label, text: plural(left, "{n} video will show other moments.", "{n} videos will show other moments."), action: label }))) return;
      await api.changeBackfill(id, to);
      toast(text);
    });
    read();
  };
  const button = (when, name, label, run, look = "") => () => when(backfill()) && h("button", { class: look, disabled: !may("write"), onclick: run }, icon(name), label);
  const one = () => backfill();
  const figure = (label, value) => fact(label, () => value(one()));
  return [
    h("div.page-head", backLink(...back()), h("h1", { dir: "auto" }, () => one().name), h("span.chip", pipelineTitle(one().pipeline)), () => statusBadge(one().status),
      h("div.actions",
        button((now) => ["running", "estimating"].includes(now.status), "pause", t("Pause"), act("pause", t("Nothing new is started; runs under way finish"))),
        button((now) => now.status === "paused", "play", t("Go on"), act("resume", t("It goes on")), "primary"),
        button((now) => !over(now), "close", t("Stop"), act("cancel", t("Cancelled"))),
        button((now) => now.counts.failed > 0 && now.status !== "cancelled", "retry", t("Retry what failed"), act("retry", t("What failed is tried again"))),
        button(over, "delete", t("Delete"), remove, "danger"))),
    () => one().paused_by && h("p.panel.warn", one().paused_by === "caller" ? t("It was paused by hand.") : t("It paused because the budget is used up: {what}", { what: one().paused_by })),
    () => one().error && errorPanel({ title: t("It failed"), message: one().error.message, code: one().error.code }),
    h("section.panel.stack", h("div.row", h("strong.number", () => percent(doneShare(one().counts))), h("span.small.quiet", () => said(one().counts))), () => countBar(one().counts),
      facts(figure(t("Videos an hour"), (now) => (now.status === "running" && now.throughput_per_hour ? number(now.throughput_per_hour, 1) : null)), figure(t("Time left"), (now) => (now.status === "running" && now.seconds_left ? length(now.seconds_left) : null)), figure(t("Runs at once"), (now) => number(now.in_flight)), figure(t("Priority"), (now) => now.priority),
        figure(t("Hours of video"), (now) => number(now.spent.media_hours, 2)), figure(t("Tokens"), (now) => (now.spent.tokens ? number(now.spent.tokens) : null)), figure(t("Cost"), (now) => (now.spent.usd ? `$${number(now.spent.usd, 2)}` : null)), figure(t("Created"), (now) => date(now.created_at)))),
    WITH_SETS.includes(one().pipeline) && h("section.panel.row", h("div.grow", h("h2", t("Sets of moments")), h("p.small.quiet", () => (one().sets_to ? t("Videos are being changed, one after another.") : one().as === "candidate" ? t("What was found is shown once it is promoted.") : t("What was found is shown at once.")))),
      button((now) => over(now) && !now.sets_to && found(now), "check", t("Promote"), sets("promote", t("Promote"), t("Users see what the backfill found"))), button((now) => over(now) && !now.sets_to && found(now), "undo", t("Roll back"), sets("rollback", t("Roll back"), t("Users see again what they saw before")))),
    ledger(backfill),
  ];
}
