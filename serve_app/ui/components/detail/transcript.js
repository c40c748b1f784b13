// What is said: follows the player, seeks by word, and words that are marked become a moment or its edges.
import { h } from "../../core/html.js";
import { plural, t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { clock, lastBefore } from "../../core/time.js";
import { windowList } from "../common/window-list.js";
import { toast } from "../common/toast.js";
import { emptyState } from "../common/empty-state.js";
import { errorPanel } from "../common/error-panel.js";
import { settle } from "./edges.js";
import { titleOf } from "./transcript-text.js";

const ROW = 38;
const COME_AFTER = 80; // milliseconds: while an edge is dragged, what is said there is not scrolled to at every move

/** @param {import("./model.js").Model} model */
export function buildTranscript(model) {
  const follow = signal(true);
  const matches = signal({ list: [], at: -1, query: "" });
  const list = windowList({ count: () => model.transcript.peek()?.sentences.length ?? 0, build: row, guess: ROW, label: t("Transcript") });
  const marks = highlights();
  let marked = false;
  const starts = () => model.transcript.peek().sentences.map((one) => one.start);
  let sentenceStarts = [];

  function row(index) {
    const one = model.transcript.peek().sentences[index];
    const moment = (model.moments.peek() ?? []).find((each) => each.start_time <= one.end - 0.05 && each.end_time >= one.start + 0.05);
    const element = h("p.sentence", { class: moment ? `tone${model.tone(moment)} marked` : "" },
      h("button.stamp", { tabindex: "-1", onclick: () => model.player.seek(one.start) }, clock(one.start)), h("span.text", { dir: "auto", lang: model.transcript.peek().language ?? null }, one.text));
    element.index = index;
    if (index === current) queueMicrotask(() => mark(model.time.peek()));
    return element;
  }

  let current = -1;
  let coming = 0;
  function come() {
    coming = 0;
    if (follow.peek() && current >= 0 && !list.inSight(current)) list.reveal(current, model.player.playing.peek());
  }
  function mark(time) {
    const transcript = model.transcript.peek();
    if (!transcript || transcript.none) return;
    const sentence = lastBefore(sentenceStarts, time + 0.01);
    const element = list.row(sentence);
    if (sentence !== current) {
      list.row(current)?.classList.remove("now");
      current = sentence;
      coming ||= setTimeout(come, COME_AFTER);
    }
    element?.classList.add("now");
    const one = transcript.sentences[sentence];
    const word = element ? lastBefore(transcript.starts, time + 0.01) - one.first : -1;
    marks.spoken(element && word >= 0 && word < one.offsets.length ? rangeOf(element, one, word, word) : null);
  }

  effect(() => {
    const transcript = model.transcript();
    model.moments();
    if (!transcript || transcript.none) return;
    sentenceStarts = starts();
    requestAnimationFrame(() => { list.reset(); mark(model.time.peek()); if (matches.peek().list.length) found(); else find(field.value); });
  });
  effect(() => mark(model.time()));
  list.element.addEventListener("wheel", () => follow.set(false), { passive: true });
  list.element.addEventListener("touchmove", () => follow.set(false), { passive: true });
  list.element.addEventListener("scroll", () => requestAnimationFrame(found), { passive: true });
  list.element.addEventListener("click", (event) => {
    if (!getSelection().isCollapsed) return;
    const at = wordAt(event);
    if (at) model.player.seek(at.time);
  });

  function wordAt(event) {
    const caret = document.caretPositionFromPoint?.(event.clientX, event.clientY) ?? rangeAt(event);
    const element = caret?.offsetNode?.parentElement?.closest(".sentence");
    return element && caret.offsetNode instanceof Text && caret.offsetNode.parentElement.classList.contains("text") ? wordOf(element.index, caret.offset) : null;
  }
  function wordOf(index, offset) {
    const one = model.transcript.peek().sentences[index];
    const word = one.first + Math.max(0, lastBefore(one.offsets, offset));
    return { word, time: model.transcript.peek().starts[word], end: model.transcript.peek().ends[word] };
  }

  const selected = signal(null);
  const onSelect = () => {
    const selection = getSelection();
    if (selection.isCollapsed || !list.element.contains(selection.anchorNode)) return selected.set(null);
    const range = selection.getRangeAt(0);
    const [from, to] = [sentenceAt(range.startContainer), sentenceAt(range.endContainer)];
    if (!from || !to) return selected.set(null);
    const inText = (node, offset) => (node instanceof Text && node.parentElement.classList.contains("text") ? offset : 0);
    const first = wordOf(from.index, inText(range.startContainer, range.startOffset));
    const last = wordOf(to.index, Math.max(0, inText(range.endContainer, range.endOffset) - 1));
    const box = range.getBoundingClientRect();
    const frame = element.getBoundingClientRect();
    selected.set({ start: first.time, end: last.end, text: selection.toString(), left: Math.max(8, Math.min(box.left - frame.left, frame.width - 330)), top: Math.max(48, Math.min(frame.height - 52, box.bottom - frame.top + 8)) });
  };
  document.addEventListener("selectionchange", onSelect);
  onEnd(() => { document.removeEventListener("selectionchange", onSelect); clearTimeout(coming); list.end(); marks.clear(); });

  const unselect = () => { getSelection().removeAllRanges(); selected.set(null); };
  const edge = (end) => {
    const moment = model.find(model.chosen.peek());
    if (!moment) return toast(model.names.choose);
    settle(model, moment, end, selected.peek()[end]);
    unselect();
  };
  const bar = () => selected() && h("div.selection-tools", { style: { left: `${selected().left}px`, top: `${selected().top}px` }, onpointerdown: (event) => event.preventDefault() },
    h("button.primary", { onclick: () => { const { start, end } = selected.peek(); model.add(start, end, titleOf(model.transcript.peek(), start, end)); unselect(); } }, model.names.add),
    model.chosen() && h("button", { onclick: () => edge("start") }, t("Start here")), model.chosen() && h("button", { onclick: () => edge("end") }, t("End here")),
    h("button", { onclick: () => { const { start, end, text } = selected.peek(); navigator.clipboard?.writeText(`${clock(start)} – ${clock(end)}\n${text}`).then(() => toast(t("Copied"))); } }, t("Copy")));

  // Find: the browser's own cannot see what is not drawn.
  const field = h("input", { type: "search", placeholder: t("Find"), "aria-label": t("Find in the transcript"), oninput: (event) => find(event.target.value),
    onkeydown: (event) => { if (event.key === "Enter") { event.preventDefault(); next(event.shiftKey ? -1 : 1); } else if (event.key === "Escape") { field.value = ""; find(""); field.blur(); } } });
  function find(query) {
    const wanted = query.trim().toLowerCase();
    const hits = [];
    if (wanted) {
      model.transcript.peek()?.sentences.forEach((one, index) => {
        const text = one.text.toLowerCase();
        for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) hits.push({ index, offset: at });
      });
    }
    matches.set({ list: hits, at: -1, query: wanted });
    if (hits.length) next(1);
    else found();
  }
  function next(step) {
    const { list: hits, at, query } = matches.peek();
    if (!hits.length) return;
    const to = (at + step + hits.length) % hits.length;
    matches.set({ list: hits, at: to, query });
    follow.set(false);
    list.reveal(hits[to].index);
    found();
  }
  function found() {
    const { list: hits, at, query } = matches.peek();
    if (!hits.length && !marked) return;
    marked = hits.length > 0;
    const ranges = [];
    for (const [number, hit] of hits.entries()) {
      const node = list.row(hit.index)?.querySelector(".text").firstChild;
      if (node) ranges.push([number === at, textRange(node, hit.offset, hit.offset + query.length)]);
    }
    marks.found(ranges);
  }

  const back = () => { follow.set(true); if (current >= 0) list.reveal(current, true); };
  const head = h("div.transcript-head", h("h2", t("Transcript")),
    () => model.transcript()?.health?.words_estimated && h("span.chip", t("word times are estimated")),
    h("span.grow"), () => matches().query && h("span.small.quiet.number", matches().list.length ? `${matches().at + 1} / ${matches().list.length}` : plural(0, "{n} found", "{n} found")),
    h("div.find", icon("search"), field));
  const element = h("section.transcript", { "aria-label": t("Transcript") }, head, () => {
    const transcript = model.transcript();
    if (!transcript) return h("div.waiting");
    if (transcript.failed) return errorPanel(transcript.failed, model.loadTranscript);
    if (transcript.none) return emptyState({ icon: "captions", title: transcript.absent ? t("No transcript yet") : t("Nothing is said in this video"), text: transcript.absent ? t("The first run that transcribes makes it.") : t("Moments are found by pictures and sound alone.") });
    return list.element;
  }, bar, () => !follow() && h("button.follow", { onclick: back }, icon("down"), t("Back to the playhead")));
  return { element, focus: () => list.element.focus(), find: () => { element.scrollIntoView({ block: "nearest" }); field.focus(); } };
}

const sentenceAt = (node) => (node instanceof Element ? node : node.parentElement)?.closest(".sentence");

function rangeAt(event) {
  const range = document.caretRangeFromPoint?.(event.clientX, event.clientY);
  return range && { offsetNode: range.startContainer, offset: range.startOffset };
}

function textRange(node, from, to) {
  const range = new Range();
  range.setStart(node, Math.min(from, node.length));
  range.setEnd(node, Math.min(to, node.length));
  return range;
}

function rangeOf(element, sentence, first, last) {
  const node = element.querySelector(".text").firstChild;
  const end = sentence.offsets[last + 1] ?? sentence.text.length;
  return textRange(node, sentence.offsets[first], sentence.text.slice(0, end).trimEnd().length);
}

/** Marks on text that need no elements; a browser without them shows none. */
function highlights() {
  if (!globalThis.Highlight || !CSS.highlights) return { spoken: () => {}, found: () => {}, clear: () => {} };
  const [spoken, all, one] = [new Highlight(), new Highlight(), new Highlight()];
  CSS.highlights.set("spoken", spoken);
  CSS.highlights.set("found", all);
  CSS.highlights.set("found-now", one);
  one.priority = 1;
  return {
    spoken: (range) => { spoken.clear(); if (range) spoken.add(range); },
    found: (ranges) => { all.clear(); one.clear(); for (const [now, range] of ranges) (now ? one : all).add(range); },
    clear: () => ["spoken", "found", "found-now"].forEach((name) => CSS.highlights.delete(name)),
  };
}
