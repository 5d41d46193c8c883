// A host: its state, its queues, its last calls, and where it is in the diagram of states.

import * as format from './format.js';
import { element } from './messages.js';
import { StateDiagram } from './state_diagram.js';
import { Timers } from './timers.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */

/** So many calls are shown, the newest first: it is seen however long the others are. */
const CALLS = 10;
/** A host of which nothing is shown. @type {import('./store.js').Card} */
const NOTHING = { calls: [], socket: null, timers: [], congestion: null, figures: null, left: null };
/** So many rows before the chosen one are looked at: a row without a state or call has that of the rows above. */
const BACK = 2000;

export class HostCard {
  /** @param {HTMLElement} place @param {'client'|'server'} host @param {Store} store @param {Messages} messages */
  constructor(place, host, store, messages) {
    this.host = host;
    this.store = store;
    this.messages = messages;
    this.top = element('div');
    this.calls = element('div');
    place.append(this.top);
    new Timers(place, host, store, messages);
    this.diagram = new StateDiagram(place, host, store, messages);
    place.append(this.calls);
    // What scrolls can be reached by keyboard.
    place.tabIndex = 0;
    place.setAttribute('role', 'region');
    this.place = place;
    this.drawn = '';
    /** How things stood at the row that was looked at last. @type {{key: string, card: import('./store.js').Card}} */
    this.looked = { key: '', card: NOTHING };
    store.watch(() => this.draw());
  }

  draw() {
    const { store, messages, host } = this;
    const row = store.isNow() ? undefined : store.row();
    const card = row ? this.then() : store.isNow() ? this.now() : NOTHING;
    const over = this.over();
    const drawn = JSON.stringify([store.lang, card, row?.t_ns, store.ladder?.origin, store.isStateless(), over]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    this.place.setAttribute('aria-label', messages.say(host));
    const { socket, calls } = card;
    const listens = socket?.state === 'LISTEN';
    const queues = socket?.queues;
    const parts = [element('h2', '', null, [element('span', '', messages.say(host)), element('span', '', socket?.local ?? '')])];
    if (socket) {
      parts.push(element('div', 'state', socket.state));
      parts.push(element('p', 'how', messages.say(`known.${socket.origin === 'inferred' ? 'deduced' : socket.origin}`)));
    } else {
      // In a capture it is not known what sockets there are.
      const none = store.ladder?.origin === 'inferred' ? 'no.deduced' : 'no.socket';
      parts.push(element('p', 'how', messages.say(store.isStateless() ? 'no.states' : none)));
    }
    if (row) parts.push(element('p', 'how', messages.say('then', { time: `${format.seconds(row.t_ns)} s` })));
    if (queues && listens) {
      parts.push(element('p', 'queue', messages.say('waiting', { count: queues.unread, limit: queues.unsent })));
    } else if (queues) {
      // A SYN and a FIN have a number each, which the kernel counts with the bytes.
      const { unread, unread_flag, unsent, unsent_flag } = queues;
      parts.push(element('p', 'queue', messages.say(unread_flag ? `unread.${unread_flag}` : 'unread', { count: unread })));
      parts.push(element('p', 'queue', messages.say(unsent_flag ? `unsent.${unsent_flag}` : 'unsent', { count: unsent })));
    }
    const { congestion, figures, left } = card;
    if (figures) parts.push(...this.figures(figures));
    if (congestion) {
      const { window, threshold, algorithm } = congestion;
      parts.push(element('p', 'queue', messages.say(threshold === undefined ? 'congestion.none' : 'congestion', { window, threshold: threshold ?? '', algorithm: algorithm || '?' })));
    }
    const gone = over ?? (left === null ? null : messages.say(store.choices.length ? 'left' : 'left.recorded', { why: left }));
    if (gone !== null) {
      const dead = element('p', 'dead', gone);
      dead.setAttribute('role', 'alert');
      parts.unshift(dead);
    }
    this.top.replaceChildren(...parts);
    // A capture has no calls.
    this.calls.hidden = calls.length === 0 && store.ladder?.origin === 'inferred';
    const list = element('ol', '', null, calls.slice(-CALLS).reverse().map((call) => element('li', '', format.call(call))));
    this.calls.replaceChildren(element('h2', '', messages.say('calls')), list);
  }

  /** Why there is no host any more, if its whole lab is gone: nothing in the log could tell of that. @returns {string|null} */
  over() {
    const { store, messages } = this;
    if (!store.live || !(store.ended || store.gone)) return null;
    const again = store.choices.length > 0 && !store.gone;
    return messages.say(again ? 'over.again' : 'over');
  }

  /**
   * How things stand. Of a capture the last state is what is known, whether there is a socket or not; and beside a connection
   * that is closed there may be a socket that listens, of which the ladder tells. @returns {import('./store.js').Card}
   */
  now() {
    const { store, host } = this;
    const card = store.scene[host];
    if (card.socket ? card.socket.state !== 'CLOSED' : store.ladder?.origin !== 'inferred') return card;
    const told = this.then().socket;
    if (card.socket && (!told || told.state === 'CLOSED')) return card;
    return { ...card, socket: told };
  }

  /** How things stood at an earlier row: the state and the calls up to there. More was not told of that moment. @returns {import('./store.js').Card} */
  then() {
    const { store, host } = this;
    const key = `${store.epoch} ${store.chosen} ${store.scene[host].socket?.local}`;
    if (key === this.looked.key) return this.looked.card;
    const calls = new Map();
    let socket = null;
    for (let n = store.chosen; n >= 0 && n > store.chosen - BACK && !(socket && calls.size === CALLS); n -= 1) {
      const row = store.rows[n];
      const [call, cell] = [row.calls[host], row.states[host]];
      // A call stands where it begins and where it returns.
      if (call && !calls.has(call.id) && calls.size < CALLS) calls.set(call.id, call);
      if (cell && !socket) {
        const { addresses, from } = row.packet ?? {};
        const local = addresses?.[from === host ? 0 : 1] ?? store.scene[host].socket?.local ?? '';
        socket = { local, remote: null, state: cell.after, origin: cell.known, queues: null };
      }
    }
    this.looked = { key, card: { ...NOTHING, calls: [...calls.values()].reverse(), socket } };
    return this.looked.card;
  }

  /** What its kernel knows of the connection. @param {import('./store.js').Figures} figures */
  figures(figures) {
    const { messages } = this;
    const time = (/** @type {number} */ us) => `${Number((us / 1000).toPrecision(4))} ms`;
    const lines = [];
    if (figures.rtt_us !== undefined) {
      lines.push(messages.say('card.rtt', { rtt: time(figures.rtt_us), variance: time(figures.rttvar_us ?? 0) }));
    }
    lines.push(messages.say('card.rto', { rto: time(figures.rto_us) }));
    const none = figures.ssthresh === undefined;
    lines.push(messages.say(none ? 'card.cwnd.none' : 'card.cwnd', { cwnd: figures.cwnd, ssthresh: figures.ssthresh ?? '' }));
    if (figures.total_retrans) lines.push(messages.say('card.resent', { count: figures.total_retrans }));
    return lines.map((line) => element('p', 'queue figure', line));
  }
}
