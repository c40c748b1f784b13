// Whether who is seen has agreed: always in sight, for no film is made without.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { link } from "../../services/links.js";
import { may } from "../../services/session.js";
import { toast, toastError } from "../common/toast.js";

const DOCUMENTS = ".pdf,.png,.jpg,.jpeg,.webp,.docx,.txt";

/** How consent stands, in short: a way to where it is given. @param {import("./model.js").Editor} model */
export function consentChip(model) {
  const complete = () => model.project().consent.complete;
  return h("a.chip", { href: "#consent", class: () => (complete() ? "good" : "warn"), onclick: (event) => { event.preventDefault(); const panel = document.getElementById("consent"); panel.scrollIntoView({ block: "center" }); panel.querySelector("input").focus(); } }, () => icon(complete() ? "check" : "warning"), () => (complete() ? t("Consent is complete") : t("Consent is missing")));
}

/** @param {import("./model.js").Editor} model */
export function consentPanel(model) {
  const busy = signal(false);
  const ticked = signal(null); // what was just chosen, until the server has it: what is read meanwhile is older
  const consent = () => model.project().consent;
  const needsDocument = () => consent().missing.includes("document");
  const act = async (ask, said) => {
    busy.set(true);
    try {
      const now = await ask();
      model.project.set({ ...model.project.peek(), consent: now });
      toast(said);
    } catch (error) {
      toastError(error);
    } finally {
      busy.set(false);
    }
  };
  const tick = (event) => {
    const accepted = event.target.checked;
    ticked.set(accepted);
    act(() => api.giveConsent(consent().asset_id, accepted), accepted ? t("Consent is given") : t("Consent is withdrawn; films under way are stopped"))
      .then(() => ticked.set(null));
  };
  const read = async () => {
    const found = await link(consent().document_url).catch(toastError);
    if (found) h("a", { href: found.url, download: "" }).click();
  };
  const file = h("input", { type: "file", accept: DOCUMENTS, hidden: true, "aria-label": t("Signed document"), onchange: () => { const [one] = file.files; file.value = ""; if (one) act(() => api.uploadConsent(consent().asset_id, one), t("The document is stored")); } });
  return h("section.consent", { class: () => (consent().complete ? "complete" : "missing"), "aria-label": t("Consent"), id: "consent" },
    h("div.row", () => icon(consent().complete ? "check" : "warning"), h("strong.grow", () => (consent().complete ? t("Consent is complete") : needsDocument() ? t("Consent: a signed document is missing") : t("Consent is missing")))),
    h("label.check", h("input", { type: "checkbox", checked: () => ticked() ?? consent().has_checkbox, disabled: () => busy() || !may("write"), onchange: tick }), t("Everybody who is seen or heard has agreed to this film.")),
    h("div.row.small", file, h("button.quiet", { disabled: () => busy() || !may("write"), onclick: () => file.click() }, icon("upload"), () => (consent().document_url ? t("Another document…") : t("Add a signed document…"))),
      () => consent().document_url && h("button.link", { onclick: read }, t("Open the document"))));
}
