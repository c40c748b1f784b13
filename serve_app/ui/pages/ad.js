// An ad: how far it is, its films, what it says, and what it cost.
import { h } from "../core/html.js";
import { date, number, percent, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { api } from "../services/api.js";
import { lookNow } from "../services/follow.js";
import { may } from "../services/session.js";
import { stageTitle } from "../services/stages.js";
import { backLink } from "../components/common/back-link.js";
import { errorPanel } from "../components/common/error-panel.js";
import { fact, facts } from "../components/common/facts.js";
import { livePage } from "../components/common/live-page.js";
import { progressBar } from "../components/common/progress.js";
import { removal } from "../components/common/removal.js";
import { statusBadge } from "../components/common/status-badge.js";
import { toast, tried } from "../components/common/toast.js";
import { films } from "../components/ads/films.js";
import { storyboard } from "../components/ads/storyboard.js";
import { styleName } from "../components/ads/style-poster.js";

const EVERY = 2000;
const costs = (ad) => t("${usd} of at most ${most}", { usd: number(ad.cost_usd, 4), most: number(ad.max_cost_usd, 2) });
const spent = (stage) => (stage.status === "processing" ? percent(stage.progress / 100) : stage.stage_data.cost_usd ? `$${number(stage.stage_data.cost_usd, 4)}` : stage.stage_data.backend === "embedded" ? t("built in") : (stage.stage_data.backend ?? ""));
const failedAt = ({ stages }) => {
  const stage = stages.find((one) => one.status === "failed");
  return stage ? t("Failed at: {stage}", { stage: stageTitle(stage.stage_name.toUpperCase()) }) : t("It failed");
};
const active = (ad) => ["pending", "processing"].includes(ad.status);

const back = () => ["/ads", t("Back to the ads")];

export const STYLE = "ads";

export function mount(root, { id }) {
  const { value: ad } = livePage(root, { ask: () => api.ad(id), over: (one) => !active(one), every: EVERY, back: back(), build: page });
  effect(() => { if (ad()) document.title = `${active(ad()) ? `${percent(ad().progress / 100)} · ` : ""}${ad().product_name} · moments`; });
}

function page(ad, read) {
  const { id } = ad.peek();
  const act = (ask, said) => async () => {
    await tried(async () => {
      await ask(id);
      toast(said);
      lookNow();
    });
    read();
  };
  const remove = removal({ title: t("Delete this ad?"), text: t("Its films, script and receipts are deleted, too.") }, () => api.removeAd(id), { list: "/ads", said: t("The ad is deleted") });
  const shape = signal("");
  effect(() => shape.set(JSON.stringify([ad().films.length, ad().updated_at])));
  const written = signal(false);
  effect(() => written.set(ad().stages.some((stage) => stage.stage_name === "script_gen" && stage.status === "completed")));
  const goesOn = () => !active(ad()) && (ad().status !== "completed" || ad().stop_after);
  return [
    h("div.page-head", backLink(...back()), h("h1", { dir: "auto" }, ad.peek().product_name), h("span.chip", styleName(ad.peek().style)), () => statusBadge(ad().status),
      h("div.actions",
        () => ad().run_id && h("a.button", { href: href(`/runs/${ad().run_id}`) }, icon("runs"), t("To the run")),
        () => active(ad()) && h("button", { disabled: !may("write"), onclick: act(api.cancelAd, t("Stopping")) }, icon("close"), t("Stop")),
        () => goesOn() && h("button.primary", { disabled: !may("write"), onclick: act(api.retryAd, t("It goes on")) }, icon("play"), t("Go on")),
        () => !active(ad()) && h("button.danger", { disabled: !may("write"), onclick: remove }, icon("delete"), t("Delete")))),
    () => active(ad()) && progressBar(() => ad().progress / 100, t("Progress")),
    () => ad().error && errorPanel({ title: failedAt(ad()), message: ad().error.message, code: ad().error.code }),
    () => ad().warnings.length > 0 && h("ul.panel.warnings", ad().warnings.map((text) => h("li", icon("warning"), h("span", { dir: "auto" }, text)))),
    () => { shape(); return ad.peek().films.length > 0 && films(ad.peek()); },
    h("section.panel.stack", h("div.row", h("h2.grow", t("Stages")), h("span.number", () => costs(ad()))),
      () => h("ol.stage-list.in-a-row", ad().stages.map((stage) => h("li", { class: `is-${stage.status}` }, h("span.stage-mark", stage.status === "completed" ? icon("check") : stage.status === "failed" ? icon("close") : null), h("span.grow", stageTitle(stage.stage_name.toUpperCase())),
        h("span.small.quiet.number", stage.error_message ?? spent(stage)))))),
    () => written() && h("div.stack.written", storyboard(ad, read)),
    h("section.panel", h("h2", t("About this ad")), facts(fact(t("Call to action"), ad.peek().cta_text), fact(t("Created"), date(ad.peek().created_at)), fact(t("Identifier"), h("code", id))),
      () => ad().receipts.length > 0 && h("details", h("summary", t("What was paid")), h("ul.run-list", ad().receipts.map((one) => h("li", h("span", one.stage), h("span.quiet", one.model), h("span.grow"), h("span.number", `$${number(one.usd, 4)}`)))))),
  ];
}
