// A video with its moments, as the page holds it: what is chosen, what was changed, and how to take it back.
import { t } from "../../core/i18n.js";
import { onEnd, signal } from "../../core/store.js";
import { columns, sentences } from "../../core/words.js";
import { Problem, api, missing } from "../../services/api.js";
import { allRuns, listen, lookNow, videoOf } from "../../services/follow.js";
import { finished } from "../../services/stages.js";
import { toast, toastError, tried } from "../common/toast.js";
import { Undo } from "./undo.js";

export const TONES = 6;
/** A transcript that is not here. */
export const NO_WORDS = { words: [], starts: [], ends: [], sentences: [], none: true, absent: true, failed: null };
const UNDO_SECONDS = 8;

/** @typedef {ReturnType<typeof detailModel>} Model */

/** @param {string} id the video's identifier @param {any} video */
export function detailModel(id, video) {
  const model = {
    id,
    video: signal(video),
    /** All of them, those that refined ones stand in the place of, too. */
    everything: signal([]),
    /** Those that a user sees, in time order; null until they are here. */
    moments: signal(null),
    /** Why they could not be had, while none are here. */
    failed: signal(null),
    /** Words by columns and sentences; null until they are here, `none` where there are none. */
    transcript: signal(null),
    boundaries: signal(null),
    /** What became of the proposals of the last run that looked for moments, counted by its name. */
    report: signal(null),
    chosen: signal(null),
    time: signal(0),
    comparing: signal(null),
    undo: new Undo(),
    /** While an edge is dragged: `{id, start, end}`. */
    draft: signal(null),
    player: null,
    /** What the transcript calls that which words are made into. */
    names: { add: t("New moment"), choose: t("Select a moment first.") },
    tone: (one) => Math.max(0, (model.moments() ?? []).findIndex((each) => each.identifier === one.identifier)) % TONES,
    number: (one) => (model.moments() ?? []).findIndex((each) => each.identifier === one.identifier) + 1,
    find: (moment) => (model.moments.peek() ?? []).find((each) => each.identifier === moment) ?? null,
    parent: (one) => model.everything().find((each) => each.identifier === one.parent_id) ?? null,
    choose: (moment, { seek = false } = {}) => {
      model.chosen.set(moment);
      const found = seek && model.find(moment);
      if (found) model.player?.seek(found.start_time);
    },
  };
  const hidden = new Map();
  let shown = [];
  const show = () => model.moments.set(shown.filter((one) => !hidden.has(one.identifier)));
  const put = (changed) => {
    shown = shown.map((one) => (one.identifier === changed.identifier ? { ...one, ...changed } : one)).sort((a, b) => a.start_time - b.start_time);
    show();
  };

  model.load = async () => {
    const all = await api.moments(id).catch((error) => {
      if (!model.moments.peek()) model.failed.set(error);
      throw error;
    });
    const replaced = new Set(all.map((one) => one.parent_id).filter(Boolean));
    model.everything.set(all);
    shown = all.filter((one) => !replaced.has(one.identifier));
    show();
  };
  model.loadTranscript = async () => {
    try {
      const answer = await api.transcript(id);
      const words = columns(answer);
      model.transcript.set({ ...words, sentences: sentences(words), engine: answer.engine, language: answer.language, health: answer.health, none: !words.words.length });
    } catch (error) {
      const absent = missing(error);
      model.transcript.set({ ...NO_WORDS, absent, failed: absent ? null : error });
    }
  };
  model.loadReason = async () => {
    const { items: [last] } = await api.runs({ video: id, pipeline: ["moments", "generation"], status: "completed", limit: 1 });
    model.report.set(last?.result?.report ?? null);
  };
  model.reloadVideo = async () => model.video.set(await api.video(id));

  async function patch(moment, asked) {
    const before = model.find(moment);
    put({ identifier: moment, ...asked });
    try {
      put(await api.editMoment(id, moment, asked, before?.version));
    } catch (error) {
      if (before) put(before);
      if (error instanceof Problem && [409, 412].includes(error.status)) return collided(moment, asked);
      throw error;
    }
  }

  async function collided(moment, asked) {
    const theirs = await api.readMoment(id, moment);
    put(theirs);
    toast(t("Somebody else changed this moment; theirs is shown."), { seconds: 12, action: [t("Keep mine"), () => patch(moment, asked).catch(toastError)] });
  }

  /** Change a moment; one step of undo. */
  model.edit = async (one, asked, label = t("the change")) => {
    const before = Object.fromEntries(Object.keys(asked).map((name) => [name, one[name]]));
    if (Object.entries(asked).every(([name, value]) => before[name] === value)) return;
    await tried(async () => {
      await patch(one.identifier, asked);
      model.undo.did({ label, undo: () => patch(one.identifier, before), redo: () => patch(one.identifier, asked) });
    });
  };

  model.add = async (start, end, title) => {
    const asked = { title, start_time: round(start), end_time: round(end) };
    let now = null;
    const make = async () => {
      now = await api.addMoment(id, asked);
      shown = [...shown, now].sort((a, b) => a.start_time - b.start_time);
      model.everything.update((all) => [...all, now]);
      show();
      model.choose(now.identifier);
    };
    const unmake = async () => {
      await api.removeMoment(id, now.identifier);
      shown = shown.filter((one) => one.identifier !== now.identifier);
      show();
    };
    await tried(async () => {
      await make();
      model.undo.did({ label: t("the new moment"), undo: unmake, redo: make });
    });
    return now;
  };

  /** Take a moment away; it is deleted when nobody took that back for a while, or the page is left. */
  model.remove = (one) => {
    const forGood = () => {
      clearTimeout(hidden.get(one.identifier));
      if (!hidden.delete(one.identifier)) return;
      shown = shown.filter((each) => each.identifier !== one.identifier);
      api.removeMoment(id, one.identifier).then(model.load).catch(toastError);
    };
    const back = async () => {
      clearTimeout(hidden.get(one.identifier));
      if (hidden.delete(one.identifier)) return show();
      await api.restoreMoment(id, one.identifier);
      await model.load();
    };
    const away = async () => {
      hidden.set(one.identifier, setTimeout(forGood, UNDO_SECONDS * 1000));
      show();
      if (model.chosen.peek() === one.identifier) model.chosen.set(null);
    };
    model.undo.did({ label: t("the deletion"), undo: back, redo: away });
    away();
    toast(t("“{title}” deleted", { title: one.title }), { seconds: UNDO_SECONDS, action: [t("Undo"), back] });
  };

  model.revert = async (one) => {
    const before = { title: one.title, start_time: one.start_time, end_time: one.end_time };
    const back = async () => put(await api.revertMoment(id, one.identifier));
    await tried(async () => {
      await back();
      model.undo.did({ label: t("the revert"), undo: () => patch(one.identifier, before), redo: back });
    });
  };

  /** Back to the edges and the title with which it was generated. */
  model.toGenerated = (one) => tried(async () => {
    put(await api.revertMoment(id, one.identifier, "generated"));
  });

  /** Start something that ends in new moments or clips. @param {() => Promise<any>} ask */
  model.begin = (ask, said) => tried(async () => {
    const answer = await ask();
    if (answer.reused) return toast(t("That is done already; nothing was started."));
    toast(said);
    lookNow();
  });
  model.recut = (some) => {
    const presets = new Map();
    for (const one of some) for (const clip of one.clips.filter((each) => isStale(one, each, model.video.peek()))) {
      presets.set(clip.preset, [...(presets.get(clip.preset) ?? []), one.identifier]);
    }
    for (const [preset, ids] of presets) {
      model.begin(() => api.extract(id, { moment_ids: ids, preset }), t("Clips are being cut again"));
    }
  };

  const flush = () => {
    for (const moment of hidden.keys()) api.removeMoment(id, moment, { keepalive: true }).catch(() => {});
    hidden.clear();
  };
  addEventListener("pagehide", flush);
  onEnd(() => {
    removeEventListener("pagehide", flush);
    for (const timer of hidden.values()) clearTimeout(timer);
    flush();
  });
  model.run = () => allRuns().filter((run) => videoOf(run) === id && !finished(run.status))[0] ?? null;
  onEnd(listen((run, event) => {
    if (allRuns().some((one) => one.identifier === run && videoOf(one) === id) && /^(item|stage)\.completed$/.test(event.type)) model.load().catch(() => {});
  }));
  return model;
}

/** Whether a clip shows other edges than its moment now has, by more than a frame. */
export function isStale(moment, clip, video) {
  if (clip.stale !== undefined && clip.stale !== null) return clip.stale;
  const frame = 1 / (video.fps || 25) + 0.021;
  return clip.status === "completed" && (Math.abs(clip.start_time + clip.padding_left - moment.start_time) > frame || Math.abs(clip.end_time - clip.padding_right - moment.end_time) > frame);
}

export const round = (seconds) => Math.round(seconds * 1000) / 1000;
