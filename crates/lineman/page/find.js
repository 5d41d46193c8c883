// Rows that have some words: the next, the one before, and how many there are.

import * as format from './format.js';
import { button, element, field } from './messages.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages @typedef {import('./store.js').Row} Row */

export class Find {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages */
  constructor(place, store, messages) {
    this.store = store;
    this.messages = messages;
    this.input = field('search', { autocomplete: 'off' });
    this.input.spellcheck = false;
    this.told = element('span', 'how');
    this.told.setAttribute('role', 'status');
    /** What was looked for, of how many rows, and the rows that have it. @type {{key: string, rows: number[]}} */
    this.found = { key: '', rows: [] };
    this.input.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.go(event.shiftKey ? -1 : 1);
      else if (event.key === 'Escape') this.input.blur();
      else return;
      event.preventDefault();
    });
    this.input.addEventListener('input', () => { this.told.textContent = ''; });
    const form = element('div', 'find', null, [this.input]);
    /** @type {HTMLButtonElement[]} */
    this.ways = [button('↑', () => this.go(-1)), button('↓', () => this.go(1))];
    form.append(...this.ways, this.told);
    place.insertBefore(form, place.children[1] ?? null); // behind the head
    let drawn = '';
    store.watch(() => {
      form.hidden = store.rows.length === 0;
      if (drawn === store.lang) return;
      drawn = store.lang;
      const [up, down] = this.ways;
      this.input.placeholder = messages.say('find');
      this.input.title = messages.say('find.hint');
      this.input.setAttribute('aria-label', messages.say('find.hint'));
      for (const [way, name] of /** @type {[HTMLButtonElement, string][]} */ ([[up, 'find.before'], [down, 'find.next']])) {
        way.title = messages.say(name);
        way.setAttribute('aria-label', messages.say(name));
      }
      this.told.textContent = '';
    });
  }

  /** Chooses the next row that has the words, or the one before; after the last comes the first. @param {1|-1} by */
  go(by) {
    const { store, messages } = this;
    const words = this.input.value.toLowerCase().split(/\s+/).filter(Boolean);
    if (words.length === 0) return;
    const rows = this.rows(words);
    const behind = by > 0 ? rows.find((n) => n > store.chosen) : rows.findLast((n) => n < store.chosen);
    const next = behind ?? (by > 0 ? rows[0] : rows[rows.length - 1]);
    if (next === undefined) {
      this.told.textContent = messages.say('find.none');
      return;
    }
    store.lead(next);
    this.told.textContent = messages.say('find.at', { at: rows.indexOf(next) + 1, all: rows.length });
  }

  /** The rows that have all of these. @param {string[]} words */
  rows(words) {
    const { store } = this;
    const key = JSON.stringify([store.epoch, store.lang, store.absolute, store.rows.length, words]);
    if (key !== this.found.key) {
      const rows = store.rows.filter((row) => !store.folded.has(row.n) && this.has(row, words));
      this.found = { key, rows: rows.map((row) => row.n) };
    }
    return this.found.rows;
  }

  /** Looks in what the ladder and the panel say of a row; a number with # is a packet's. @param {Row} row @param {string[]} words */
  has(row, words) {
    const { store, messages } = this;
    const { packet } = row;
    const parts = row.sayings.map((saying) => saying.text[store.lang]);
    for (const host of /** @type {const} */ (['client', 'server'])) {
      const [call, state] = [row.calls[host], row.states[host]];
      if (call) parts.push(format.call(call));
      if (state && state.before !== state.after) parts.push(state.after);
    }
    if (packet) parts.push(format.label(row, messages), packet.fate === 'dropped' ? messages.say('dropped') : '');
    const text = parts.join('\n').toLowerCase();
    return words.every((word) => (/^#\d+$/.test(word) ? packet?.id === Number(word.slice(1)) : text.includes(word)));
  }
}
