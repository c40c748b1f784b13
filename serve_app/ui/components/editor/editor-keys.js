// The keys of a project's page.
import { t } from "../../core/i18n.js";
import { bind } from "../../core/keys.js";
import { round } from "../detail/model.js";
import { changeSegment, removeSegment } from "./changes.js";
import { shownAt } from "./film.js";
import { moveTo } from "./reorder.js";
import { split } from "./split.js";

/** @param {import("./model.js").Editor} model @param {any} strip @param {{captions: () => void, chat: () => void, none: () => void}} open */
export function editorKeys(model, strip, open) {
  const { player, film } = model;
  const now = () => film.time.peek();
  const segments = () => model.timeline.peek().segments;
  const at = () => segments().findIndex((one) => one.key === model.chosen.peek());
  const withChosen = (run) => () => { const one = segments()[at()]; if (one) run(one, at()); };
  const choose = (step) => () => {
    const next = at() < 0 ? (shownAt(model.items(), now())?.item.index ?? 0) : at() + step;
    if (segments()[next]) model.choose(segments()[next].key, { seek: true });
  };
  const edge = (end) => withChosen((one) => {
    const found = shownAt(model.items(), now());
    const time = round(found.source);
    if (found.item.key === one.key && (end === "start" ? time < one.end - 0.2 : time > one.start + 0.2)) model.change(changeSegment(one.key, { [end]: time }), t("the moved edge"));
  });
  const key = (keys, label, group, run) => ({ keys, label, group, run });
  const [play, edit, page] = [t("Playing"), t("Segments"), t("This page")];
  bind([
    key([" ", "k"], t("Play, pause"), play, player.toggle),
    key(["j"], t("Play backwards; again: faster"), play, () => player.shuttleBy(-1)),
    key(["l"], t("Play forwards; again: faster"), play, () => player.shuttleBy(1)),
    key(["ArrowLeft"], t("One second back"), play, () => player.skip(-1)),
    key(["ArrowRight"], t("One second forward"), play, () => player.skip(1)),
    key(["Shift+ArrowLeft"], t("5 seconds back"), play, () => player.skip(-5)),
    key(["Shift+ArrowRight"], t("5 seconds forward"), play, () => player.skip(5)),
    key([","], t("One frame back"), play, () => player.step(-1)),
    key(["."], t("One frame forward"), play, () => player.step(1)),
    key(["Home"], t("To the beginning"), play, () => film.seek(0)),
    key(["m"], t("Mute"), play, player.mute),
    key(["["], t("Previous segment"), edit, choose(-1)),
    key(["]"], t("Next segment"), edit, choose(1)),
    key(["s"], t("Split at the playhead"), edit, () => split(model)),
    key(["Ctrl+ArrowLeft"], t("Move it earlier"), edit, withChosen((one, index) => moveTo(model, one.key, index - 1))),
    key(["Ctrl+ArrowRight"], t("Move it later"), edit, withChosen((one, index) => moveTo(model, one.key, index + 1))),
    key(["i"], t("Start the segment here"), edit, edge("start")),
    key(["o"], t("End the segment here"), edit, edge("end")),
    key(["c"], t("New caption at the playhead"), edit, withChosen(() => open.captions())),
    key(["Delete", "Backspace"], t("Remove it"), edit, withChosen((one) => model.change(removeSegment(one.key), t("the deletion")))),
    key(["Escape"], t("Select none"), edit, open.none),
    key(["Ctrl+z"], t("Undo"), edit, () => model.undo.undo()),
    key(["Ctrl+Shift+z", "Ctrl+y"], t("Redo"), edit, () => model.undo.redo()),
    key(["+", "="], t("Zoom in"), page, () => strip.zoom(1 / 1.6)),
    key(["-"], t("Zoom out"), page, () => strip.zoom(1.6)),
    key(["0"], t("Whole film"), page, strip.whole),
    key(["x"], t("Chat"), page, open.chat),
  ]);
}
