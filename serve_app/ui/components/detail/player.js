// The player: our own controls round one <video>; a moment is heard between its edges without being cut.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { clock } from "../../core/time.js";
import { forget, link } from "../../services/links.js";
import { api } from "../../services/api.js";
import { prefer, preferences } from "../../services/preferences.js";
import { menu } from "../common/menu.js";

const EARLY = 5 * 60 * 1000;
const SEEK_EVERY = 80;
const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4];

/** @param {import("./model.js").Model} model */
export function buildPlayer(model) {
  const path = `/api/videos/${model.id}/stream`;
  const [playing, muted, rate, duration, range, looping, captions, broken, volume] = [
    signal(false), signal(false), signal(1), signal(model.video.peek().duration ?? 0), signal(null), signal(false), signal(false), signal(null), signal(preferences.peek().volume)];
  const video = h("video", { preload: "metadata", playsinline: true, tabindex: "-1", "aria-label": t("Video") });
  const stage = h("div.stage", video);
  let [frame, renewal, wanted, lastSeek, pending] = [0, 0, null, 0, 0];
  let ended = false;

  async function load() {
    const signed = await link(path).catch((error) => { broken.set(error.message); return null; });
    if (!signed || ended) return signed === null && !broken.peek() && broken.set(t("The video is not here."));
    const [at, was] = [video.currentTime || wanted || model.time.peek(), !video.paused];
    video.src = signed.url;
    if (at) video.currentTime = at;
    if (was) video.play();
    clearTimeout(renewal);
    renewal = setTimeout(renew, Math.max(30_000, signed.expires - Date.now() - EARLY));
  }
  /** A link is swapped where that is not noticed: while paused, or else when it breaks. */
  function renew() {
    forget(path);
    if (video.paused) load();
    else video.addEventListener("pause", load, { once: true });
  }

  function tick() {
    frame = 0;
    const now = video.currentTime;
    model.time.set(now);
    const bounds = range.peek();
    if (bounds && now >= bounds.end - 0.005) {
      if (looping.peek()) video.currentTime = bounds.start;
      else {
        video.pause();
        range.set(null);
      }
    }
    if (!video.paused) frame = requestAnimationFrame(tick);
  }
  const watch = () => (frame ||= requestAnimationFrame(tick));
  video.addEventListener("play", () => { playing.set(true); watch(); });
  video.addEventListener("pause", () => playing.set(false));
  video.addEventListener("seeked", watch);
  video.addEventListener("timeupdate", watch);
  video.addEventListener("loadedmetadata", () => { if (Number.isFinite(video.duration)) duration.set(video.duration); });
  let failures = 0;
  video.addEventListener("error", () => {
    if (video.error?.code === MediaError.MEDIA_ERR_SRC_NOT_SUPPORTED && failures) {
      broken.set(t("This browser cannot play {codec}. A clip with the preset “web” plays anywhere.", { codec: model.video.peek().codec ?? t("this video") }));
    } else if ((failures += 1) < 3) {
      forget(path);
      load();
    }
  });
  video.addEventListener("click", () => toggle());

  /** Go to a time; while an edge is dragged not more often than pictures can follow. */
  function seek(time, { drag = false } = {}) {
    const to = Math.max(0, Math.min(time, duration.peek() || time));
    model.time.set(to);
    wanted = to;
    if (!drag) range.set(null);
    clearTimeout(pending);
    const wait = drag ? SEEK_EVERY - (performance.now() - lastSeek) : 0;
    const move = () => {
      lastSeek = performance.now();
      video.currentTime = to;
    };
    if (wait > 0) pending = setTimeout(move, wait);
    else move();
  }
  const play = () => video.play().catch(() => {});
  function toggle() {
    if (video.paused) play();
    else video.pause();
  }
  /** Hear what is between two times, and stop. */
  function playRange(start, end) {
    video.currentTime = start;
    model.time.set(start);
    range.set({ start, end });
    play();
  }
  const step = (frames) => { video.pause(); seek(video.currentTime + frames / (model.video.peek().fps || 25)); };
  let shuttle = 0;
  function shuttleBy(direction) {
    shuttle = direction === Math.sign(shuttle) ? Math.sign(shuttle) * Math.min(4, Math.abs(shuttle) * 2) : direction;
    if (shuttle > 0) { setRate(shuttle); play(); } else { video.pause(); seek(video.currentTime + shuttle); }
  }
  const setRate = (value) => { video.playbackRate = value; rate.set(value); };
  const stop = () => { shuttle = 0; setRate(1); video.pause(); };
  const mute = () => { video.muted = !video.muted; muted.set(video.muted); };
  const full = () => (document.fullscreenElement ? document.exitFullscreen() : stage.parentElement.requestFullscreen?.());
  effect(() => { video.volume = volume(); });

  let track = null;
  function showCaptions() {
    if (!track) {
      track = h("track", { kind: "captions", label: t("Captions"), srclang: model.transcript.peek()?.language ?? "en", src: api.captionsUrl(model.id) });
      video.append(track);
    }
    captions.set(!captions.peek());
    track.track.mode = captions.peek() ? "showing" : "hidden";
  }

  const tool = (name, label, run, more = {}) => h("button.icon-button", { onclick: run, "aria-label": label, title: label, ...more }, typeof name === "function" ? () => icon(name()) : icon(name));
  const scrub = h("input.scrub", {
    type: "range", min: "0", step: "0.01", "aria-label": t("Position"), max: () => String(duration() || 1), value: () => String(model.time()),
    "aria-valuetext": () => clock(model.time()), style: () => ({ "--done": String(model.time() / (duration() || 1)) }),
    oninput: (event) => seek(Number(event.target.value), { drag: true }),
  });
  const controls = h("div.controls", scrub, h("div.control-row",
    h("button.icon-button.big", { onclick: toggle, "aria-label": () => (playing() ? t("Pause") : t("Play")), title: "Space" }, () => icon(playing() ? "pause" : "play")),
    tool("back", t("5 seconds back"), () => seek(video.currentTime - 5)), tool("forward", t("5 seconds on"), () => seek(video.currentTime + 5)),
    tool("frameBack", t("A frame back"), () => step(-1), { class: "wide-only" }), tool("frameForward", t("A frame on"), () => step(1), { class: "wide-only" }),
    h("span.clock", () => clock(model.time(), true), h("span.quiet.total", () => ` / ${clock(duration())}`)),
    h("span.grow"),
    tool("loop", t("Loop the moment"), () => looping.set(!looping.peek()), { class: "loop", "aria-pressed": () => String(looping()) }),
    tool("captions", t("Captions"), showCaptions, { "aria-pressed": () => String(captions()) }),
    menu(h("span.number", () => `${rate()}×`), () => RATES.map((value) => ({ label: `${value}×`, run: () => setRate(value) })), { class: "plain", label: t("Speed") }),
    tool(() => (muted() ? "muted" : "volume"), t("Mute"), mute, { "aria-pressed": () => String(muted()) }),
    h("input.volume.wide-only", { type: "range", min: "0", max: "1", step: "0.05", "aria-label": t("Volume"), value: () => String(volume()), oninput: (event) => { volume.set(Number(event.target.value)); prefer({ volume: volume.peek() }); } }),
    document.pictureInPictureEnabled && tool("pip", t("Picture in picture"), () => (document.pictureInPictureElement ? document.exitPictureInPicture() : video.requestPictureInPicture().catch(() => {})), { class: "wide-only" }),
    tool("full", t("Full screen"), full)));
  const element = h("div.player", stage, () => broken() && h("p.broken", { role: "alert" }, broken()), controls);
  effect(() => { if (model.video().status === "ready" && !video.src) load(); });
  onEnd(() => {
    ended = true;
    cancelAnimationFrame(frame);
    clearTimeout(renewal);
    clearTimeout(pending);
    video.pause();
    video.removeAttribute("src");
    video.load();
  });
  return { element, video, playing, duration, seek, play, toggle, playRange, step, shuttleBy, stop, mute, full, loop: () => looping.set(!looping.peek()) };
}
