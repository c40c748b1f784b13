// What a run is about: how that is called, and the page that shows it.
import { t } from "../core/i18n.js";
import { signal } from "../core/store.js";
import { api } from "./api.js";
import { videoOf } from "./follow.js";
import { pipelineTitle } from "./stages.js";
import { videoTitle } from "./titles.js";

/** @typedef {{of: RegExp, path: (run: any) => string, to: () => string, name: (run: any) => ?string, look?: (run: any) => Promise<?string>}} Subject */

/** @type {Subject} */
const VIDEO = {
  of: /./, path: (run) => `/videos/${videoOf(run)}`, to: () => t("To the video"),
  name: (run) => run.video && videoTitle({ title: run.video.title, source_url: run.options?.url }),
  look: async (run) => videoTitle(await api.video(run.subject)),
};
/** @type {Subject[]} */
const SUBJECTS = [
  { of: /^ads\./, path: (run) => `/ads/${run.subject}`, to: () => t("To the ad"), name: (run) => run.options?.product_name, look: async (run) => (await api.ad(run.subject)).product_name },
  { ...VIDEO, of: /^editor\.(analysis|render|full_render)$/, path: (run) => `/projects/${run.subject}`, to: () => t("To the project") },
  { of: /^editor\.make_/, path: () => "/made", to: () => t("To the films and pictures"), name: (run) => run.options?.prompt },
  { ...VIDEO, of: /^job\./, path: (run) => `/jobs/${run.identifier}`, to: () => t("To the job"), name: (run) => run.video?.title || run.options?.youtube_url || VIDEO.name(run) },
];

const subjectOf = (run) => SUBJECTS.find((one) => one.of.test(run.pipeline)) ?? VIDEO;
const looked = new Map();

/** What a run is about, by name; where the run does not tell it, it is asked for once, and the pipeline's name stands there. */
export function subjectTitle(run) {
  const subject = subjectOf(run);
  const name = subject.name(run);
  if (name) return name;
  if (!looked.has(run.subject)) {
    const found = signal(pipelineTitle(run.pipeline));
    looked.set(run.subject, found);
    subject.look?.(run).then((said) => said && found.set(said), () => {});
  }
  return looked.get(run.subject)();
}

export const subjectPath = (run) => subjectOf(run).path(run);
/** What a button to that page says. */
export const toSubject = (run) => subjectOf(run).to();
