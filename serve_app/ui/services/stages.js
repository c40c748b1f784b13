// What people call pipelines, stages and statuses; the names in capitals are the API's.
import { t } from "../core/i18n.js";

const STAGES = {
  VIDEO_DOWNLOAD: () => t("Fetching the video"),
  AUDIO_EXTRACTION: () => t("Extracting the audio"),
  AUDIO_UPLOAD: () => t("Storing the audio"),
  TRANSCRIPTION: () => t("Transcribing"),
  MOMENT_GENERATION: () => t("Finding moments"),
  CLIP_EXTRACTION: () => t("Cutting clips"),
  CLIP_UPLOAD: () => t("Storing clips"),
  MOMENT_CHOICE: () => t("Taking the selected moments"),
  SELECTED_CLIP_EXTRACTION: () => t("Cutting clips"),
  SELECTED_CLIP_UPLOAD: () => t("Storing clips"),
  MOMENT_REFINEMENT: () => t("Refining moments"),
  AUDIO_ENCODING: () => t("Encoding the audio"),
  ANALYSIS: () => t("Analysing"),
  CLIP_CHOICE: () => t("Choosing clips"),
  JOB_CLIP_EXTRACTION: () => t("Cutting clips"),
  BEAT_DETECTION: () => t("Finding beats"),
  TIMELINE: () => t("Making the timeline"),
  RENDER_SETUP: () => t("Planning the film"),
  RENDER_SEGMENTS: () => t("Rendering segments"),
  RENDER_ASSEMBLY: () => t("Joining the film"),
  RENDER_PUBLISH: () => t("Checking the film"),
  VIDEO_MAKING: () => t("Making the film"),
  IMAGE_MAKING: () => t("Making the picture"),
  PRODUCT: () => t("Looking at the product"),
  SCRIPT_GEN: () => t("Writing the script"),
  VOICE_GEN: () => t("Making the voices"),
  VIDEO_GEN: () => t("Filming the scenes"),
  SCENE_RENDERING: () => t("Rendering scenes"),
  COMPOSITING: () => t("Putting the film together"),
};
/** What jobs give. */
export const JOB_TYPES = {
  audio_extraction: () => t("Sound"),
  transcription: () => t("Transcript"),
  analysis: () => t("Analysis"),
  clip_generation: () => t("Clips"),
  full_processing: () => t("Everything"),
};
const PIPELINES = {
  moments: () => t("Moments"),
  transcript: () => t("Transcript"),
  generation: () => t("Finding"),
  refinement: () => t("Refinement"),
  clips: () => t("Clips"),
  import: () => t("Download"),
  "editor.analysis": () => t("Timeline"),
  "editor.render": () => t("Film"),
  "editor.full_render": () => t("Film"),
  "editor.make_video": () => t("Film from text"),
  "editor.make_image": () => t("Picture from text"),
  "ads.generate": () => t("Ad"),
  "ads.script": () => t("Script of an ad"),
  "ads.voices": () => t("Voices of an ad"),
  "ads.scenes": () => t("Scenes of an ad"),
};
const STATUSES = {
  queued: () => t("queued"),
  pending: () => t("waiting"),
  processing: () => t("running"),
  completed: () => t("done"),
  completed_with_errors: () => t("done, with errors"),
  failed: () => t("failed"),
  cancelled: () => t("cancelled"),
  skipped: () => t("skipped"),
  ready: () => t("ready"),
  deleting: () => t("being deleted"),
  estimating: () => t("estimating"),
  running: () => t("running"),
  paused: () => t("paused"),
  new: () => t("new"),
  ingested: () => t("ready"),
  analyzing: () => t("being analysed"),
  analyzed: () => t("ready to edit"),
  rendering: () => t("being rendered"),
  rendered: () => t("rendered"),
};

const ordinary = (name) => name.split(".").pop().replaceAll("_", " ").toLowerCase().replace(/^./, (first) => first.toUpperCase());

export const stageTitle = (name) => STAGES[name]?.() ?? ordinary(name);
export const jobTitle = (type) => JOB_TYPES[type]?.() ?? ordinary(type);
export const pipelineTitle = (name) => (name.startsWith("job.") ? t("Job: {what}", { what: jobTitle(name.slice(4)) }) : (PIPELINES[name]?.() ?? ordinary(name)));
export const statusTitle = (status) => STATUSES[status]?.() ?? status;
export const finished = (status) => !["queued", "processing"].includes(status);
