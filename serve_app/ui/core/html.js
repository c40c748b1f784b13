// Builds elements. Text is only ever text: nothing that comes from a server is parsed as markup.
import { effect, onEnd, scope, signal, untracked } from "./store.js";

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "inert", "muted", "indeterminate", "open", "srcObject"]);

/**
 * `h("button.quiet", {onclick}, "Text")`. A function as a property or a child follows the signals that it reads.
 * @param {string} name tag and classes @param {...any} rest properties, then children
 * @returns {HTMLElement}
 */
export function h(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  return fill(element, rest);
}

/** The same for SVG. */
export function s(name, ...rest) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElementNS(SVG, tag);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  return fill(element, rest);
}

function fill(element, rest) {
  const [first, ...others] = rest;
  const isProperties = first && Object.getPrototypeOf(first) === Object.prototype;
  if (isProperties) for (const [key, value] of Object.entries(first)) set(element, key, value);
  add(element, isProperties ? others : rest);
  return element;
}

function set(element, key, value) {
  if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
  else if (key === "ref") value(element);
  else if (typeof value === "function") effect(() => put(element, key, value()));
  else put(element, key, value);
}

function put(element, key, value) {
  if (key === "style") for (const [name, part] of Object.entries(value)) element.style.setProperty(name, part);
  else if (key === "class") {
    // Classes of the tag stay; those that were given before and are no more go.
    const given = String(value ?? "").split(" ").filter(Boolean);
    for (const old of element.givenClasses ?? []) if (!given.includes(old)) element.classList.remove(old);
    element.classList.add(...given);
    element.givenClasses = given;
  } else if (PROPERTIES.has(key)) element[key] = value ?? (key === "value" ? "" : false);
  else if (value === null || value === undefined || value === false) element.removeAttribute(key);
  else element.setAttribute(key, value === true ? "" : String(value));
}

function add(parent, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(parent, child);
    else if (typeof child === "function") live(parent, child);
    else if (child !== null && child !== undefined && child !== false && child !== true) {
      parent.append(child instanceof Node ? child : String(child));
    }
  }
}

/** A child that is built again whenever what it read has changed; an equal text stays the same node. */
function live(parent, build) {
  const mark = document.createComment("");
  parent.append(mark);
  let shown = [];
  effect(() => {
    const built = build();
    const list = (Array.isArray(built) ? built.flat(9) : [built]).filter((one) => one !== null && one !== undefined && typeof one !== "boolean");
    if (shown.length === 1 && list.length === 1 && shown[0] instanceof Text && !(list[0] instanceof Node)) {
      shown[0].data = String(list[0]);
      return;
    }
    const nodes = list.map((one) => (one instanceof Node ? one : document.createTextNode(String(one))));
    const kept = new Set(nodes);
    for (const old of shown) if (!kept.has(old)) old.remove();
    shown = nodes;
    if (!nodes.some((node) => node.isConnected)) return mark.before(...nodes);
    let before = mark;
    for (const node of [...nodes].reverse()) {
      if (node.nextSibling !== before) before.parentNode.insertBefore(node, before);
      before = node;
    }
  });
}

/**
 * Rows of a list by key: a row is built once, keeps its element while its key is there, and reads its item by signal.
 * @param {() => any[]} items @param {(item: any) => string} key @param {(item: () => any) => Node} row
 */
export function each(items, key, row) {
  /** @type {Map<string, {node: Node, end: () => void, item: any}>} */
  const rows = new Map();
  onEnd(() => rows.forEach((one) => one.end()));
  return () => {
    const list = items();
    return untracked(() => {
      const seen = new Set();
      const nodes = list.map((item) => {
        const name = key(item);
        seen.add(name);
        let one = rows.get(name);
        if (!one) {
          const value = signal(item);
          const [node, end] = scope(() => row(value));
          rows.set(name, (one = { node, end, item: value }));
        } else one.item.set(item);
        return one.node;
      });
      for (const [name, one] of rows) {
        if (seen.has(name)) continue;
        one.end();
        rows.delete(name);
      }
      return nodes;
    });
  };
}


/** Replace all that an element holds. */
export function replace(element, ...children) {
  element.replaceChildren();
  add(element, children);
}
