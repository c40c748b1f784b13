// Makes the film: how it is wanted, how far it is, and the film itself when it is there.
import { h } from "../../core/html.js";
import { percent, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { followed, lookNow } from "../../services/follow.js";
import { link } from "../../services/links.js";
import { finished } from "../../services/stages.js";
import { may } from "../../services/session.js";
import { errorPanel } from "../common/error-panel.js";
import { progressBar } from "../common/progress.js";
import { toast, toastError, tried } from "../common/toast.js";
import { musicFields } from "./music.js";
import { SHAPES, options } from "./names.js";

const PIPELINES = ["editor.render", "editor.full_render"];
const LOUD = -14;
const SHOWN_LOGS = 4;
const STEP = 0.01;

/** @param {import("./model.js").Editor} model */
export function renderPanel(model) {
  const asked = signal({ watermark: null, quality: "final", captions: true, loudness: null });
  const [job, status, busy] = [signal(null), signal(null), signal(false)];
  const set = (name, value) => asked.update((old) => ({ ...old, [name]: value }));
  const active = () => status() && !["finished", "failed"].includes(status().status);
  const read = async () => { if (job.peek()) status.set(await api.renderStatus(job.peek()).catch(() => status.peek())); };
  findLast(model).then((run) => {
    if (!run || job.peek()) return;
    job.set(run.identifier);
    read();
  }, () => {});

  // Every sign of life of its run, and its end, reads how the film stands: the stream of runs tells of both.
  let before = "";
  effect(() => {
    const run = job() && followed(job());
    const now = run ? `${run.status} ${Math.floor(run.progress / STEP)} ${run.stages?.map((one) => one.status + Math.floor((one.progress ?? 0) * 20)).join()}` : "";
    if (!run || now === before) return;
    before = now;
    read().then(() => { if (finished(run.status)) model.reloadProject(); });
  });

  const why = () => {
    if (!may("write")) return t("Your key can only read.");
    if (!model.timeline().segments.length) return t("There is no timeline yet.");
    if (!model.project().consent.complete) return t("Consent is missing: see above.");
    if (model.run() && !active()) return t("Its timeline is being made.");
    return null;
  };
  const start = async () => {
    if (busy.peek() || why()) return;
    busy.set(true);
    try {
      const { watermark, loudness, ...rest } = asked.peek();
      const made = await api.render(model.project.peek().id, { ...rest, ...(watermark === null ? {} : { watermark }), ...(loudness === null ? {} : { loudness }) });
      before = "";
      job.set(made.job_id);
      status.set(null);
      await read();
      if (status.peek()?.status === "finished") toast(t("This exact film is there already."));
      lookNow();
    } catch (error) {
      toastError(error);
    } finally {
      busy.set(false);
    }
  };
  const stop = () => tried(async () => {
    status.set(await api.cancelRender(job.peek()));
    toast(t("Stopping"));
    lookNow();
  });
  const readOnly = () => Boolean(active()) || !may("write");
  const check = (name, label, checked, value = (on) => on) => h("label.check.small", h("input", { type: "checkbox", checked, disabled: readOnly, onchange: (event) => set(name, value(event.target.checked)) }), label);
  const showing = signal("");
  const music = musicFields(model);
  effect(() => showing.set(status()?.status === "finished" ? status().id : ""));
  return h("section.render-panel.stack.tight", { "aria-label": t("Film") },
    h("div.fields.three",
      h("label.small", t("Shape"), h("select", { disabled: () => !may("write"), value: () => model.timeline().aspect, onchange: (event) => model.change((timeline) => ({ ...timeline, aspect: event.target.value }), t("the shape")) }, options(SHAPES, h, model.timeline.peek().aspect))),
      h("label.small", t("Quality"), h("select", { disabled: readOnly, onchange: (event) => set("quality", event.target.value) }, h("option", { value: "final" }, t("Full size")), h("option", { value: "draft" }, t("Draft: half as wide, quick")))),
      music.field),
    music.more,
    h("div.row", check("captions", t("Captions"), true), check("watermark", t("Watermark"), () => asked().watermark ?? model.project().watermark !== null), check("loudness", t("Even loudness"), false, (on) => (on ? LOUD : null))),
    () => active() ? running(status, stop) : h("div.row", h("button.primary.grow", { disabled: () => busy() || Boolean(why()), title: why, onclick: start }, icon("film"), () => (status()?.status === "finished" ? t("Render again") : t("Render the film")))),
    () => why() && !active() && h("p.small.quiet", why()),
    () => status()?.status === "failed" && failure(status(), start),
    () => showing() && finishedFilm(model, status.peek()));
}

function running(status, stop) {
  return h("div.stack.tight", progressBar(() => (status()?.progress ?? 0) / 100, t("Progress of the film")),
    h("div.row", h("span.number.small.grow", () => percent((status()?.progress ?? 0) / 100)), h("button.quiet", { onclick: stop, disabled: () => !may("write") }, icon("close"), t("Stop"))),
    h("ol.render-logs.small.quiet", () => (status()?.logs ?? []).slice(-SHOWN_LOGS).map((line) => h("li", { dir: "auto" }, line))));
}

function failure(status, again) {
  if (status.run_status === "cancelled" && !status.problem) return h("p.small.quiet", t("It was stopped. What is rendered stays, and another start takes it over."));
  const { code, message, retryable } = status.problem ?? { message: status.error };
  return errorPanel({ title: t("The film failed"), message, code }, retryable ? again : undefined);
}

/** The film that is there; it may show an earlier version of the time line. */
function finishedFilm(model, { output_url: url, timeline_version: version }) {
  const [film, save] = [h("video", { controls: true, playsinline: true, preload: "metadata", "aria-label": t("The film") }), h("a.button.primary.grow", { download: url.split("/").pop() }, icon("download"), t("Download the film"))];
  link(url).then((found) => { if (found) film.src = save.href = found.url; }, toastError);
  const old = () => version > 0 && version < model.saved().version;
  return h("div.finished-film.stack.tight",
    film, () => old() && h("p.small.warn", icon("warning"), t("It was rendered before the last changes.")),
    h("div.row", save));
}

/** The run that made, or makes, the newest film of a project. */
async function findLast(model) {
  const { items } = await api.runs({ video: model.id, pipeline: PIPELINES, limit: 50 });
  return items.find((run) => run.subject === model.project.peek().identifier) ?? null;
}
