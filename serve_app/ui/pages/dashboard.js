// The dashboard: what runs, what needs a look, what is new; for a newcomer, where to begin.
import { each, h, replace } from "../core/html.js";
import { t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { href, go } from "../core/router.js";
import { effect, onEnd, scope, signal } from "../core/store.js";
import { api, missing } from "../services/api.js";
import { activeRuns, lookNow, whenRunsChange } from "../services/follow.js";
import { may } from "../services/session.js";
import { emptyState } from "../components/common/empty-state.js";
import { resource } from "../components/common/resource.js";
import { skeletons } from "../components/common/skeleton.js";
import { toast, toastError } from "../components/common/toast.js";
import { attention } from "../components/dashboard/attention.js";
import { figures } from "../components/dashboard/figures.js";
import { healthStrip } from "../components/dashboard/health-strip.js";
import { runLine } from "../components/dashboard/run-line.js";
import { fileButton } from "../components/layout/drop.js";
import { cardGrid } from "../components/library/video-card.js";

const NEWEST = 8;
const RUNNING = 6;

export function mount(root) {
  document.title = `${t("Dashboard")} · moments`;
  const videos = resource((signal) => newest(signal));
  whenRunsChange(videos.reload);
  const body = h("div.stack");
  root.append(h("div.page-head", h("h1", t("Dashboard")), h("div.actions", fileButton(t("Upload")), h("a.button.primary", { href: href("/new") }, icon("add"), t("New from URL")))), body);
  let [kind, end] = [null, () => {}];
  effect(() => {
    const found = videos.value();
    const now = found === null ? "waiting" : found.items.length === 0 && activeRuns().length === 0 ? "empty" : "full";
    if (now === kind) return;
    kind = now;
    end();
    // In a scope of its own, which lasts until there is something else to show.
    [, end] = scope(() => replace(body, now === "waiting" ? videos.show(() => skeletons("card", 4), () => null) : now === "empty" ? [welcome(), healthStrip()] : overview(videos)));
  });
  onEnd(() => { end(); replace(body); });
}

async function newest(signal) {
  return api.videos({ limit: NEWEST, include: ["run", "counts", "thumbnail"] }, signal);
}

function overview(videos) {
  const running = () => activeRuns().slice(0, RUNNING);
  const any = signal(false);
  effect(() => any.set(running().length > 0));
  return h("div.stack",
    figures(),
    () => any() && h("section.stack", { "aria-label": t("Running now") }, h("div.section-head", h("h2", t("Running now")), h("a", { href: href("/runs") }, t("All runs"))), h("div.panel.stack", each(running, (run) => run.identifier, (run) => runLine(run())))),
    attention(),
    h("section.stack", { "aria-label": t("Newest videos") }, h("div.section-head", h("h2", t("Newest videos")), h("a", { href: href("/videos") }, t("To the library"))),
      () => (videos.value()?.items.length ? cardGrid(videos.value().items) : emptyState({ icon: "film", title: t("No videos yet") }))),
    healthStrip());
}

/** What a newcomer sees first. */
function welcome() {
  const field = h("input", { type: "url", name: "url", required: true, placeholder: "https://…", "aria-label": t("URL of a video") });
  const demo = async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      const begun = await api.demo();
      lookNow();
      go(begun.video ? `/videos/${begun.video.identifier}` : `/runs/${begun.run?.identifier ?? begun.identifier}`);
    } catch (error) {
      button.disabled = false;
      if (missing(error)) toast(t("This server cannot make the demo talk; “moments demo” does."), { bad: true });
      else toastError(error);
    }
  };
  return h("section.welcome", h("h2", t("Find the moments worth watching")),
    h("p", t("Drop a file anywhere on this page, or paste the URL of a video. Its moments are found, titled and cut to the frame.")),
    fileButton(t("Choose a file"), "primary"),
    h("span.or", t("or")),
    h("form", { onsubmit: (event) => { event.preventDefault(); go(`/new?url=${encodeURIComponent(field.value)}`); } }, field, h("button", { type: "submit" }, t("Continue"))),
    h("span.or", t("or, without a video of your own,")),
    h("button", { onclick: demo, disabled: !may("write") }, icon("film"), t("Make the demo talk")),
    h("p.small", t("Five minutes of a narrated talk, made on this machine.")));
}
