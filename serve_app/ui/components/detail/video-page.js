// What the pages over one video have in common: how it is opened, named, measured, and read again after a run on it.
import { h, replace } from "../../core/html.js";
import { percent } from "../../core/i18n.js";
import { effect, scope, untracked } from "../../core/store.js";
import { api } from "../../services/api.js";
import { followed } from "../../services/follow.js";
import { finished } from "../../services/stages.js";
import { backLink } from "../common/back-link.js";
import { errorPanel } from "../common/error-panel.js";
import { skeletons } from "../common/skeleton.js";

const WAVE_POINTS = 4000;

/**
 * Build a page of what is asked for once it is here, or say why it is not; returns how to end it.
 * @template T @param {HTMLElement} root @param {() => Promise<T>} ask @param {(found: T) => void} build
 * @param {[string, string]} back the list that it is of, path and label
 */
export function openPage(root, ask, build, back) {
  let end = () => {};
  let over = false;
  replace(root, h("div.detail", skeletons("player", 1), skeletons("line", 5)));
  const begin = async () => {
    try {
      const found = await ask();
      if (over) return;
      end();
      root.replaceChildren();
      [, end] = scope(() => build(found));
    } catch (error) {
      if (!over) replace(root, h("div.page-head", backLink(...back)), errorPanel(error, begin));
    }
  };
  begin();
  return () => { over = true; end(); };
}

/** Name the tab by its title and how far its run is. @param {() => string} title */
export function nameTab(model, title) {
  effect(() => {
    const run = model.run();
    document.title = `${run ? `${percent(run.progress)} · ` : ""}${title()} · moments`;
  });
}

/** Load how loud it is, and where its pauses and shots are. @param {() => object} [more] other places to snap to */
export function loadMeasures(model, more = () => ({})) {
  api.boundaries(model.id).then((found) => model.boundaries.set({ ...found, ...more() }), () => model.boundaries.set(more()));
  api.waveform(model.id, WAVE_POINTS).then(({ peak, step }) => {
    if (peak.length) model.waveform.set({ points: Float32Array.from(peak, (point) => point / 255), duration: peak.length * step });
  }, () => {});
}

/** Have something done whenever the run that works on it has ended. @param {(run: any) => void} act */
export function whenRunEnds(model, act) {
  let watched = null;
  effect(() => {
    const run = model.run();
    if (run) { watched = run.identifier; return; }
    const ended = watched && followed(watched);
    if (!ended || !finished(ended.status)) return;
    watched = null;
    untracked(() => act(ended));
  });
}
