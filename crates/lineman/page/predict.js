// Which state next? Asked before a held packet is let through, answered by the row in which it arrives.

import { button, element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */
/** @typedef {import('./wire_controls.js').WireControls} WireControls */

/** The states of RFC 9293, in the order of a life. */
const STATES = ['CLOSED', 'LISTEN', 'SYN-SENT', 'SYN-RECEIVED', 'ESTABLISHED', 'FIN-WAIT-1', 'FIN-WAIT-2', 'CLOSE-WAIT', 'CLOSING', 'LAST-ACK', 'TIME-WAIT'];

export class Predict {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages @param {WireControls} wire */
  constructor(place, store, messages, wire) {
    this.place = place;
    this.store = store;
    this.messages = messages;
    this.wire = wire;
    this.on = false;
    this.right = 0;
    this.asked = 0;
    /** The answer that waits for its packet. @type {null|{id: number, host: string, state: string}} */
    this.waits = null;
    /** What came of the last one. @type {null|{right: boolean, changes: {host: string, state: string}[], why: {en: string, zh: string}[]}} */
    this.outcome = null;
    this.epoch = store.epoch;
    this.seen = 0;
    this.drawn = '';
    store.watch(() => this.draw());
  }

  /** The segment that the next question is about. */
  next() {
    const held = this.wire.held()[0];
    const n = held && this.store.departures.get(held.id);
    const row = n === undefined ? undefined : this.store.rows[n];
    return row?.packet?.tcp ? held : undefined;
  }

  /** Whether a question stands before the next packet. */
  asks() {
    return this.on && this.store.drives() && this.next() !== undefined;
  }

  /** @param {string} host @param {string} state */
  async answer(host, state) {
    const held = this.next();
    if (!held || this.waits) return;
    this.waits = { id: held.id, host, state };
    this.seen = this.store.rows.length;
    this.outcome = null;
    await this.wire.decide('deliver', held.id);
  }

  /** Looks for the row in which the packet arrives. */
  look() {
    const { store } = this;
    if (this.epoch !== store.epoch) {
      this.epoch = store.epoch;
      this.waits = null;
      this.outcome = null;
      this.right = 0;
      this.asked = 0;
    }
    for (; this.waits && this.seen < store.rows.length; this.seen += 1) {
      const row = store.rows[this.seen];
      if (row.packet?.id !== this.waits.id) continue;
      if (row.packet.fate === 'dropped') this.waits = null; // nothing is asked of what is lost
      if (!this.waits || !row.arrives) continue;
      const { host, state } = this.waits;
      const { changes, why } = row.arrives;
      const right = host === '' ? changes.length === 0 : changes.some((it) => it.host === host && it.state === state);
      this.outcome = { right, changes, why: why.map((nth) => row.sayings[nth].text) };
      this.asked += 1;
      if (right) this.right += 1;
      this.waits = null;
    }
  }

  draw() {
    this.look();
    const { store, messages } = this;
    const held = this.on ? this.next() : undefined;
    const drawn = JSON.stringify([store.lang, this.on, held?.id, held && this.wire.label(held.id), this.right, this.asked, this.outcome, store.drives(), this.waits]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const say = (/** @type {string} */ name, fields = {}) => messages.say(name, fields);
    const box = /** @type {HTMLInputElement} */ (element('input'));
    box.type = 'checkbox';
    box.checked = this.on;
    box.addEventListener('change', () => {
      this.on = box.checked;
      store.changed();
    });
    /** @type {Node[]} */
    const parts = [element('h3', '', say('guess')), element('label', '', null, [box, element('span', '', ` ${say('guess.on')}`)])];
    if (this.on && !held) parts.push(element('p', 'how', say('guess.none')));
    if (held && store.drives() && !this.waits) parts.push(this.question(held.id));
    if (this.outcome) {
      const names = this.outcome.changes.map((it) => `${say(it.host)} ${it.state}`);
      const changes = names.join(', ') || say('guess.nothing');
      const told = element('p', 'outcome', say(this.outcome.right ? 'guess.right' : 'guess.wrong', { changes }));
      told.dataset.right = String(this.outcome.right);
      told.setAttribute('role', 'status');
      parts.push(told);
      if (!this.outcome.right) parts.push(element('p', 'why', this.outcome.why.map((it) => it[store.lang]).join(' ')));
    }
    if (this.asked) parts.push(element('p', 'score', say('guess.score', { right: this.right, asked: this.asked })));
    this.place.replaceChildren(...parts);
  }

  /** @param {number} id */
  question(id) {
    const { messages } = this;
    const choice = (/** @type {string} */ name, /** @type {[string, string][]} */ options) => {
      const made = /** @type {HTMLSelectElement} */ (element('select'));
      made.setAttribute('aria-label', messages.say(name));
      for (const [value, text] of options) {
        const option = /** @type {HTMLOptionElement} */ (element('option', '', text));
        option.value = value;
        made.append(option);
      }
      return made;
    };
    const host = choice('guess.host', [['client', messages.say('client')], ['server', messages.say('server')], ['', messages.say('guess.nothing')]]);
    const state = choice('state', STATES.map((name) => [name, name]));
    host.dataset.guess = 'host';
    state.dataset.guess = 'state';
    host.addEventListener('change', () => { state.disabled = host.value === ''; });
    const answer = button(messages.say('guess.answer'), () => this.answer(host.value, state.value));
    answer.dataset.guess = 'answer';
    return element('div', 'question', null, [
      element('p', '', null, [element('code', '', this.wire.label(id)), element('span', '', ` ${messages.say('guess.about')}`)]),
      host, state, answer,
    ]);
  }
}
