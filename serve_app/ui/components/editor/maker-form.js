// Asks for a film or a picture from text: what it says, of which picture, in which shape.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal } from "../../core/store.js";
import { api, newKey } from "../../services/api.js";
import { lookNow } from "../../services/follow.js";
import { link } from "../../services/links.js";
import { may } from "../../services/session.js";
import { errorPanel } from "../common/error-panel.js";
import { SHAPES, options } from "./names.js";

const LONGEST = 2000;
const MOST_SECONDS = 30;
const MOST_SEED = 2 ** 31 - 1;
const BY_ADDRESS = "address";
const SIZES = { vertical: [1080, 1920], square: [1080, 1080], wide: [1920, 1080] };
const TOOLS = { film: "generate_video", picture: "edit_image" };
const KINDS = { film: "video", picture: "image" };
const HINTS = {
  film: () => t("Without a model, the film is animated text over drawn backgrounds, one scene per sentence."),
  picture: () => t("Without a model, a picture is changed by words such as “black and white”, “blur” or “crop to a square”; a new picture has one or two colours and the text you put in quotation marks."),
};

/** What the form begins with. @param {URLSearchParams} query */
export const firstAsked = (query) => ({ kind: query.get("kind") === "picture" ? "picture" : "film", prompt: "", image: query.get("image") ?? "", mask: "", shape: null, duration: 5, seed: 0, backend: "" });

/** What a run was asked for, as the form has it. @param {any} run */
export const askedOf = ({ pipeline, options: { prompt = "", image = "", mask = "", duration = 5, seed = 0, backend = "", width, height } }) => ({
  kind: pipeline === "editor.make_video" ? "film" : "picture", prompt, image, mask, duration, seed, backend,
  shape: Object.keys(SIZES).find((one) => SIZES[one][0] === width && SIZES[one][1] === height) ?? null,
});

/** The shape that is asked for; where none is, a picture keeps its own. */
const shapeOf = ({ kind, image, shape }) => (shape in SIZES ? shape : kind === "picture" && image ? "source" : "vertical");

/** A form as a request says it. */
function request(asked) {
  const { kind, prompt, image, mask, duration, seed, backend } = asked;
  const [width, height] = SIZES[shapeOf(asked)] ?? [];
  const picture = { ...(image && { image: image.trim() }), ...(image && mask && kind === "picture" && { mask }) };
  return { prompt: prompt.trim(), seed, ...(width && { width, height }), ...(kind === "film" && { duration }), ...picture, ...(backend && { backend }) };
}

/**
 * @param {any} asked a signal of what is asked for @param {() => {path: string, title: string}[]} pictures that can be taken
 * @param {() => void} begun called when the server has taken it
 */
export function makerForm(asked, pictures, begun) {
  const [wrong, busy, models] = [signal(null), signal(false), signal([])];
  let key = newKey();
  api.options().then((found) => models.set(found.models), () => {});
  const set = (name, value) => { asked.update((old) => ({ ...old, [name]: value })); key = newKey(); };
  const [kind, pictured, byAddress] = [signal(asked.peek().kind), signal(false), signal(false)];
  effect(() => { kind.set(asked().kind); pictured.set(Boolean(asked().image)); });
  // An image that is none of those here is one by its address.
  effect(() => { if (asked().image && !asked().image.startsWith("/media/")) byAddress.set(true); });
  const start = async (event) => {
    event.preventDefault();
    if (busy.peek() || !asked.peek().prompt.trim()) return;
    busy.set(true);
    wrong.set(null);
    try {
      await api.makeOfWords(TOOLS[kind.peek()], request(asked.peek()), key);
      key = newKey();
      begun();
      lookNow();
    } catch (error) {
      wrong.set(error);
      requestAnimationFrame(() => event.target.querySelector("[role=alert]")?.scrollIntoView({ block: "nearest" }));
    } finally {
      busy.set(false);
    }
  };
  const readOnly = () => !may("write");
  const pick = (name, label, none, more) => h("label", label, h("select", { disabled: readOnly, value: () => (more && byAddress() ? BY_ADDRESS : asked()[name]), onchange: (event) => { const { value } = event.target; byAddress.set(more && value === BY_ADDRESS); set(name, value === BY_ADDRESS ? "" : value); } },
    () => [h("option", { value: "" }, none), pictures().map((one) => h("option", { value: one.path, selected: one.path === asked.peek()[name] }, one.title)), more && h("option", { value: BY_ADDRESS, selected: byAddress.peek() }, t("From a URL…"))]));
  const preview = () => {
    const image = h("img.maker-picture", { alt: t("Chosen picture") });
    link(asked.peek().image).then((found) => { if (found) image.src = found.url; }, () => {});
    return image;
  };
  const shown = signal("");
  effect(() => shown.set(!byAddress() && asked().image.startsWith("/media/") ? asked().image : ""));
  const shapes = () => (kind() === "picture" && pictured() ? { source: () => t("Same as the picture"), ...SHAPES_MADE } : SHAPES_MADE);
  return h("form.panel.stack.maker", { onsubmit: start, "aria-label": t("New film or picture") },
    h("div.segmented", { role: "group", "aria-label": t("What to make") }, [["film", t("A film")], ["picture", t("A picture")]].map(([value, label]) => h("button", { type: "button", "aria-pressed": () => String(kind() === value), onclick: () => set("kind", value) }, label))),
    h("label", t("Description"), h("textarea", { rows: "4", required: true, maxlength: String(LONGEST), dir: "auto", disabled: readOnly, value: () => asked().prompt, oninput: (event) => set("prompt", event.target.value) }), h("small", () => HINTS[kind()]())),
    h("div.fields.pair",
      pick("image", t("Starting picture"), t("None"), true),
      h("label", t("Shape"), h("select", { disabled: readOnly, onchange: (event) => set("shape", event.target.value) }, () => options(shapes(), h, shapeOf(asked.peek()))))),
    () => byAddress() && h("label", t("URL of the picture"), h("input", { type: "url", placeholder: "https://…", value: () => asked().image, disabled: readOnly, oninput: (event) => set("image", event.target.value) })),
    () => shown() && preview(),
    h("div.fields.pair",
      () => kind() === "film" && h("label", t("Seconds"), h("input", { type: "number", min: "1", max: String(MOST_SECONDS), step: "0.5", disabled: readOnly, value: String(asked.peek().duration), onchange: (event) => set("duration", Number(event.target.value) || 5) })),
      () => kind() === "picture" && pictured() && pick("mask", t("Mask: change only where this picture is light"), t("Everywhere"), false),
      h("label", t("Made by"), h("select", { disabled: readOnly, onchange: (event) => set("backend", event.target.value) }, () => [h("option", { value: "" }, t("Any available")), h("option", { value: "embedded", selected: asked.peek().backend === "embedded" }, t("This server, without a model")), models().filter((one) => one.kind === KINDS[kind()]).map((one) => h("option", { value: one.key, selected: asked.peek().backend === one.key }, one.key))])),
      h("label", t("Seed"), h("input", { type: "number", min: "0", max: String(MOST_SEED), disabled: readOnly, value: () => String(asked().seed), onchange: (event) => set("seed", Math.max(0, Math.floor(Number(event.target.value)) || 0)) }))),
    () => wrong() && errorPanel(wrong()),
    h("div.actions", h("button.primary", { type: "submit", disabled: () => busy() || !asked().prompt.trim() || readOnly() }, icon("play"), () => (kind() === "film" ? t("Make the film") : t("Make the picture")))));
}

const { vertical, square, wide } = SHAPES;
const SHAPES_MADE = { vertical, square, wide };
