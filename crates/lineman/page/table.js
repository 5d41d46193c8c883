// The ladder as a table, for those who hear the page: some rows up to the chosen one, in words.

import * as format from './format.js';
import { element } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages @typedef {import('./store.js').Row} Row @typedef {import('./store.js').Host} Host */

/** So many rows are in the table: with the keys of the ladder others are. */
const ROWS = 50;

export class Table {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages */
  constructor(place, store, messages) {
    this.place = place;
    this.store = store;
    this.messages = messages;
    this.drawn = '';
    store.watch(() => this.draw());
  }

  draw() {
    const { store, messages, place } = this;
    if (place.hidden) return;
    const last = store.chosen;
    const drawn = JSON.stringify([store.epoch, store.lang, store.absolute, last]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const say = (/** @type {string} */ name) => messages.say(name);
    const rows = [];
    for (let n = last; n >= 0 && rows.length < ROWS; n -= 1) {
      if (!store.folded.has(n)) rows.unshift(this.row(store.rows[n]));
    }
    const heads = ['time', 'client', 'state', 'inspector', 'state', 'server', 'meaning'];
    const table = element('table', 'mirror', null, [
      element('caption', '', messages.say('table.caption', { count: rows.length, all: store.rows.length - store.folded.size })),
      element('thead', '', null, [element('tr', '', null, heads.map((name) => {
        const head = element('th', '', say(name));
        head.setAttribute('scope', 'col');
        return head;
      }))]),
      element('tbody', '', null, rows),
    ]);
    place.replaceChildren(table);
    place.scrollTop = place.scrollHeight; // the chosen one is the last
  }

  /** @param {Row} row */
  row(row) {
    const { store, messages } = this;
    const call = (/** @type {Host} */ host) => element('td', '', row.calls[host] ? format.call(row.calls[host]) : '');
    const state = (/** @type {Host} */ host) => element('td', 'st', row.states[host]?.after ?? '');
    const packet = row.packet;
    const way = packet ? messages.say(packet.from === 'client' ? 'to.server' : 'to.client') : '';
    const fate = packet?.fate === 'dropped' || packet?.fate === 'held' ? ` (${messages.say(packet.fate)})` : '';
    const label = packet ? messages.say('of', { what: way, is: format.label(row, messages) }) + fate : '';
    const meaning = element('td', '', messages.sentences(row.sayings));
    const time = element('td', '', `${format.seconds(row.t_ns)} s`);
    if (!packet && !row.calls.client && !row.calls.server && !row.states.client && !row.states.server) {
      /** @type {HTMLTableCellElement} */ (meaning).colSpan = 6;
      return element('tr', '', null, [time, meaning]);
    }
    return element('tr', '', null, [
      time, call('client'), state('client'), element('td', '', label), state('server'), call('server'), meaning,
    ]);
  }
}
