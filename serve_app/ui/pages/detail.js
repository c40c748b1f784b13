// A video: watched, read, and its moments brought to where they should be.
import { h, replace } from "../core/html.js";
import { t, percent } from "../core/i18n.js";
import { setQuery } from "../core/router.js";
import { effect, scope, signal } from "../core/store.js";
import { api, returned } from "../services/api.js";
import { followed } from "../services/follow.js";
import { finished } from "../services/stages.js";
import { errorPanel } from "../components/common/error-panel.js";
import { skeletons } from "../components/common/skeleton.js";
import { tabs } from "../components/common/tabs.js";
import { toast, toastError } from "../components/common/toast.js";
import { detailHead } from "../components/detail/detail-head.js";
import { detailKeys } from "../components/detail/detail-keys.js";
import { files } from "../components/detail/files.js";
import { NO_WORDS, detailModel } from "../components/detail/model.js";
import { momentList } from "../components/detail/moment-list.js";
import { buildPlayer } from "../components/detail/player.js";
import { runHistory } from "../components/detail/run-history.js";
import { buildTimeline } from "../components/detail/timeline.js";
import { buildTranscript } from "../components/detail/transcript.js";
import { placeTranscript } from "../components/detail/transcript-place.js";
import { runPanel } from "../components/pipelines/run-panel.js";

const WAVE_POINTS = 4000;

export function mount(root, { id, query }) {
  let end = () => {};
  let over = false;
  replace(root, h("div.detail", skeletons("player", 1), skeletons("line", 5)));
  const begin = async () => {
    try {
      const video = await api.video(id);
      if (over) return;
      end();
      root.replaceChildren();
      [, end] = scope(() => build(root, id, video, query));
    } catch (error) {
      if (!over) replace(root, errorPanel(error, begin));
    }
  };
  begin();
  return () => { over = true; end(); };
}

function build(root, id, video, query) {
  const model = detailModel(id, video);
  model.waveform = signal(null);
  const player = (model.player = buildPlayer(model));
  const timeline = buildTimeline(model);
  const transcript = buildTranscript(model);
  const place = placeTranscript(transcript);
  const side = tabs([
    { key: "moments", label: t("Moments"), build: () => momentList(model) },
    { key: "transcript", label: t("Transcript"), build: () => place.tab },
    { key: "runs", label: t("Runs"), build: () => runHistory(model) },
    { key: "files", label: t("Files"), build: () => files(model) },
  ], query.get("tab") ?? "moments", (tab) => setQuery({ tab: tab === "moments" ? null : tab }), t("About this video"));
  place.guard(side, "moments");

  // Of all that changes in a video and its run only these two decide what is built: a player that is moved stops.
  const [ready, running] = [signal(false), signal(false)];
  effect(() => { ready.set(model.video().status === "ready"); running.set(Boolean(model.run())); });
  const watch = h("div.watch", player.element, timeline.element);
  root.append(detailHead(model), h("div.detail",
    h("div.detail-main", () => (ready() ? watch : pending(model, running)), () => running() && ready() && runPanel(model.run, { small: true }), place.slot),
    h("div.detail-side", side.element)));
  detailKeys(model, timeline, transcript, (one) => root.querySelector(`[data-moment="${CSS.escape(one)}"]`));
  load(model, query);
  followRun(model);
  effect(() => {
    const title = model.video().title || t("Untitled video");
    const run = model.run();
    document.title = `${run ? `${percent(run.progress)} · ` : ""}${title} · moments`;
  });
  effect(() => setQuery({ m: model.chosen() }));
}

async function load(model, query) {
  const [time, wanted] = [Number(query.get("t")), query.get("m")];
  try {
    await model.load();
    if (wanted && model.find(wanted)) model.choose(wanted, { seek: !time });
    if (time > 0) model.player.seek(time);
  } catch (error) {
    toastError(error);
  }
  if (model.video.peek().status === "ready") await model.loadTranscript().catch(toastError);
  else model.transcript.set(NO_WORDS);
  if (model.moments.peek()?.length || !model.run()) extras(model);
  if (model.moments.peek()?.length === 0 && !model.run()) model.loadReason().catch(() => {});
}

/** What was measured of it, once moments were looked for: how loud it is, and where its pauses and shots are. */
function extras(model) {
  const id = model.id;
  api.boundaries(id).then(model.boundaries.set, () => {});
  api.waveform(id, WAVE_POINTS).then(({ peak, step }) => {
    if (peak.length) model.waveform.set({ points: Float32Array.from(peak, (point) => point / 255), duration: peak.length * step });
  }, () => {});
}

/** While a run works on the video the page fills in; at its end it is read again. */
function followRun(model) {
  let watched = null;
  effect(() => {
    const run = model.run();
    if (run) {
      if (watched !== run.identifier) watched = run.identifier;
      return;
    }
    const ended = watched && followed(watched);
    if (!ended || !finished(ended.status)) return;
    watched = null;
    refresh(model, ended);
  });
  let stage = -1;
  effect(() => {
    const run = model.run();
    if (!run) return;
    const tenth = Math.floor(run.progress * 20);
    if (tenth === stage) return;
    stage = tenth;
    if (model.video.peek().status !== "ready") model.reloadVideo().catch(() => {});
    if (model.transcript.peek()?.absent) model.loadTranscript().catch(() => {});
    model.load().catch(() => {});
  });
  let times = 0;
  effect(() => { returned(); if (times++) model.load().catch(() => {}); });
}

async function refresh(model, run) {
  try {
    await Promise.all([model.reloadVideo(), model.load(), model.loadTranscript()]);
    const found = model.moments.peek().length;
    if (run.status === "failed") toast(run.error?.message ?? t("The run failed."), { bad: true, seconds: 12 });
    else if (!found) await model.loadReason();
    else toast(run.status === "cancelled" ? t("Cancelled") : t("Done"));
    if (!model.waveform.peek()) extras(model);
  } catch (error) {
    toastError(error);
  }
}

function pending(model, running) {
  const { error, status } = model.video();
  if (status === "deleting") return h("div.panel", h("p", t("This video is being deleted.")));
  return h("div.stack", running() ? runPanel(model.run) : error ? errorPanel({ title: t("The video did not come"), message: error.message, code: error.code }, error.retryable ? () => model.begin(() => api.start(model.id, {}), t("Tried again")) : undefined) : h("div.panel", h("p", t("Nothing works on this video right now.")), h("div.actions", h("button.primary", { onclick: () => model.begin(() => api.start(model.id, {}), t("Started")) }, t("Find its moments")))));
}
