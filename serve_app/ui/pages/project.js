// A project: a video edited as a film.
import { h } from "../core/html.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { setQuery } from "../core/router.js";
import { effect, signal } from "../core/store.js";
import { api, whenBack } from "../services/api.js";
import { may } from "../services/session.js";
import { emptyState } from "../components/common/empty-state.js";
import { tabs } from "../components/common/tabs.js";
import { toast, toastError } from "../components/common/toast.js";
import { buildPlayer } from "../components/detail/player.js";
import { buildTranscript } from "../components/detail/transcript.js";
import { placeTranscript } from "../components/detail/transcript-place.js";
import { loadMeasures, nameTab, openPage, whenRunEnds } from "../components/detail/video-page.js";
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

export const STYLE = "editor";

export function mount(root, { id, query }) {
  const ask = async () => {
    const project = await api.timeline(id);
    return { project, video: await api.video(project.asset.video) };
  };
  return openPage(root, ask, ({ project, video }) => build(root, project, video, query), ["/projects", t("Back to the projects")]);
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
  nameTab(model, () => model.project().title);
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
    return emptyState({ icon: "cut", title: t("No timeline yet"), text: t("A template listens to the video and cuts it; then it is yours to change.") },
      h("button.primary", { disabled: () => !may("write"), onclick: () => chooseTemplate(model) }, icon("refine"), t("Make a timeline…")));
  }
  return emptyState({ icon: "film", title: t("The video is still on its way"), text: t("Its timeline is made as soon as it is here.") },
    h("button", { disabled: () => !may("write"), onclick: () => chooseTemplate(model) }, icon("retry"), t("Make a timeline…")));
}

function load(model, offers) {
  Promise.all([api.effects(), api.sounds()]).then(([effects, sounds]) => offers.set({ ...effects, sounds }), toastError);
  model.loadTranscript();
  loadMeasures(model, () => ({ beats: model.saved.peek().beats }));
}

/** When the run that makes the time line ends, everything is read again. */
function followAnalysis(model) {
  whenRunEnds(model, (run) => {
    if (run.pipeline !== "editor.analysis") return model.reloadProject();
    if (run.status === "failed") toast(run.error?.message ?? t("The run failed."), { bad: true, seconds: 12 });
    Promise.all([model.reload(), model.loadVideo(), model.loadTranscript()]).catch(toastError);
  });
  whenBack(() => model.reloadProject());
}
