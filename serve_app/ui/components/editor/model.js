// A project as its page holds it: the time line as it is saved and as it is shown, what is chosen, what can be taken back.
import { t } from "../../core/i18n.js";
import { signal, untracked } from "../../core/store.js";
import { columns, sentences } from "../../core/words.js";
import { Problem, api, missing } from "../../services/api.js";
import { activeRuns } from "../../services/follow.js";
import { toast, toastError } from "../common/toast.js";
import { NO_WORDS, TONES, round } from "../detail/model.js";
import { Undo } from "../detail/undo.js";
import { addSegment, changeSegment, newKey, sent } from "./changes.js";
import { filmLength, itemsOf } from "./film.js";

/** @typedef {ReturnType<typeof editorModel>} Editor */

const keyed = (timeline, known) => ({ ...timeline, segments: timeline.segments.map((one, index) => ({ ...one, key: known?.[index]?.key ?? newKey() })) });

/**
 * What the components of a video's page ask of their model is here, too: segments are its moments.
 * @param {any} project @param {any} video
 */
export function editorModel(project, video) {
  const first = keyed(project.timeline);
  const [saved, shown] = [signal(first), signal(first)];
  let waiting = [];
  let queue = Promise.resolve();
  const model = {
    id: video.identifier,
    project: signal(project),
    video: signal(video),
    /** The time line as the server has it, and as it is shown: with changes that are on their way. */
    saved, timeline: shown,
    saving: signal(0),
    /** Why the last change was refused, and of which segment; null where it was not. */
    refused: signal(null),
    transcript: signal(null), boundaries: signal(null), waveform: signal(null),
    chosen: signal(null), draft: signal(null), time: signal(0), comparing: signal(null),
    undo: new Undo(),
    player: null, film: null,
    names: { add: t("New segment"), choose: t("Select a segment first.") },
    items: () => [],
    length: () => filmLength(model.items()),
    moments: () => shown().segments.map((one) => ({ identifier: one.key, title: one.name, start_time: one.start, end_time: one.end })),
    segment: () => shown().segments.find((one) => one.key === model.chosen()) ?? null,
    find: (key) => model.moments.peek().find((one) => one.identifier === key) ?? null,
    number: (one) => shown().segments.findIndex((each) => each.key === one.identifier) + 1,
    /** A colour that stays with a segment wherever it goes. */
    tone: (one) => (Number(one.identifier.slice(1)) - 1) % TONES,
    parent: () => null,
    run: () => activeRuns().find((run) => run.subject === model.project().identifier) ?? null,
    warnings: () => saved().warnings ?? [],
  };
  model.moments.peek = () => untracked(model.moments);
  let [counted, items] = [null, []];
  model.items = () => {
    if (shown() !== counted) [counted, items] = [shown.peek(), itemsOf(shown.peek().segments)];
    return items;
  };

  model.choose = (key, { seek = false } = {}) => {
    model.chosen.set(key);
    const item = seek && untracked(model.items).find((one) => one.key === key);
    if (item) model.film.seek(item.at);
  };

  const show = () => shown.set(waiting.reduce((timeline, change) => change(timeline), saved.peek()));
  const take = (detail, known) => {
    saved.set(keyed(detail.timeline, known));
    model.project.set(detail);
  };

  /** Save a time line over the version that is known. */
  async function write(next) {
    const detail = await api.saveTimeline(project.id, sent(next), saved.peek().version);
    take(detail, next.segments);
  }
  const inOrder = (work) => {
    const done = queue.then(work);
    queue = done.catch(() => {});
    return done;
  };
  /** Save what stood at another time, as a step back or on. */
  const put = (timeline) => inOrder(async () => {
    try {
      await write(timeline);
    } catch (error) {
      if (await collided(error, () => timeline)) return;
      throw error;
    } finally {
      show();
    }
  });

  /** Somebody else saved: theirs is shown, and mine may be put over it. */
  async function collided(error, change) {
    if (!(error instanceof Problem && [409, 412].includes(error.status) && "version" in error.body)) return false;
    await model.reload();
    toast(t("Somebody else saved this timeline; theirs is shown."), { seconds: 12, action: [t("Keep mine"), () => model.change(change, t("my change"))] });
    return true;
  }

  /** Change the time line: seen at once, saved in turn, one step to take back. Resolves to whether it was saved. */
  model.change = (change, label) => {
    waiting = [...waiting, change];
    model.saving.set(waiting.length);
    show();
    return inOrder(async () => {
      const before = saved.peek();
      const next = change(before);
      try {
        if (next === before) return true;
        await write(next);
        const after = saved.peek();
        model.undo.did({ label, undo: () => put(before), redo: () => put(after) });
        model.refused.set(null);
        return true;
      } catch (error) {
        if (await collided(error, change)) return false;
        model.refused.set({ error, segment: model.chosen.peek() });
        toastError(error);
        return false;
      } finally {
        waiting = waiting.filter((one) => one !== change);
        model.saving.set(waiting.length);
        show();
      }
    });
  };

  /** Read the time line again: another one stands now, and steps back from the one before lead nowhere. */
  model.reload = async () => {
    take(await api.timeline(project.id));
    model.undo.clear();
    if (!saved.peek().segments.some((one) => one.key === model.chosen.peek())) model.chosen.set(null);
    show();
  };
  /** Read how the project stands, and its time line where another one stands now. */
  model.reloadProject = async () => {
    const { consent } = model.project.peek();
    const detail = await api.timeline(project.id).catch(() => null);
    if (!detail) return;
    if (detail.version !== saved.peek().version && !waiting.length) return model.reload();
    model.project.set({ ...model.project.peek(), status: detail.status, consent: model.project.peek().consent === consent ? detail.consent : model.project.peek().consent });
  };
  /** Have the server put another time line in this one's place; one step to take back. */
  const replaced = (ask, label) => inOrder(async () => {
    const before = saved.peek();
    take(await ask());
    const after = saved.peek();
    model.undo.did({ label, undo: () => put(before), redo: () => put(after) });
    show();
  });
  /** Make an earlier version the newest again. */
  model.revert = (version) => replaced(() => api.revertTimeline(project.id, version), t("the earlier version"));
  /** Take over the cuts of another program's file. */
  model.takeOver = (file, format) => replaced(() => api.importTimeline(project.id, file, format), t("the cuts of another program"));

  /** What the transcript and the edges of blocks change. */
  model.edit = (one, { start_time, end_time }, label) =>
    model.change(changeSegment(one.identifier, { ...(start_time === undefined ? {} : { start: start_time }), ...(end_time === undefined ? {} : { end: end_time }) }), label);
  model.add = async (start, end, title) => {
    const segment = { key: newKey(), name: title.slice(0, 100), start: round(start), end: round(end) };
    const done = model.change(addSegment(segment, model.chosen.peek()), t("the new segment"));
    model.choose(segment.key, { seek: true });
    return done;
  };

  model.loadTranscript = async () => {
    try {
      const answer = await api.transcript(model.id);
      const words = columns(answer);
      model.transcript.set({ ...words, sentences: sentences(words), language: answer.language, health: answer.health, none: !words.words.length });
    } catch (error) {
      model.transcript.set({ ...NO_WORDS, absent: missing(error), failed: missing(error) ? null : error });
    }
  };
  model.loadVideo = async () => model.video.set(await api.video(model.id));
  return model;
}
