// The keys of a video's page.
import { t } from "../../core/i18n.js";
import { bind } from "../../core/keys.js";
import { go } from "../../core/router.js";
import { api } from "../../services/api.js";
import { hearOther } from "./compare.js";
import { settle } from "./edges.js";
import { titleOf } from "./transcript-text.js";

const NEW_SECONDS = 30;

/** @param {import("./model.js").Model} model @param {any} timeline @param {any} transcript @param {(id: string) => any} card */
export function detailKeys(model, timeline, transcript, card) {
  const { player } = model;
  const now = () => model.time.peek();
  const chosen = () => model.find(model.chosen.peek());
  const withChosen = (run) => () => { const one = chosen(); if (one) run(one); };
  const walk = (step) => () => {
    const all = model.moments.peek() ?? [];
    const at = all.findIndex((one) => one.identifier === model.chosen.peek());
    const next = at < 0 ? (step > 0 ? all.find((one) => one.start_time >= now()) ?? all[0] : all.findLast((one) => one.start_time <= now()) ?? all.at(-1)) : all[at + step];
    if (next) model.choose(next.identifier, { seek: true });
  };
  const edge = (end) => () => {
    const one = chosen();
    if (one && (end === "start" ? now() < one.end_time - 0.5 : now() > one.start_time + 0.5)) return settle(model, one, end, now());
    const [start, stop] = end === "start" ? [now(), Math.min(player.duration.peek(), now() + NEW_SECONDS)] : [Math.max(0, now() - NEW_SECONDS), now()];
    model.add(start, stop, titleOf(model.transcript.peek(), start, stop));
  };
  const key = (keys, label, group, run) => ({ keys, label, group, run });
  const [play, edit, find] = [t("Playing"), t("Moments"), t("This page")];
  bind([
    key([" ", "k"], t("Play, pause"), play, player.toggle),
    key(["j"], t("Play backwards; again: faster"), play, () => player.shuttleBy(-1)),
    key(["l"], t("Play forwards; again: faster"), play, () => player.shuttleBy(1)),
    key(["ArrowLeft"], t("One second back"), play, () => player.seek(now() - 1)),
    key(["ArrowRight"], t("One second forward"), play, () => player.seek(now() + 1)),
    key(["Shift+ArrowLeft"], t("5 seconds back"), play, () => player.seek(now() - 5)),
    key(["Shift+ArrowRight"], t("5 seconds forward"), play, () => player.seek(now() + 5)),
    key([","], t("One frame back"), play, () => player.step(-1)),
    key(["."], t("One frame forward"), play, () => player.step(1)),
    key(["m"], t("Mute"), play, player.mute),
    key(["f"], t("Full screen"), play, player.full),
    key(["["], t("Previous moment"), edit, walk(-1)),
    key(["]"], t("Next moment"), edit, walk(1)),
    key(["Enter"], t("Play the moment"), edit, withChosen((one) => player.playRange(one.start_time, one.end_time))),
    key(["i"], t("Start the moment here, or a new one"), edit, edge("start")),
    key(["o"], t("End the moment here"), edit, edge("end")),
    key(["Shift+i"], t("Go to its start"), edit, withChosen((one) => player.seek(one.start_time))),
    key(["Shift+o"], t("Go to its end"), edit, withChosen((one) => player.seek(one.end_time))),
    key(["e", "F2"], t("Change its title"), edit, withChosen((one) => card(one.identifier)?.edit())),
    key(["r"], t("Refine it"), edit, withChosen((one) => model.begin(() => api.refine(model.id, one.identifier), t("Its edges are being refined")))),
    key(["c"], t("Compare: hear one, then the other"), edit, withChosen((one) => { model.comparing.set(one.identifier); hearOther(model, one); })),
    key(["Delete", "Backspace"], t("Delete it"), edit, withChosen((one) => model.remove(one))),
    key(["Escape"], t("Select none"), edit, () => { model.choose(null); model.comparing.set(null); }),
    key(["Ctrl+z"], t("Undo"), edit, () => model.undo.undo()),
    key(["Ctrl+Shift+z", "Ctrl+y"], t("Redo"), edit, () => model.undo.redo()),
    key(["z"], t("Zoom to the moment"), find, withChosen((one) => timeline.zoomTo(one))),
    key(["0"], t("Whole video"), find, timeline.whole),
    key(["+", "="], t("Zoom in"), find, () => timeline.zoom(1 / 1.6)),
    key(["-"], t("Zoom out"), find, () => timeline.zoom(1.6)),
    key(["t"], t("Focus the transcript"), find, transcript.focus),
    key(["/"], t("Find in the transcript"), find, transcript.find),
    key(["n"], t("New from URL"), find, () => go("/new")),
  ]);
}
