// A moment: when, how good, why, and what can be done with it.
import { h } from "../../core/html.js";
import { number, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal } from "../../core/store.js";
import { clock, length } from "../../core/time.js";
import { api } from "../../services/api.js";
import { link } from "../../services/links.js";
import { may } from "../../services/session.js";
import { menu } from "../common/menu.js";
import { toast, tried } from "../common/toast.js";
import { comparison } from "./compare.js";
import { isStale } from "./model.js";
import { oneColumn } from "./transcript-place.js";

/** @param {import("./model.js").Model} model @param {() => any} moment */
export function momentCard(model, moment) {
  const id = moment().identifier;
  const chosen = () => model.chosen() === id;
  const editing = signal(false);
  const play = () => { model.choose(id); model.player.playRange(moment().start_time, moment().end_time); };
  const readOnly = () => !may("write") || model.video().status === "deleting";
  const why = () => (readOnly() ? t("Your key can only read.") : null);
  const stale = () => moment().clips.filter((clip) => isStale(moment(), clip, model.video()));
  const element = h("article.moment", { class: () => `tone${model.tone(moment())} ${chosen() ? "chosen" : ""}`, "data-moment": id, onclick: (event) => { if (!event.target.closest("button, a, input, [role=menu]")) model.choose(id, { seek: !chosen() }); } },
    h("div.moment-head",
      h("button.number-play", { onclick: play, "aria-label": () => t("Play {title}", { title: moment().title }), title: t("Play this moment (Enter)") }, h("b", () => model.number(moment())), icon("play")),
      h("div.grow", () => (editing() ? titleField() : h("h3", { dir: "auto", ondblclick: () => edit() }, moment().title)),
        h("p.when.small.quiet.number", () => `${clock(moment().start_time, true)} – ${clock(moment().end_time, true)} · ${length(moment().end_time - moment().start_time)}`)),
      () => moment().score !== null && moment().score !== undefined && h("span.score", { title: t("Score, 0 to 100") }, h("b.number", number(moment().score)), scoreRing(moment().score))),
    () => moment().reason && h("p.reason.small", { dir: "auto" }, moment().reason),
    () => badges(moment(), stale()),
    h("div.actions",
      h("button", { onclick: play }, icon("play"), t("Play")),
      h("button", { disabled: readOnly, title: why, onclick: () => model.begin(() => api.refine(model.id, id), t("Its edges are being refined")) }, icon("refine"), t("Refine")),
      h("button", { "aria-pressed": () => String(model.comparing() === id), onclick: () => { model.choose(id); model.comparing.update((now) => (now === id ? null : id)); } }, icon("compare"), t("Compare")),
      () => stale().length > 0 && h("button", { onclick: () => model.recut([moment()]), disabled: readOnly }, icon("cut"), t("Re-cut")),
      menu(icon("more"), () => items(), { class: "icon-button", label: t("More") })),
    () => model.comparing() === id && comparison(model, moment()));

  function edit() {
    if (readOnly()) return;
    model.choose(id);
    editing.set(true);
    requestAnimationFrame(() => element.querySelector(".title-field")?.select());
  }
  function titleField() {
    const done = (keep, field) => {
      if (!editing.peek()) return;
      editing.set(false);
      const title = field.value.trim();
      if (keep && title && title !== moment().title) model.edit(moment(), { title }, t("the new title"));
    };
    return h("input.title-field", { value: moment().title, "aria-label": t("Title"), maxlength: "300", dir: "auto", onblur: (event) => done(true, event.target),
      onkeydown: (event) => { if (event.key === "Enter") done(true, event.target); if (event.key === "Escape") { event.stopPropagation(); done(false, event.target); } } });
  }
  function items() {
    const clips = moment().clips.filter((clip) => clip.status === "completed");
    return [
      ...clips.map((clip) => ({ label: t("Download the clip ({preset})", { preset: clip.preset }), hint: isStale(moment(), clip, model.video.peek()) ? t("out of date") : "", run: () => download(id, clip.preset) })),
      { label: t("Cut for phones (vertical)"), disabled: readOnly(), run: () => model.begin(() => api.extract(model.id, { moment_ids: [id], preset: "vertical" }), t("A clip is being cut")) },
      { label: t("Cut to play anywhere (web)"), disabled: readOnly(), run: () => model.begin(() => api.extract(model.id, { moment_ids: [id], preset: "web" }), t("A clip is being cut")) },
      null,
      { label: t("Copy a link to it"), run: () => navigator.clipboard?.writeText(`${location.origin}${location.pathname}?m=${id}`).then(() => toast(t("Copied"))) },
      { label: t("Change the title"), hint: "E", disabled: readOnly(), run: edit },
      { label: t("Undo my changes"), disabled: readOnly() || !moment().provenance.some((step) => step.step === "edit"), run: () => model.revert(moment()) },
      { label: t("Delete"), hint: "Del", danger: true, disabled: readOnly(), run: () => model.remove(moment()) },
    ];
  }
  // Of one column nothing is scrolled: the timeline, where it was chosen, would go from under the hand.
  effect(() => { if (chosen() && !oneColumn.matches) requestAnimationFrame(() => element.scrollIntoView({ block: "nearest" })); });
  element.edit = edit;
  return element;
}

function badges(moment, stale) {
  const edited = moment.provenance.some((step) => step.step === "edit");
  const byHand = moment.provenance[0]?.reason === "added by hand";
  const failed = moment.clips.filter((clip) => clip.status === "failed");
  const shown = [
    byHand ? h("span.chip", t("added by hand")) : h("span.chip", moment.is_refined ? t("refined") : t("generated")),
    edited && h("span.chip", t("edited")),
    stale.length > 0 && h("span.chip.warn", { title: t("The clip still shows the old edges.") }, icon("warning"), t("clip out of date")),
    failed.length > 0 && h("span.chip.warn", { title: failed[0].error?.message }, t("clip failed")),
  ].filter(Boolean);
  return h("div.row.badges", shown);
}

function scoreRing(score) {
  return h("span.ring", { "aria-hidden": "true", style: { "--share": String(Math.max(0, Math.min(1, score / 100))) } });
}

async function download(moment, preset) {
  await tried(async () => {
    const signed = await link(`/api/clips/${moment}/stream?preset=${preset}&download=true`).catch(() => link(`/api/clips/${moment}/stream?preset=${preset}`));
    if (!signed) return toast(t("The clip is not ready yet."), { bad: true });
    const anchor = h("a", { href: signed.url, download: "" });
    anchor.click();
  });
}
