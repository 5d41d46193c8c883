// What the wire does by itself: loss, delay, jitter, copies, overtaking, rate, as rules; and what it does to the next packet.

import { refill } from './focus.js';
import { button, element, field, group, select } from './messages.js';
import { order } from './stream.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */

/** Rules that a field stands for: their text with its number, and back. @type {{name: string, write: (value: string) => string, read: RegExp}[]} */
const FIELDS = [
  { name: 'loss', write: (it) => `loss ${it}%`, read: /^loss ([\d.]+)%$/ },
  { name: 'delay', write: (it) => `delay ${it}ms`, read: /^delay ([\d.]+)ms$/ },
  { name: 'jitter', write: (it) => `jitter ${it}ms`, read: /^jitter ([\d.]+)ms$/ },
  { name: 'dup', write: (it) => `${it}% dup`, read: /^([\d.]+)% dup$/ },
  { name: 'reorder', write: (it) => `${it}% reorder 1`, read: /^([\d.]+)% reorder 1$/ },
  { name: 'rate', write: (it) => `rate ${it}kbit`, read: /^rate ([\d.]+)kbit$/ },
  { name: 'seed', write: (it) => `seed ${it}`, read: /^seed (\d+)$/ },
];
/** What can be lost next, as rules. @type {[string, string][]} */
const NEXT = [
  ['next.syn', 'syn #1 drop'],
  ['next.synack', 'synack #1 drop'],
  ['next.fin', 'fin #1 drop'],
  ['next.client', 'c>s:#1 drop'],
  ['next.server', 's>c:#1 drop'],
];

export class Faults {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages */
  constructor(place, store, messages) {
    this.store = store;
    this.messages = messages;
    this.place = place;
    this.way = select();
    /** @type {Map<string, HTMLInputElement>} */
    this.fields = new Map(FIELDS.map((it) => [it.name, field('number', { min: '0', step: 'any' })]));
    this.rules = field('text', {});
    this.rules.className = 'rules';
    this.rules.spellcheck = false;
    this.form = /** @type {HTMLFormElement} */ (element('form', 'wide'));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.set(this.rules.value);
    });
    /** The rules that were told last: what is being typed stays. @type {string|undefined} */
    this.told = undefined;
    this.drawn = '';
    store.watch(() => this.draw());
  }

  /** @param {string} rules */
  set(rules) {
    order(this.store, { do: 'rules', rules });
  }

  /** The rules that hold, one by one. @returns {string[]} */
  all() {
    return this.store.rules
      .split(';').map((/** @type {string} */ rule) => rule.trim()).filter(Boolean);
  }

  /** What the fields say, and what the rules have that no field stands for. */
  apply() {
    const way = this.way.value;
    const kept = this.all().filter((/** @type {string} */ rule) => !this.fieldOf(rule));
    const own = FIELDS.flatMap((it) => {
      const value = this.fields.get(it.name)?.value ?? '';
      if (value === '' || (Number(value) === 0 && it.name !== 'seed')) return [];
      return it.name === 'seed' ? [it.write(value)] : [way + it.write(value)];
    });
    this.set([...kept, ...own].join('; '));
  }

  /** Loses the next packet of a kind: rules begin to count anew when they are set. @param {string} rule */
  next(rule) {
    this.set([...this.all().filter((it) => it !== rule), rule].join('; '));
  }

  /** The field that stands for a rule in the direction that is chosen, and its number. @param {string} rule @returns {[string, string]|undefined} */
  fieldOf(rule) {
    for (const it of FIELDS) {
      const way = it.name === 'seed' ? '' : this.way.value;
      const found = rule.startsWith(way) && rule.slice(way.length).match(it.read);
      if (found) return [it.name, found[1]];
    }
    return undefined;
  }

  draw() {
    const { store, messages } = this;
    const drives = store.drives();
    const drawn = JSON.stringify([store.lang, drives, store.rules, this.way.value, store.scenario]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const say = (/** @type {string} */ name) => messages.say(name);
    const way = this.way.value;
    this.way.replaceChildren(...['', 'c>s:', 's>c:'].map((it) => new Option(say(`way.${it || 'both'}`), it, false, it === way)));
    this.way.onchange = () => store.changed();
    if (this.told !== store.rules + way) {
      this.told = store.rules + way;
      this.rules.value = store.rules;
      for (const input of this.fields.values()) input.value = '';
      for (const rule of this.all()) {
        const found = this.fieldOf(rule);
        const input = found && this.fields.get(found[0]);
        if (found && input) input.value = found[1];
      }
    }
    this.rules.setAttribute('aria-label', say('rules'));
    this.rules.placeholder = say('rules.hint');
    const set = button(say('rules.set'), () => {});
    set.type = 'submit';
    refill(this.form, () => [this.rules, set]);
    const later = store.scenario === null ? [] : [element('p', 'how', say('faults.later'))];
    refill(this.place, () => [
      ...later,
      group(say('next'), NEXT.map(([name, rule]) => button(say(name), () => this.next(rule), `${rule}: ${say('next.hint')}`))),
      group(say('faults'), [
        [say('way'), this.way],
        ...FIELDS.map((it) => /** @type {[string, HTMLElement]} */ ([say(`fault.${it.name}`), /** @type {HTMLElement} */ (this.fields.get(it.name))])),
        button(say('faults.apply'), () => this.apply()),
        button(say('faults.none'), () => this.set('')),
      ]),
      group(say('rules'), [this.form]),
    ]);
    for (const control of this.place.querySelectorAll('button')) control.disabled = !drives;
  }
}
