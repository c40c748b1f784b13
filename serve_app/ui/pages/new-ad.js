// A new ad: the product, how it looks, what viewers are asked to do, and what it costs before anything is paid.
import { h, replace } from "../core/html.js";
import { number, t } from "../core/i18n.js";
import { icon } from "../core/icons.js";
import { go } from "../core/router.js";
import { effect, onEnd, signal } from "../core/store.js";
import { api, newKey } from "../services/api.js";
import { may } from "../services/session.js";
import { backLink } from "../components/common/back-link.js";
import { resource } from "../components/common/resource.js";
import { toastError } from "../components/common/toast.js";
import { styleName, stylePoster } from "../components/ads/style-poster.js";

const SETTLE = 500;
const SHAPES = [["9:16", () => t("Vertical")], ["1:1", () => t("Square")], ["16:9", () => t("Wide")]];

export const STYLE = "ads";

export function mount(root) {
  document.title = `${t("New ad")} · moments`;
  const asked = signal({ product_name: "", description: "", style: "minimal", cta_text: "", aspect_ratio: "9:16", variants: 1, captions: true, music: "style" });
  const [picture, estimate, busy] = [signal(null), signal(null), signal(false)];
  const key = newKey();
  const set = (name, value) => asked.update((old) => ({ ...old, [name]: value }));
  const whole = () => asked().product_name.trim() && asked().cta_text.trim();
  const styles = resource((signal) => api.adStyles(signal));
  let timer = 0;
  effect(() => {
    const [now, pictured] = [asked(), Boolean(picture())];
    clearTimeout(timer);
    if (whole()) timer = setTimeout(() => api.estimateAd(now, pictured).then(estimate.set, () => estimate.set(null)), SETTLE);
  });
  onEnd(() => clearTimeout(timer));
  const start = (stop) => async (event) => {
    event.preventDefault();
    if (busy.peek() || !whole()) return;
    busy.set(true);
    try {
      const ad = await api.createAd({ ...asked.peek(), ...(stop ? { stop_after: "script_gen" } : {}) }, picture.peek(), `${key}${stop}`);
      go(`/ads/${ad.id}`);
    } catch (error) {
      toastError(error);
    } finally {
      busy.set(false);
    }
  };
  const field = (name, label, more, hint) => h("label", label, h(more.rows ? "textarea" : "input", { ...more, oninput: (event) => set(name, event.target.value) }), hint && h("small", hint));
  const style = (one) => h("label.preset.style", h("input", { type: "radio", name: "style", value: one.style, checked: () => asked().style === one.style, onchange: () => set("style", one.style) }),
    stylePoster(one, () => asked().product_name.trim(), () => asked().cta_text.trim()), h("strong", styleName(one.style)));
  const costs = (found) => (found.total_usd === null ? t("No model has a price yet") : found.total_usd ? t("About ${usd} of at most ${most}", { usd: number(found.total_usd, 2), most: number(found.max_cost_usd, 2) }) : t("Costs nothing: no paid model is used"));
  replace(root, h("form.form-page", { onsubmit: start("") },
    h("div.page-head", backLink("/ads", t("Back to the ads")), h("h1", t("New ad"))),
    h("section.panel.stack", h("div.fields", field("product_name", t("Product"), { required: true, maxlength: "120", autofocus: true }), field("cta_text", t("Call to action"), { required: true, maxlength: "60", placeholder: t("Try it today") })),
      field("description", t("Description"), { rows: "3", maxlength: "2000" }, t("The ad claims nothing else.")),
      h("label", t("Picture of the product"), h("input", { type: "file", accept: "image/jpeg,image/png,image/gif,image/webp", onchange: (event) => picture.set(event.target.files[0] ?? null) }))),
    h("section.panel.stack", h("fieldset", h("legend", t("Style")), styles.show(() => null, (found) => h("div.presets", found.styles.map(style)))),
      h("div.fields", h("fieldset", h("legend", t("Shape")), h("div.segmented", { role: "group" }, SHAPES.map(([value, label]) => h("button", { type: "button", "aria-pressed": () => String(asked().aspect_ratio === value), onclick: () => set("aspect_ratio", value) }, label())))),
        h("label", t("Films, each with its own script"), h("input", { type: "number", min: "1", max: "5", value: "1", oninput: (event) => set("variants", Number(event.target.value) || 1) })),
        h("label", t("Cost limit in $"), h("input", { type: "number", min: "0", step: "0.01", placeholder: t("default"), oninput: (event) => set("max_cost_usd", event.target.value === "" ? null : Number(event.target.value)) }))),
      h("div.row", h("label.check", h("input", { type: "checkbox", checked: true, onchange: (event) => set("captions", event.target.checked) }), t("Burn captions into the picture")), h("label.check", h("input", { type: "checkbox", checked: true, onchange: (event) => set("music", event.target.checked ? "style" : "none") }), t("Music")))),
    h("div.actions", h("button.primary", { type: "submit", disabled: () => busy() || !whole() || !may("write") }, icon("play"), t("Create")), h("button", { type: "button", onclick: start("script_gen"), disabled: () => busy() || !whole() || !may("write") }, icon("edit"), t("Write only the script")),
      () => estimate() && h("span.quiet", { class: estimate().within_limit ? "" : "bad" }, costs(estimate())))));
}
