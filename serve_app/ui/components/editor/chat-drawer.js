// A conversation about the edit, beside it: what is proposed there is only made when it is accepted.
import { each, h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { effect, signal } from "../../core/store.js";
import { api } from "../../services/api.js";
import { may } from "../../services/session.js";
import { toastError } from "../common/toast.js";
import { proposed, suggested } from "./proposals.js";

const LONGEST = 8000;
const IDEAS = [() => t("Make a hook for the first seconds"), () => t("How can it be shorter?"), () => t("Which captions fit?")];

/** Names that an answer puts between backticks, as code. @param {string} text */
const coded = (text) => text.split("`").map((part, at) => (at % 2 ? h("code", part) : part));

/** @param {import("./model.js").Editor} model @param {any} open a signal: whether it is to be seen */
export function chatDrawer(model, open) {
  const [session, messages, busy, wrong, ideas, accepted] = [signal(null), signal([]), signal(false), signal(null), signal(null), signal(new Set())];
  const project = () => model.project.peek().id;
  let begun = null;
  const begin = () => (begun ??= (async () => {
    const mine = (await api.chats()).find((one) => one.project_id === project());
    const found = mine ? await api.chat(mine.id) : null;
    session.set(found);
    messages.set(found?.messages ?? []);
  })().catch((error) => { begun = null; wrong.set(error); }));
  const say = async (text) => {
    const said = text.trim();
    if (!said || busy.peek()) return;
    busy.set(true);
    wrong.set(null);
    messages.update((all) => [...all, { id: `mine ${all.length}`, role: "user", content: said }]);
    field.value = "";
    try {
      if (!session.peek()) session.set(await api.createChat({ title: model.project.peek().title.slice(0, 200), project_id: project() }));
      const answer = await api.say(session.peek().id, said);
      messages.set(answer.session.messages);
    } catch (error) {
      wrong.set(error);
    } finally {
      busy.set(false);
    }
  };
  const suggest = async () => {
    busy.set(true);
    try {
      ideas.set(await suggested(model));
    } catch (error) {
      toastError(error);
    } finally {
      busy.set(false);
    }
  };
  const accept = async (key, change) => {
    if (!(await model.change(change, t("the proposal")))) return;
    accepted.update((old) => new Set([...old, key]));
    field.focus(); // the button that was pressed is gone
  };
  const acceptButton = (key, change, ready = () => true) => () => (accepted().has(key) ? h("span.chip", icon("check"), t("accepted")) : h("button.small", { disabled: () => !may("write") || !ready(), onclick: () => accept(key, change) }, icon("check"), t("Accept")));
  const proposal = (message, found) => {
    const current = () => found.version === model.saved().version;
    return h("div.proposal", h("ul", found.lines.map((line) => h("li", { dir: "auto" }, line))), h("div.row", acceptButton(`m${message.id}`, found.change, current), () => !current() && !accepted().has(`m${message.id}`) && h("span.small.quiet", t("The timeline has changed since: ask again."))));
  };
  const bubble = (message) => {
    const found = proposed(message());
    return h("li", { class: message().role === "user" ? "mine" : "theirs" }, h("p", { dir: "auto" }, coded(message().content)), found && proposal(message(), found));
  };
  const log = h("div.chat-log", { role: "log", tabindex: "0", "aria-label": t("Conversation") }, h("ol", each(messages, (one) => String(one.id), bubble)));
  const field = h("textarea", { rows: "2", maxlength: String(LONGEST), dir: "auto", "aria-label": t("Message"), placeholder: t("Ask about this edit"), onkeydown: (event) => { if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); say(field.value); } } });
  const close = () => open.set(false);
  const element = h("aside.drawer", { "aria-label": t("Chat"), hidden: () => !open(), onkeydown: (event) => { if (event.key === "Escape") { event.stopPropagation(); close(); } } },
    h("header", h("h2.grow", t("Chat")), h("button.icon-button", { onclick: close, "aria-label": t("Close the chat") }, icon("close"))),
    log,
    () => !messages().length && !busy() && h("div.stack.tight.ideas", h("p.small.quiet", t("Answers come from rules, or from the model that is set up. What is proposed changes nothing before it is accepted.")), IDEAS.map((idea) => h("button", { onclick: () => say(idea()), disabled: () => !may("write") }, idea()))),
    () => ideas() && h("div.proposal.ideas", h("div.row", h("strong.grow", t("Suggested effects")), h("button.icon-button", { onclick: () => ideas.set(null), "aria-label": t("Close") }, icon("close"))),
      ideas().length ? h("ul", ideas().map((one) => h("li.row", h("span.grow", one.line, h("small.quiet", one.reason)), acceptButton(one.key, one.change)))) : h("p.quiet.small", t("Nothing to suggest: no questions, numbers or beats in it."))),
    () => busy() && h("p.small.quiet", { role: "status" }, t("One moment…")),
    () => wrong() && h("p.bad.small", { role: "alert", dir: "auto" }, wrong().message),
    h("form.stack.tight", { onsubmit: (event) => { event.preventDefault(); say(field.value); } }, field,
      h("div.row", h("button.quiet", { type: "button", onclick: suggest, disabled: () => busy() || !may("write") }, icon("refine"), t("Suggest effects")), h("span.grow"), h("button.primary", { type: "submit", disabled: () => busy() || !may("write") }, t("Send")))));
  let seen = false;
  effect(() => {
    if (open()) { begin(); requestAnimationFrame(() => field.focus()); }
    else if (seen) document.getElementById("chat-button")?.focus();
    seen = open();
  });
  effect(() => { messages(); requestAnimationFrame(() => log.scrollTo(0, log.scrollHeight)); });
  return element;
}
