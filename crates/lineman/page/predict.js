// Which state next? Asked before a held packet is let through, or of a log that is recorded before what follows is
// shown; answered by the row in which the packet arrives.

import { focused, refill } from './focus.js';
import * as format from './format.js';
import { button, element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */
/** @typedef {import('./wire_controls.js').WireControls} WireControls @typedef {import('./store.js').Row} Row */

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
    /** What came of the last one. @type {null|{right: boolean, changes: {host: string, state: string}[], why: {text: import('./store.js').Both}[]}} */
    this.outcome = null;
    this.epoch = store.epoch;
    this.seen = 0;
    /** Of a recorded log, the row that is asked about next, or from which on one is looked for. */
    this.from = 0;
    this.drawn = '';
    /** Whether the focus is to go on to the next question, or to what came of the last one. */
    this.goes = false;
    /** What is chosen and not answered yet, and for which packet: in the other language it is the same. */
    this.chosen = { id: -1, host: 'client', state: STATES[0] };
    store.watch(() => this.draw());
  }

  /** The segment that the next question is about, and the row that tells of it. @returns {{id: number, row: Row}|undefined} */
  next() {
    const { store } = this;
    if (!store.decides()) {
      const row = store.limit === this.from ? store.all[this.from] : undefined;
      return row?.packet ? { id: row.packet.id, row } : undefined;
    }
    const held = this.wire.held()[0];
    const n = held && store.departures.get(held.id);
    const row = n === undefined ? undefined : store.rows[n];
    return row?.packet?.tcp ? { id: held.id, row } : undefined;
  }

  /** Whether a question stands before the next packet. */
  asks() {
    return this.on && this.next() !== undefined;
  }

  /** @param {boolean} on */
  turn(on) {
    const { store } = this;
    this.on = on;
    this.outcome = null;
    if (store.decides()) store.changed();
    else if (on) {
      this.from = this.right = this.asked = 0;
      store.show(0);
    } else if (!store.walks) store.show(Infinity);
    this.epoch = store.epoch;
  }

  /** Of a recorded log, shows what comes before the next question. */
  seek() {
    const { store } = this;
    if (!this.on) return;
    if (store.decides()) {
      this.from = store.all.length; // nothing is asked about again
      return;
    }
    const { all } = store;
    while (this.from < all.length && !(all[this.from].packet?.tcp && all[this.from].arrives)) this.from += 1;
    if (store.limit !== this.from) store.show(this.from);
  }

  /** @param {string} host @param {string} state */
  async answer(host, state) {
    const next = this.next();
    if (!next || this.waits) return;
    const { store } = this;
    this.waits = { id: next.id, host, state };
    this.goes = true;
    this.outcome = null;
    if (store.decides()) {
      this.seen = store.rows.length;
      await this.wire.decide('deliver', next.id);
      return;
    }
    this.seen = this.from;
    this.from += 1;
    store.show(this.from);
    this.look();
    this.seek();
    store.choose(this.seen - 1);
  }

  /** Looks for the row in which the packet arrives. */
  look() {
    const { store } = this;
    if (this.epoch !== store.epoch) {
      this.epoch = store.epoch;
      this.from = 0;
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
      // Where the row shows only how it goes on, what the packet is was said where it was sent.
      const sent = store.rows[store.departures.get(row.packet.id) ?? row.n];
      const reasons = why.length || sent.about === null ? why.map((nth) => row.sayings[nth]) : [sent.sayings[sent.about]];
      this.outcome = { right, changes, why: reasons };
      this.asked += 1;
      if (right) this.right += 1;
      this.waits = null;
    }
  }

  draw() {
    this.look();
    this.seek();
    const { store, messages } = this;
    const next = this.on ? this.next() : undefined;
    const label = next && `${next.row.packet?.from === 'client' ? '→' : '←'} ${format.label(next.row, messages)}`;
    const drawn = JSON.stringify([store.lang, this.on, next?.id, label, this.right, this.asked, this.outcome, store.decides(), this.waits]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const say = (/** @type {string} */ name, fields = {}) => messages.say(name, fields);
    const box = /** @type {HTMLInputElement} */ (element('input'));
    box.type = 'checkbox';
    box.checked = this.on;
    box.dataset.guess = 'on';
    box.addEventListener('change', () => this.turn(box.checked));
    const recorded = !store.decides();
    /** @type {Node[]} */
    const parts = [element('h3', '', say('guess')), element('label', '', null, [box, element('span', '', ` ${say(recorded ? 'guess.on.recorded' : 'guess.on')}`)])];
    if (this.on && !next) parts.push(element('p', 'how', say(recorded ? 'guess.over' : 'guess.none')));
    /** @type {Node[]} */
    const came = [];
    if (this.outcome) {
      const names = this.outcome.changes.map((it) => `${say(it.host)} ${it.state}`);
      const changes = names.join(', ') || say('guess.nothing');
      const told = element('span', 'outcome', say(this.outcome.right ? 'guess.right' : 'guess.wrong', { changes }));
      told.dataset.right = String(this.outcome.right);
      told.setAttribute('role', 'status');
      told.tabIndex = -1;
      came.push(told, document.createTextNode(' '));
    }
    // In one line: a projector has few.
    if (this.asked) came.push(element('span', 'score', say('guess.score', { right: this.right, asked: this.asked })));
    if (came.length) parts.push(element('p', 'came', null, came));
    if (this.outcome && !this.outcome.right) parts.push(element('p', 'why', messages.sentences(this.outcome.why)));
    // What came of the last answer stands above the next question: it is seen without scrolling.
    if (label !== undefined && !this.waits) parts.push(this.question(next?.id ?? -1, label));
    refill(this.place, () => parts);
    // What is asked has the room that the chapter leaves.
    this.place.parentElement?.classList.toggle('asks', this.on);
    this.reveal();
    this.lead();
  }

  /** Brings the question into the panel's window: a projector has little room. */
  reveal() {
    const [panel, question] = [this.place.closest('.panel'), this.place.querySelector('.question')];
    if (!panel || !question) return;
    const below = question.getBoundingClientRect().bottom - panel.getBoundingClientRect().bottom;
    if (below > 0 && panel.scrollHeight > panel.clientHeight) panel.scrollTop += Math.ceil(below);
  }

  /** Leads the user, who wanted to go on, to the question. */
  ask() {
    this.reveal();
    /** @type {HTMLElement|null} */ (this.place.querySelector('[data-guess=host]'))?.focus();
  }

  /** Leads the user who has answered on: to the next question, and until there is one to what came of the last. */
  lead() {
    const here = document.activeElement;
    if (here !== document.body && !focused(this.place)?.matches('.outcome, [data-guess]')) this.goes = false;
    if (!this.goes) return;
    const asks = /** @type {HTMLElement|null} */ (this.place.querySelector('[data-guess=host]'));
    const told = /** @type {HTMLElement|null} */ (this.place.querySelector('.outcome'));
    (asks ?? told)?.focus();
    if (asks) this.goes = false;
  }

  /** @param {number} id @param {string} label */
  question(id, label) {
    const { messages } = this;
    if (this.chosen.id !== id) this.chosen = { id, host: 'client', state: STATES[0] };
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
    host.value = this.chosen.host;
    state.value = this.chosen.state;
    state.disabled = host.value === '';
    host.addEventListener('change', () => {
      this.chosen.host = host.value;
      state.disabled = host.value === '';
    });
    state.addEventListener('change', () => { this.chosen.state = state.value; });
    const answer = button(messages.say(this.store.decides() ? 'guess.answer' : 'guess.answer.recorded'), () => this.answer(host.value, state.value));
    answer.dataset.guess = 'answer';
    return element('div', 'question', null, [
      element('p', '', null, [element('code', '', label), element('span', '', ` ${messages.say('guess.about')}`)]),
      host, state, answer,
    ]);
  }
}
