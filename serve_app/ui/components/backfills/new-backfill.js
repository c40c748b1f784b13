// Asks for many videos at once: told first what it would come to, then begun.
import { h } from "../../core/html.js";
import { bytes, number, plural, t } from "../../core/i18n.js";
import { go } from "../../core/router.js";
import { signal } from "../../core/store.js";
import { length } from "../../core/time.js";
import { api, newKey } from "../../services/api.js";
import { dialog } from "../common/dialog.js";
import { fact, facts } from "../common/facts.js";

export function newBackfill() {
  const [of, text, more] = [signal("urls"), signal(""), signal({ name: "", as: "current", mode: "missing", in_flight: 20 })];
  const [estimate, wrong, busy] = [signal(null), signal(null), signal(false)];
  const key = newKey();
  const set = (name, value) => { more.update((old) => ({ ...old, [name]: value })); estimate.set(null); };
  const order = (dry) => {
    const { name, as, mode, in_flight: inFlight } = more.peek();
    const urls = of.peek() === "urls" ? text.peek().split(/\s+/).filter(Boolean) : null;
    return { ...(name ? { name } : {}), source: urls ? { urls } : { videos: {} }, ...(urls ? {} : { mode }), as, in_flight: inFlight, dry_run: dry };
  };
  const ask = async (dry, close) => {
    if (busy.peek()) return;
    busy.set(true);
    wrong.set(null);
    try {
      const answer = await api.createBackfill(order(dry), dry ? undefined : key);
      if (dry) estimate.set(answer);
      else {
        close();
        go(`/backfills/${answer.identifier}`);
      }
    } catch (error) {
      wrong.set(error.message);
    } finally {
      busy.set(false);
    }
  };
  const choice = (name, label, entries) => h("label", label, h("select", { onchange: (event) => set(name, event.target.value) }, entries.map(([value, said]) => h("option", { value, selected: value === more.peek()[name] }, said))));
  dialog(t("New backfill"), (close) => h("form", { onsubmit: (event) => { event.preventDefault(); ask(!estimate.peek(), close); } },
    h("div.segmented", { role: "group", "aria-label": t("Source") }, [["urls", t("URLs")], ["videos", t("The whole library")]].map(([name, label]) => h("button", { type: "button", "aria-pressed": () => String(of() === name), onclick: () => { of.set(name); estimate.set(null); } }, label))),
    () => of() === "urls" ? h("label", t("URLs of videos"), h("textarea", { required: true, autofocus: true, spellcheck: false, placeholder: "https://…", value: text.peek(), oninput: (event) => { text.set(event.target.value); estimate.set(null); } })) :
      choice("mode", t("Which videos"), [["missing", t("those without moments")], ["rederive", t("all of them")]]),
    h("div.fields", h("label", t("Name"), h("input", { maxlength: "200", placeholder: t("the pipeline and the day"), oninput: (event) => set("name", event.target.value.trim()) })),
      choice("as", t("What is found"), [["current", t("is shown at once")], ["candidate", t("is shown once it is promoted")]]),
      h("label", t("Runs at once"), h("input", { type: "number", min: "1", max: "1000", value: "20", oninput: (event) => set("in_flight", Number(event.target.value)) }))),
    () => estimate() && shown(estimate()),
    () => wrong() && h("p.bad", { role: "alert", dir: "auto" }, wrong()),
    h("div.actions", h("button.quiet", { type: "button", onclick: () => close() }, t("Cancel")), h("button.primary", { type: "submit", disabled: busy }, () => (estimate() ? plural(estimate().videos, "Start with {n} video", "Start with {n} videos") : t("Estimate"))))), { wide: true });
}

function shown(found) {
  const known = (value, shown) => (value === null ? null : shown(value));
  return h("section.stack", { "aria-label": t("Estimate") }, facts(
    fact(t("Videos to process"), number(found.videos)), fact(t("Nothing to do"), number(found.known)), fact(t("Duplicates"), number(found.duplicates)), fact(t("Not URLs"), number(found.malformed)),
    fact(t("Hours of video"), known(found.media_hours, (hours) => number(hours, 1))), fact(t("To fetch"), known(found.bytes, bytes)), fact(t("Tokens"), known(found.tokens, number)),
    fact(t("Cost"), known(found.usd, (usd) => `$${number(usd, 2)}`)), fact(t("Time"), known(found.seconds, length))),
    found.problems.length > 0 && h("ul.small.bad", found.problems.map((one) => h("li", { dir: "auto" }, Object.values(one).join(" · ")))));
}
