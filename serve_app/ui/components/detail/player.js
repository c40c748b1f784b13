// The player: our own controls round one <video>; a moment is heard between its edges without being cut.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, onEnd, signal } from "../../core/store.js";
import { clock } from "../../core/time.js";
import { forget, link } from "../../services/links.js";
import { api, whenBack } from "../../services/api.js";
import { prefer, preferences } from "../../services/preferences.js";
import { menu } from "../common/menu.js";

const EARLY = 5 * 60 * 1000;
const SEEK_EVERY = 80;
const FILM_RATE = 30;
/** Seconds: where the next range begins as near as this to where we are, it is played on without a jump. */
const SAME_PLACE = 0.05;
const RATES = [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 4];

/**
 * @param {import("./model.js").Model} model
 * @param {{time: () => number, duration: () => number, seek: (time: number, how?: {drag?: boolean}) => void, play: () => void}} [film]
 *   what the controls play in place of the video as it is: a film that is cut of it
 */
export function buildPlayer(model, film) {
  const path = `/api/videos/${model.id}/stream`;
  const [playing, muted, rate, duration, range, looping, captions, broken, volume] = [
    signal(false), signal(false), signal(1), signal(model.video.peek().duration ?? 0), signal(null), signal(false), signal(false), signal(null), signal(preferences.peek().volume)];
  const video = h("video", { preload: "metadata", playsinline: true, tabindex: "-1", "aria-label": t("Video") });
  const stage = h("div.stage", video);
  let [frame, renewal, wanted, lastSeek, pending] = [0, 0, null, 0, 0];
  let [ended, pace] = [false, 1];

  async function load() {
    const signed = await link(path).catch((error) => { broken.set(error.message); return null; });
    if (!signed || ended) return signed === null && !broken.peek() && broken.set(t("The video is not in the store."));
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
      else if (bounds.next) {
        range.set(null);
        bounds.next();
      } else {
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
      broken.set(t("This browser cannot play this video ({codec}). Clips that are cut to play anywhere can be watched.", { codec: model.video.peek().codec ?? t("this video") }));
    } else if ((failures += 1) < 3) {
      forget(path);
      load();
    }
  });
  // What broke while the server was away says nothing of the video.
  whenBack(() => {
    if (!video.error && !broken.peek()) return;
    failures = 0;
    broken.set(null);
    forget(path);
    load();
  });
  video.addEventListener("click", () => toggle());
  video.addEventListener("ended", () => { const bounds = range.peek(); range.set(null); bounds?.next?.(); });

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
    if (video.paused) over.play();
    else video.pause();
  }
  /** Hear what is between two times, and stop, or do what comes then. */
  function playRange(start, end, next) {
    if (Math.abs(video.currentTime - start) > SAME_PLACE || !next) video.currentTime = start;
    model.time.set(start);
    range.set({ start, end, next });
    play();
  }
  const over = film ?? { time: model.time, duration, seek, play };
  const skip = (seconds) => over.seek(Math.max(0, (film ? film.time.peek() : video.currentTime) + seconds));
  const step = (frames) => { video.pause(); skip(frames / (film ? FILM_RATE : model.video.peek().fps || 25)); };
  let shuttle = 0;
  function shuttleBy(direction) {
    shuttle = direction === Math.sign(shuttle) ? Math.sign(shuttle) * Math.min(4, Math.abs(shuttle) * 2) : direction;
    if (shuttle > 0) { setRate(shuttle); over.play(); } else { video.pause(); skip(shuttle); }
  }
  const setRate = (value) => { video.playbackRate = value * pace; rate.set(value); };
  /** Play so many times as fast as was chosen. */
  const setPace = (factor) => { pace = factor; setRate(rate.peek()); };
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
    type: "range", min: "0", step: "0.01", "aria-label": t("Position"), max: () => String(over.duration() || 1), value: () => String(over.time()),
    "aria-valuetext": () => clock(over.time()), style: () => ({ "--done": String(over.time() / (over.duration() || 1)) }),
    oninput: (event) => over.seek(Number(event.target.value), { drag: true }),
  });
  const controls = h("div.controls", scrub, h("div.control-row",
    h("button.icon-button.big", { onclick: toggle, "aria-label": () => (playing() ? t("Pause") : t("Play")), title: "Space" }, () => icon(playing() ? "pause" : "play")),
    tool("back", t("5 seconds back"), () => skip(-5)), tool("forward", t("5 seconds forward"), () => skip(5)),
    tool("frameBack", t("One frame back"), () => step(-1), { class: "wide-only" }), tool("frameForward", t("One frame forward"), () => step(1), { class: "wide-only" }),
    h("span.clock", () => clock(over.time(), true), h("span.quiet.total", () => ` / ${clock(over.duration())}`)),
    h("span.grow"),
    !film && tool("loop", t("Loop the moment"), () => looping.set(!looping.peek()), { class: "loop", "aria-pressed": () => String(looping()) }),
    !film && tool("captions", t("Captions"), showCaptions, { "aria-pressed": () => String(captions()) }),
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
  return { element, stage, video, playing, duration, seek, skip, play, toggle, playRange, step, shuttleBy, setPace, mute, full };
}
