// What can be done with the wire: what is held is decided about, and rules are set.

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
    this.held = element('div');
    this.rules = /** @type {HTMLInputElement} */ (element('input'));
    this.rules.type = 'text';
    this.rules.spellcheck = false;
    this.set = button('', () => {});
    this.set.type = 'submit';
    this.form = /** @type {HTMLFormElement} */ (element('form', '', null, [this.rules, this.set]));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      order(store, { do: 'rules', rules: this.rules.value });
    });
    place.append(this.mode, this.form, this.held);
    this.drawn = '';
    /** The rules that were told last: what is being typed stays. */
    this.told = '';
    store.watch(() => this.draw());
  }

  /** Holds every packet from now on, or none. @param {boolean} steps */
  step(steps) {
    order(this.store, { do: steps ? 'step' : 'run' });
  }

  /** Decides about a packet: the one that is held longest, if none is named. @param {string} what @param {number} [id] */
  decide(what, id = this.store.scene.held[0]?.id) {
    if (id === undefined) return;
    order(this.store, what === 'delay' ? { do: what, id, millis: DELAY_MS } : { do: what, id });
  }

  /** @param {number} id */
  label(id) {
    const n = this.store.departures.get(id);
    const row = n === undefined ? undefined : this.store.rows[n];
    return row ? format.label(row, this.store.lang, this.store.absolute) : '';
  }

  draw() {
    const { store, messages } = this;
    const drives = store.live && !store.ended && !store.gone;
    const drawn = JSON.stringify([store.lang, store.absolute, drives, store.stepping, store.rules, store.scene.held, store.scene.held.map((it) => this.label(it.id))]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.form.hidden = !drives;
    if (this.told !== store.rules) this.rules.value = this.told = store.rules;
    this.rules.setAttribute('aria-label', messages.say('rules'));
    this.rules.placeholder = messages.say('rules.hint');
    this.set.textContent = messages.say('rules.set');
    if (!drives) {
      this.mode.replaceChildren(element('span', '', messages.say(store.live ? 'ended' : 'recorded')));
      this.held.replaceChildren();
      return;
    }
    const step = button(messages.say('step'), () => this.step(true), messages.say('step.hint'));
    const run = button(messages.say('run'), () => this.step(false), messages.say('run.hint'));
    step.setAttribute('aria-pressed', String(store.stepping));
    run.setAttribute('aria-pressed', String(!store.stepping));
    this.mode.replaceChildren(step, ' ', run);
    this.held.replaceChildren(...store.scene.held.map((held) => {
      const way = held.from === 'client' ? '→' : '←';
      const again = held.repeats ? ` ${messages.say('repeats', { count: held.repeats })}` : '';
      const made = element('div', 'held', null, [element('code', '', `#${held.id} ${way} ${this.label(held.id)}${again}`)]);
      made.dataset.id = String(held.id);
      for (const what of ['deliver', 'drop', 'duplicate', 'delay']) {
        const hint = what === 'delay' ? messages.say('delay.hint', { millis: DELAY_MS }) : '';
        const does = button(messages.say(what), () => this.decide(what, held.id), hint);
        does.dataset.do = what;
        made.append(does);
      }
      return made;
    }));
  }
}
