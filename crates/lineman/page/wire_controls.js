// What is done with packets by hand: whether they are held, and what becomes of those that are.

import { focused, refill } from './focus.js';
import * as format from './format.js';
import { button, element } from './messages.js';
import { order } from './stream.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */

/** What Delay stands for, in milliseconds: longer than a TCP's shortest retransmission time-out on Linux. */
export const DELAY_MS = 200;

export class WireControls {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages */
  constructor(place, store, messages) {
    this.store = store;
    this.messages = messages;
    this.mode = element('div');
    this.handles = element('div', 'handles');
    /** What was decided about, and may be told as held still. @type {Set<number>} */
    this.decided = new Set();
    this.epoch = store.epoch;
    /** The handles that are seen. @type {Map<string, HTMLElement>} */
    this.shown = new Map();
    this.modes = '';
    /** What the focus is to go to when another packet is held: the button that was pressed is gone with its packet. @type {string|undefined} */
    this.goes = undefined;
    place.append(this.mode, this.handles);
    this.drawn = '';
    /** What Next and Hold do. */
    this.onNext = () => store.move(1);
    this.onHold = () => {};
    store.watch(() => this.draw());
  }

  /** Holds every packet from now on, or none. @param {boolean} steps */
  step(steps) {
    order(this.store, { do: steps ? 'step' : 'run' });
  }

  /** Decides about a packet: the one that is held longest, if none is named. @param {string} what @param {number} [id] */
  async decide(what, id = this.held()[0]?.id) {
    if (id === undefined) return;
    if (what === 'delay') {
      await order(this.store, { do: what, id, millis: DELAY_MS });
      return;
    }
    // It is gone when the log says so; a second key before that is about the next one.
    this.decided.add(id);
    this.store.changed();
    if (!(await order(this.store, { do: what, id }))) this.decided.delete(id);
  }

  /** What waits for a decision. */
  held() {
    const { epoch, scene } = this.store;
    if (this.epoch !== epoch) this.decided.clear();
    this.epoch = epoch;
    return scene.held.filter((it) => !this.decided.has(it.id));
  }

  /** @param {number} id */
  label(id) {
    const n = this.store.departures.get(id);
    const row = n === undefined ? undefined : this.store.rows[n];
    return row ? format.label(row, this.messages) : '';
  }

  draw() {
    const { store, messages } = this;
    const drives = store.drives();
    const all = this.held();
    if (drives && store.walks) {
      this.walk();
      return;
    }
    const drawn = JSON.stringify([store.lang, store.absolute, drives, store.gone, store.choices.length, store.stepping, store.rules, all, all.map((it) => this.label(it.id))]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    if (!drives) {
      this.mode.replaceChildren(element('span', '', messages.say(!store.live ? 'recorded' : store.choices.length && !store.gone ? 'ended.lab' : 'ended')));
      this.handles.replaceChildren();
      this.shown.clear();
      this.modes = '';
      return;
    }
    const modes = JSON.stringify([store.lang, store.stepping, store.rules]);
    if (modes !== this.modes) {
      this.modes = modes;
      const step = button(messages.say('step'), () => this.step(true), messages.say('step.hint'));
      const run = button(messages.say('run'), () => this.step(false), messages.say('run.hint'));
      step.setAttribute('aria-pressed', String(store.stepping));
      run.setAttribute('aria-pressed', String(!store.stepping));
      refill(this.mode, () => [step, ' ', run, ...this.rules()]);
    }
    const kept = new Set();
    for (const held of all) {
      const key = `${store.epoch} ${store.lang} ${held.id}`;
      kept.add(key);
      const handle = this.shown.get(key) ?? this.handle(held.id, key);
      const way = held.from === 'client' ? '→' : '←';
      const again = held.repeats ? ` ${messages.say('repeats', { count: held.repeats })}` : '';
      const text = `#${held.id} ${way} ${this.label(held.id)}${again}`;
      const name = /** @type {HTMLElement} */ (handle.firstElementChild);
      if (name.textContent !== text) name.textContent = text;
    }
    for (const [key, handle] of this.shown) {
      if (kept.has(key)) continue;
      if (focused(handle)) this.goes = focused(handle)?.dataset.do;
      handle.remove();
      this.shown.delete(key);
    }
    if (document.activeElement !== document.body) this.goes = undefined;
    const next = /** @type {HTMLElement|null} */ (this.goes && this.handles.querySelector(`[data-do=${this.goes}]`));
    if (!next) return;
    next.focus();
    this.goes = undefined;
  }

  /** The rules that hold, if there are any. @returns {(Node|string)[]} */
  rules() {
    const { store, messages } = this;
    if (!store.rules) return [];
    const rules = element('code', 'rules', store.rules);
    rules.title = messages.say('rules');
    return [' ', rules];
  }

  /** Time stands still: what comes next is shown when it is asked for. */
  walk() {
    const { store, messages } = this;
    const drawn = `walk ${store.lang} ${store.epoch} ${store.rules}`;
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const does = [
      button(messages.say('walk.next'), () => this.onNext()),
      button(messages.say('walk.all'), () => store.run(), messages.say('walk.all.hint')),
      button(messages.say('walk.hold'), () => this.onHold(), messages.say('walk.hold.hint')),
    ];
    ['next', 'all', 'hold'].forEach((name, at) => { does[at].dataset.walk = name; });
    refill(this.mode, () => [...does.flatMap((it) => [it, ' ']), element('span', 'how', messages.say('walk')), ...this.rules()]);
    this.handles.replaceChildren();
    this.shown.clear();
    this.modes = '';
  }

  /** What a packet is held by. It stays the same element as long as the packet is held: a click is not lost when others come. @param {number} id @param {string} key */
  handle(id, key) {
    const { messages } = this;
    const made = element('div', 'held', null, [element('code')]);
    made.dataset.id = String(id);
    for (const what of ['deliver', 'drop', 'duplicate', 'delay']) {
      const hint = what === 'delay' ? messages.say('delay.hint', { millis: DELAY_MS }) : '';
      const does = button(messages.say(what), () => this.decide(what, id), hint);
      does.dataset.do = what;
      made.append(does);
    }
    this.handles.append(made);
    this.shown.set(key, made);
    return made;
  }
}
