// What people call effects, sounds and looks of captions; the names without capitals are the API's.
import { t } from "../../core/i18n.js";

const EFFECTS = {
  zoom: () => t("Zoom in"), zoom_out: () => t("Zoom out slowly"), punch_in: () => t("Punch in on beats"), slowmo: () => t("Slow motion"), speedup: () => t("Faster"),
  shake: () => t("Shake"), flash: () => t("Flash"), bw: () => t("Black and white"), vignette: () => t("Vignette"), glitch: () => t("Glitch"),
  fade_in: () => t("Fade in"), fade_out: () => t("Fade out"), freeze: () => t("Freeze"), mirror: () => t("Mirror"),
  blur_background: () => t("Whole picture over blur"), letterbox: () => t("Whole picture with bars"),
};
const SOUNDS = { whoosh: () => t("Whoosh"), pop: () => t("Pop"), hit: () => t("Hit"), riser: () => t("Riser"), click: () => t("Click"), ding: () => t("Ding") };
export const TRANSITIONS = {
  crossfade: () => t("Crossfade"), fade_black: () => t("Through black"), fade_white: () => t("Through white"), slide_left: () => t("Slides to the left"), slide_right: () => t("Slides to the right"),
  wipe_left: () => t("Wipes to the left"), wipe_right: () => t("Wipes to the right"), circle: () => t("Circle"),
};
export const BEDS = { calm: () => t("Calm"), bright: () => t("Bright"), drive: () => t("Driving"), tense: () => t("Tense") };
export const STYLES = {
  pop: () => t("Pop: the word lights up"), karaoke: () => t("Karaoke: words fill"), box: () => t("Box"), bold_center: () => t("Bold, in the middle"), classic: () => t("Classic"), minimal: () => t("Minimal"),
};
export const POSITIONS = { bottom: () => t("below"), center: () => t("in the middle"), top: () => t("above") };
export const SHAPES = { vertical: () => t("Vertical 9:16"), square: () => t("Square 1:1"), wide: () => t("Wide 16:9"), source: () => t("As the video") };

export const effectTitle = (name) => EFFECTS[name]?.() ?? name;
export const soundTitle = (name) => SOUNDS[name]?.() ?? name;

/** Options of a choice, the chosen one marked. @param {Record<string, () => string>} titles */
export const options = (titles, h, chosen) => Object.entries(titles).map(([value, title]) => h("option", { value, selected: value === chosen }, title()));
