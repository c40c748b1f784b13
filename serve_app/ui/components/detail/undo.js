// What was done on a page, and can be taken back or done again.
import { h } from "../../core/html.js";
import { t } from "../../core/i18n.js";
import { icon } from "../../core/icons.js";
import { signal } from "../../core/store.js";
import { may } from "../../services/session.js";
import { toast, toastError } from "../common/toast.js";

const MOST = 100;

export class Undo {
  constructor() {
    this.done = signal([]);
    this.undone = signal([]);
    this.busy = false;
  }

  /** @param {{label: string, undo: () => Promise<any>, redo: () => Promise<any>}} step */
  did(step) {
    this.done.update((all) => [...all, step].slice(-MOST));
    this.undone.set([]);
  }

  /** Forget it all: what stands now is not what it led to. */
  clear() {
    this.done.set([]);
    this.undone.set([]);
  }

  undo() {
    return this.move(this.done, this.undone, "undo", (label) => t("Undone: {label}", { label }));
  }

  redo() {
    return this.move(this.undone, this.done, "redo", (label) => t("Redone: {label}", { label }));
  }

  async move(from, to, name, said) {
    const step = from.peek().at(-1);
    if (!step || this.busy) return;
    this.busy = true;
    try {
      await step[name]();
      from.update((all) => all.slice(0, -1));
      to.update((all) => [...all, step]);
      toast(said(step.label), { seconds: 2.5 });
    } catch (error) {
      toastError(error);
    } finally {
      this.busy = false;
    }
  }
}

/** The buttons that take back and do again; each says what. @param {Undo} undo */
export function undoButtons(undo) {
  const button = (name, label, steps) => h("button.icon-button", {
    onclick: () => undo[name](), disabled: () => !steps().length || !may("write"), "aria-label": label,
    title: () => (steps().length ? `${label}: ${steps().at(-1).label}` : label),
  }, icon(name));
  return [button("undo", t("Undo"), undo.done), button("redo", t("Redo"), undo.undone)];
}
