// Signals: values that know who read them. A reader runs again, once a turn, after what it read has changed.

/** @typedef {() => void} Dispose */

/** @type {?Reader} */
let reading = null;
/** @type {?Dispose[]} */
let owned = null;
/** @type {Set<Reader>} */
let waiting = new Set();

class Reader {
  constructor(run) {
    this.run = run;
    this.sources = new Set();
    this.kept = [];
    this.over = false;
  }

  start() {
    this.stop();
    this.over = false;
    const [outerReading, outerOwned] = [reading, owned];
    reading = this;
    owned = this.kept;
    try {
      this.run();
    } finally {
      reading = outerReading;
      owned = outerOwned;
    }
  }

  stop() {
    this.over = true;
    for (const source of this.sources) source.delete(this);
    this.sources.clear();
    for (const dispose of this.kept.splice(0)) dispose();
  }
}

function flush() {
  for (let rounds = 0; waiting.size; rounds += 1) {
    if (rounds > 100) throw new Error("effects go round in circles");
    const now = waiting;
    waiting = new Set();
    for (const reader of now) if (!reader.over) reader.start();
  }
}

/**
 * A value that can be read (`value()`), looked at without being told of changes (`value.peek()`) and set.
 * @template T @param {T} value
 */
export function signal(value) {
  const readers = new Set();
  const read = () => {
    if (reading) {
      readers.add(reading);
      reading.sources.add(readers);
    }
    return value;
  };
  read.peek = () => value;
  read.set = (next) => {
    if (Object.is(next, value)) return;
    value = next;
    if (!waiting.size && readers.size) queueMicrotask(flush);
    for (const reader of readers) waiting.add(reader);
  };
  read.update = (change) => read.set(change(value));
  return read;
}

/** Run something now, and again whenever what it read has changed, until the scope it is in ends. */
export function effect(run) {
  const reader = new Reader(run);
  reader.start();
  onEnd(() => reader.stop());
}

/** Have something done when the present scope ends. */
export function onEnd(dispose) {
  if (owned) owned.push(dispose);
}

/**
 * Build something in a scope of its own: `[what was built, how to end all that was begun in it]`.
 * @template T @param {() => T} build @returns {[T, Dispose]}
 */
export function scope(build) {
  const [outerReading, outerOwned] = [reading, owned];
  const kept = [];
  reading = null;
  owned = kept;
  try {
    return [build(), () => kept.splice(0).forEach((dispose) => dispose())];
  } finally {
    reading = outerReading;
    owned = outerOwned;
  }
}

/** Read without being told of changes. */
export function untracked(run) {
  const outer = reading;
  reading = null;
  try {
    return run();
  } finally {
    reading = outer;
  }
}
