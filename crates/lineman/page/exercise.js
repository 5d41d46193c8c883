// An exercise about the log that is shown. lineman makes it, and the log corrects it; the page only asks.

import { refill } from './focus.js';
import { button, element } from './messages.js';
import { post } from './stream.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages */
/** @typedef {import('./store.js').Both} Both */
/** @typedef {{told: string}|{blank: number}|null} Cell */
/**
 * @typedef {{events: number, seed: string, order: {from: 'client'|'server', text: Both}[], questions: Both[], texts: Both[],
 *   lines: {from: 'client'|'server', t_ns: number, lost: boolean, client: Cell, server: Cell}[]}} Asked
 * @typedef {{mark: string, why?: Both, late?: number, early?: number}} Mark
 * @typedef {{solved: boolean, blanks: Mark[], order: Mark|null}} Marks
 */

/** As the list counts the packets that are to be put in order, and as the terminal does. @param {number} at */
const letter = (at) => String.fromCharCode(65 + at);

export class Exercise {
  /** @param {HTMLElement} place @param {HTMLDialogElement} dialog @param {HTMLElement} sheet @param {Store} store @param {Messages} messages */
  constructor(place, dialog, sheet, store, messages) {
    this.dialog = dialog;
    /** Where an exercise stands that is all there is. */
    this.sheet = sheet;
    this.store = store;
    this.messages = messages;
    this.seed = 1n;
    /** What is asked now. @type {Asked|null} */
    this.asked = null;
    /** What was filled in, what was said to it, and whether it goes on without the order. @type {{values: string[], marks: Marks|null, passed: boolean}} */
    this.work = { values: [], marks: null, passed: false };
    let drawn = '';
    let begun = false;
    store.watch(() => {
      if (store.exercise && !begun) {
        begun = true;
        this.seed = BigInt(store.exercise.seed);
        sheet.hidden = false;
        this.show();
      }
      if (drawn === store.lang) return;
      drawn = store.lang;
      const open = button(messages.say('exercise.make'), () => this.show());
      open.dataset.do = 'exercise';
      refill(place, () => [element('h3', '', messages.say('exercise')), open]);
      // In the other language it is the same exercise, with what the learner has filled in.
      if (this.asked && !sheet.hidden) this.ask(this.asked);
    });
  }

  /** Where it stands. */
  paper() {
    return this.sheet.hidden ? this.dialog : this.sheet;
  }

  async show() {
    const { dialog, messages, sheet } = this;
    const seed = String(this.seed);
    dialog.setAttribute('aria-label', messages.say('exercise'));
    try {
      const answer = await fetch(`exercise/${seed}`);
      this.asked = answer.ok ? await answer.json() : null;
      this.work = { values: [], marks: null, passed: false };
      if (this.asked) this.ask(this.asked);
      else this.paper().replaceChildren(element('p', '', messages.say('exercise.none')), this.close());
    } catch {
      this.paper().replaceChildren(element('p', '', messages.say('gone')), this.close());
    }
    if (sheet.hidden && !dialog.open) dialog.showModal();
  }

  close() {
    const close = button(this.messages.say('close'), () => this.dialog.close());
    close.hidden = !this.sheet.hidden;
    return close;
  }

  /** @param {Asked} asked */
  ask(asked) {
    const { messages, store, sheet, work } = this;
    const say = (/** @type {string} */ name, fields = {}) => messages.say(name, fields);
    const { lang } = store;
    const text = (/** @type {string} */ label) => {
      const made = /** @type {HTMLInputElement} */ (element('input'));
      made.setAttribute('aria-label', label);
      made.autocomplete = 'off';
      return made;
    };
    const mark = () => {
      const made = element('span', 'mark');
      made.setAttribute('role', 'status');
      return made;
    };
    const places = asked.order.map((_, at) => ({ input: text(`${say('exercise.order')} ${letter(at)}`), mark: mark() }));
    const blanks = asked.questions.map((question) => ({ input: text(question[lang]), mark: mark() }));
    places.forEach(({ input }) => { input.className = 'place'; });
    blanks.forEach(({ input }, at) => { input.dataset.blank = String(at); });
    const way = (/** @type {'client'|'server'} */ from) => `${say(from)} → ${say(from === 'client' ? 'server' : 'client')}`;
    const cell = (/** @type {Cell} */ it) => (it === null ? '' : 'told' in it ? it.told : `[${it.blank + 1}]`);
    /** @type {Node[]} */
    const parts = sheet.hidden ? [element('h2', '', say('exercise'))] : [];
    const orderMark = mark();
    if (asked.order.length) {
      parts.push(element('p', '', say('exercise.order')), element('ol', 'shuffled', null, asked.order.map((it, at) =>
        element('li', '', null, [places[at].input, element('span', '', ` ${way(it.from)} `), element('code', '', it.text[lang])]))), orderMark);
    }
    // The ladder has the packets in their order.
    const rest = element('section', 'rest');
    const pass = button(say('exercise.pass'), () => {
      work.passed = true;
      tell();
      rest.querySelector('input')?.focus();
    });
    pass.dataset.do = 'pass';
    if (asked.questions.length) {
      const table = element('table', 'ladder-text', null, asked.lines.map((line, at) => element('tr', '', null, [
        element('td', '', (line.t_ns / 1e9).toFixed(3)), element('td', '', cell(line.client)),
        element('td', '', `${line.from === 'client' ? '→' : '←'} ${asked.texts[at][lang]}${line.lost ? ' ✗' : ''}`), element('td', '', cell(line.server)),
      ])));
      const questions = asked.questions.map((question, at) =>
        element('li', '', null, [element('label', '', null, [element('span', '', `${question[lang]} `), blanks[at].input]), blanks[at].mark]));
      rest.append(element('p', '', say('exercise.fill')), table, element('ul', 'blanks', null, questions));
      parts.push(rest);
    }
    const verdict = element('p', 'verdict');
    verdict.setAttribute('role', 'status');
    const told = (/** @type {HTMLElement} */ place, /** @type {Mark} */ it, lead = '') => {
      place.dataset.mark = it.mark;
      const word = it.mark === 'open' ? '' : say(`exercise.${it.mark}`);
      place.textContent = ` ${[word, lead, it.why?.[lang] ?? ''].filter(Boolean).join(lang === 'zh' ? '。' : '. ')}`;
    };
    const inputs = [...places, ...blanks].map((it) => it.input);
    inputs.forEach((input, at) => {
      input.value = work.values[at] ?? '';
      input.addEventListener('input', () => { work.values[at] = input.value; });
      input.addEventListener('keydown', (event) => { if (event.key === 'Enter') check.click(); });
    });
    const check = button(say('exercise.check'), async () => {
      const order = places.map(({ input }, at) => [Number(input.value), at]).sort(([one], [other]) => one - other);
      const whole = order.every(([place], at) => place === at + 1);
      const answers = { blanks: blanks.map(({ input }) => input.value), order: whole ? order.map(([, at]) => at) : [] };
      const { error, ...marks } = await post(`exercise/${asked.seed}/${asked.events}`, answers);
      if (error) {
        verdict.dataset.solved = 'false';
        verdict.textContent = say('exercise.unchecked', { why: messages.told(error) });
      } else {
        work.marks = /** @type {Marks} */ (marks);
        tell();
      }
    });
    const tell = () => {
      const { marks } = work;
      rest.hidden = asked.order.length > 0 && !work.passed && marks?.order?.mark !== 'right';
      pass.hidden = asked.questions.length === 0 || !rest.hidden;
      if (!marks) return;
      marks.blanks.forEach((it, at) => told(blanks[at].mark, it));
      if (marks.order) {
        const { late, early } = marks.order;
        const pair = late === undefined || early === undefined ? '' : say('exercise.early', { late: letter(late), early: letter(early) });
        told(orderMark, marks.order, marks.order.mark === 'open' ? say('exercise.places', { count: asked.order.length }) : pair);
      }
      const all = [...marks.blanks, ...(marks.order ? [marks.order] : [])];
      const right = all.filter((it) => it.mark === 'right').length;
      verdict.dataset.solved = String(marks.solved);
      verdict.textContent = marks.solved ? say('exercise.solved') : say('exercise.open', { right, asked: all.length });
    };
    check.dataset.do = 'check';
    const file = /** @type {HTMLAnchorElement} */ (element('a', 'button', say('exercise.file')));
    file.href = `exercise/${asked.seed}/${asked.events}`;
    file.download = `${store.ladder?.scenario ?? 'lineman'}.exercise`;
    const other = button(say('exercise.other'), () => {
      this.seed += 1n;
      this.show();
    });
    parts.push(element('div', 'foot', null, [verdict, element('p', 'does', null, [check, pass, other, file, this.close()])]));
    refill(this.paper(), () => parts);
    tell();
  }
}
