// A video: watched, read, and its moments brought to where they should be.
import { h } from "../core/html.js";
import { t } from "../core/i18n.js";
import { setQuery } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { api, whenBack } from "../services/api.js";
import { videoTitle } from "../services/titles.js";
import { errorPanel } from "../components/common/error-panel.js";
import { tabs } from "../components/common/tabs.js";
import { toast, toastError, tried } from "../components/common/toast.js";
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
import { loadMeasures, nameTab, openPage, whenRunEnds } from "../components/detail/video-page.js";
import { runPanel } from "../components/pipelines/run-panel.js";

export function mount(root, { id, query }) {
  return openPage(root, () => api.video(id), (video) => build(root, id, video, query), ["/videos", t("Back to the library")]);
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
  nameTab(model, () => videoTitle(model.video()));
  effect(() => setQuery({ m: model.chosen() }));
}

async function load(model, query) {
  const [time, wanted] = [Number(query.get("t")), query.get("m")];
  await model.load().catch(() => {}); // the list of moments says why, and asks again
  if (wanted && model.find(wanted)) model.choose(wanted, { seek: !time });
  if (time > 0) model.player.seek(time);
  if (model.video.peek().status === "ready") await model.loadTranscript().catch(toastError);
  else model.transcript.set(NO_WORDS);
  if (model.moments.peek()?.length || !model.run()) loadMeasures(model); // before that nothing was measured
  if (model.moments.peek()?.length === 0 && !model.run()) model.loadReason().catch(() => {});
}

/** While a run works on the video the page fills in; at its end it is read again. */
function followRun(model) {
  whenRunEnds(model, (run) => refresh(model, run));
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
  whenBack(() => model.load().catch(() => {}));
}

async function refresh(model, run) {
  await tried(async () => {
    await Promise.all([model.reloadVideo(), model.load(), model.loadTranscript()]);
    const found = model.moments.peek().length;
    if (run.status === "failed") toast(run.error?.message ?? t("The run failed."), { bad: true, seconds: 12 });
    else if (!found) await model.loadReason();
    else toast(run.status === "cancelled" ? t("Cancelled") : t("Done"));
    if (!model.waveform.peek()) loadMeasures(model);
  });
}

function pending(model, running) {
  const { error, status, source_url: url } = model.video();
  if (status === "deleting") return h("div.panel", h("p", t("This video is being deleted.")));
  if (running()) return h("div.stack", runPanel(model.run));
  const start = (said) => () => model.begin(() => api.start(model.id, {}), said);
  if (error) return h("div.stack", errorPanel({ title: t("The video could not be fetched"), message: error.message, code: error.code }, error.retryable ? start(t("Started again")) : undefined), url && h("p.quiet.small", { dir: "auto" }, url));
  return h("div.stack", h("div.panel", h("p", t("Nothing is running for this video.")), h("div.actions", h("button.primary", { onclick: start(t("Started")) }, t("Find its moments")))));
}
