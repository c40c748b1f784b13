// A project: a video edited as a film.
import { h, replace } from "../core/html.js";
import { percent, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { setQuery } from "../core/router.js";
import { effect, onEnd, scope, signal } from "../core/store.js";
import { api, returned } from "../services/api.js";
import { followed } from "../services/follow.js";
import { finished } from "../services/stages.js";
import { may } from "../services/session.js";
import { emptyState } from "../components/common/empty-state.js";
import { errorPanel } from "../components/common/error-panel.js";
import { skeletons } from "../components/common/skeleton.js";
import { tabs } from "../components/common/tabs.js";
import { toast, toastError } from "../components/common/toast.js";
import { buildPlayer } from "../components/detail/player.js";
import { buildTranscript } from "../components/detail/transcript.js";
import { placeTranscript } from "../components/detail/transcript-place.js";
import { captionsPanel } from "../components/editor/captions-panel.js";
import { chatDrawer } from "../components/editor/chat-drawer.js";
import { consentPanel } from "../components/editor/consent.js";
import { cropFrame } from "../components/editor/crop.js";
import { chooseTemplate, editorHead } from "../components/editor/editor-head.js";
import { editorKeys } from "../components/editor/editor-keys.js";
import { buildFilmStrip } from "../components/editor/film-strip.js";
import { editorModel } from "../components/editor/model.js";
import { buildPreview } from "../components/editor/preview.js";
import { renderPanel } from "../components/editor/render-panel.js";
import { segmentPanel } from "../components/editor/segment-panel.js";
import { buildFilm } from "../components/editor/sequence.js";
import { versionsPanel } from "../components/editor/versions-panel.js";
import { warningsOf } from "../components/editor/warnings.js";
import { runPanel } from "../components/pipelines/run-panel.js";

const WAVE_POINTS = 4000;

/** The looks of these pages alone, asked for once and only by them. */
let style = null;
const looks = () => (style ??= new Promise((resolve) => {
  document.head.append(h("link", { rel: "stylesheet", href: new URL("../theme/editor.css", import.meta.url).href, onload: resolve, onerror: resolve }));
}));

export function mount(root, { id, query }) {
  let end = () => {};
  let over = false;
  replace(root, h("div.detail", skeletons("player", 1), skeletons("line", 5)));
  const begin = async () => {
    try {
      const [project] = await Promise.all([api.timeline(id), looks()]);
      const video = await api.video(project.asset.video);
      if (over) return;
      end();
      root.replaceChildren();
      [, end] = scope(() => build(root, project, video, query));
    } catch (error) {
      if (!over) replace(root, errorPanel(error, begin));
    }
  };
  begin();
  return () => { over = true; end(); };
}

function build(root, project, video, query) {
  const model = editorModel(project, video);
  model.film = buildFilm(model);
  const player = (model.player = buildPlayer(model, model.film));
  player.stage.append(cropFrame(model), spoken(model));
  const chat = signal(false);
  const offers = signal(null);
  const captions = captionsPanel(model);
  const transcript = buildTranscript(model);
  const place = placeTranscript(transcript);
  const side = tabs([
    { key: "segment", label: t("Segment"), build: () => segmentPanel(model, offers) },
    { key: "captions", label: t("Captions"), build: () => captions.element },
    { key: "transcript", label: t("Transcript"), build: () => place.tab },
    { key: "versions", label: t("Versions"), build: () => versionsPanel(model) },
  ], query.get("tab") ?? "segment", (tab) => setQuery({ tab: tab === "segment" ? null : tab }), t("About this film"));
  place.guard(side, "segment");
  const strip = buildFilmStrip(model, { captions: (place) => { side.choose("captions"); captions.focus(place); } });
  const watch = h("div.watch", h("div.edit-stage", player.element, buildPreview(model)), strip.element);
  const [ready, cut, running] = [signal(false), signal(false), signal(false)];
  effect(() => { ready.set(model.video().status === "ready"); cut.set(model.timeline().segments.length > 0); running.set(Boolean(model.run()) && model.run().pipeline === "editor.analysis"); });
  root.append(editorHead(model, chat), h("div.detail.editor",
    h("div.detail-main", () => warningsOf(model, null), () => running() && runPanel(model.run, { small: ready() && cut() }), () => (ready() && cut() ? watch : !running() && nothing(model)), place.slot),
    h("div.detail-side", h("div.panel.film-panel", consentPanel(model), renderPanel(model)), h("div.panel.side-panel", side.element))), chatDrawer(model, chat));
  editorKeys(model, strip, { captions: () => { side.choose("captions"); captions.add(); }, chat: () => chat.set(!chat.peek()), none: () => (chat.peek() ? chat.set(false) : model.choose(null)) });
  effect(() => {
    const run = model.run();
    document.title = `${run ? `${percent(run.progress)} · ` : ""}${model.project().title} · moments`;
  });
  if (cut()) model.film.seek(0);
  load(model, offers);
  followAnalysis(model);
}

/** What is written at this second, over the player: only the words; the composed picture shows the look. */
function spoken(model) {
  const now = () => {
    const item = model.film.item();
    if (!item || !model.player?.playing()) return "";
    const all = item.segment.captions ?? model.timeline().captions;
    return all.find((one) => one.start <= model.time() && one.end > model.time())?.text ?? "";
  };
  return h("div.caption-now", { dir: "auto" }, () => now() && h("span", now()));
}

function nothing(model) {
  if (model.project().timeline.segments.length === 0 && model.video().status === "ready") {
    return emptyState({ icon: "cut", title: t("No time line yet"), text: t("A template listens to the video and cuts it; then it is yours to change.") },
      h("button.primary", { disabled: () => !may("write"), onclick: () => chooseTemplate(model) }, icon("refine"), t("Make a time line…")));
  }
  return emptyState({ icon: "film", title: t("The video is not here yet"), text: t("Its time line is made as soon as it is.") },
    h("button", { disabled: () => !may("write"), onclick: () => chooseTemplate(model) }, icon("retry"), t("Make a time line…")));
}

function load(model, offers) {
  Promise.all([api.effects(), api.sounds()]).then(([effects, sounds]) => offers.set({ ...effects, sounds }), toastError);
  model.loadTranscript();
  const beats = () => ({ beats: model.saved.peek().beats });
  api.boundaries(model.id).then((found) => model.boundaries.set({ ...found, ...beats() }), () => model.boundaries.set(beats()));
  api.waveform(model.id, WAVE_POINTS).then(({ peak, step }) => {
    if (peak.length) model.waveform.set({ points: Float32Array.from(peak, (point) => point / 255), duration: peak.length * step });
  }, () => {});
}

/** When the run that makes the time line ends, everything is read again. */
function followAnalysis(model) {
  let watched = null;
  effect(() => {
    const run = model.run();
    if (run) { watched = run.identifier; return; }
    const ended = watched && followed(watched);
    if (!ended || !finished(ended.status)) return;
    watched = null;
    if (ended.pipeline !== "editor.analysis") return model.reloadProject();
    if (ended.status === "failed") toast(ended.error?.message ?? t("The run failed."), { bad: true, seconds: 12 });
    Promise.all([model.reload(), model.loadVideo(), model.loadTranscript()]).catch(toastError);
  });
  let times = 0;
  effect(() => { returned(); if (times++) model.reloadProject(); });
  onEnd(() => (watched = null));
}
