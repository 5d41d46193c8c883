// The lab's page. It shows what it is told, and knows nothing else of the lab.

import { Chapter } from './chapter.js';
import { Chooser } from './chooser.js';
import { Doing } from './doing.js';
import { Exercise } from './exercise.js';
import { Exports } from './exports.js';
import { Faults } from './faults.js';
import { Find } from './find.js';
import { refill } from './focus.js';
import { Follow } from './follow.js';
import { Graphs } from './graphs.js';
import { HostCard } from './host_card.js';
import { Inspector } from './inspector.js';
import { Keys } from './keys.js';
import { Ladder } from './ladder.js';
import { button, Messages } from './messages.js';
import { Predict } from './predict.js';
import { Prompt } from './prompt.js';
import { Ruler } from './ruler.js';
import { Store } from './store.js';
import { listen } from './stream.js';
import { Table } from './table.js';
import { Tabs } from './tabs.js';
import { WireControls } from './wire_controls.js';

/** @param {string} id @returns {HTMLElement} */
const at = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

const store = new Store();
const messages = new Messages(store);
const root = document.documentElement;
const main = /** @type {HTMLElement} */ (document.querySelector('main'));

function theme() {
  const dark = root.dataset.theme === 'dark';
  root.dataset.theme = dark ? 'light' : 'dark';
  store.changed();
}

function language() {
  store.lang = store.lang === 'en' ? 'zh' : 'en';
  store.changed();
}

function numbers() {
  store.absolute = !store.absolute;
  store.changed();
}

/** What is above everything: whose TCP it is, and what can be chosen. */
function header() {
  let drawn = '';
  store.watch(() => {
    const wanted = JSON.stringify([store.lang, store.ladder, store.absolute, store.gone, store.ended, store.notices.slice(-1), store.epoch, store.choices.length, store.exercise]);
    if (wanted === drawn) return;
    drawn = wanted;
    root.lang = store.lang === 'zh' ? 'zh-CN' : 'en';
    const captured = store.ladder?.origin === 'inferred' && !store.choices.length;
    const both = store.ladder?.captures;
    document.title = messages.say(captured ? 'title.capture' : 'title');
    at('title').textContent = store.ladder?.scenario ?? (both ? `${both.client} → ${both.server}` : document.title);
    const { origin = '', system = '' } = store.ladder ?? {};
    const known = origin ? messages.say(`origin.${origin}`, { system }) : messages.say('waiting.rows');
    const title = store.choices.find(({ name }) => name === store.ladder?.scenario)?.title?.[store.lang];
    at('origin').textContent = at('origin').title = title ? `${known} · ${title}` : known;
    // An exercise is all there is: the log would be its answers.
    const looks = !store.exercise;
    main.hidden = !looks;
    if (!looks) {
      at('title').textContent = messages.say('exercise');
      at('origin').textContent = messages.say('exercise.corrected');
    }
    const kind = button(messages.say(store.absolute ? 'absolute' : 'relative'), numbers, messages.say('key.numbers'));
    const labs = store.choices.length === 0 ? [] : [
      button(messages.say('choose'), () => chooser.show(), messages.say('choose.hint')), ' ',
      button(messages.say('restart'), () => chooser.restart(), messages.say('restart.hint')), ' ',
    ];
    const out = button(messages.say('export'), () => exports.show(), messages.say('export.hint'));
    // Nobody is there who could obey.
    for (const lab of [...labs, out]) if (lab instanceof HTMLButtonElement) lab.disabled = store.gone;
    refill(at('settings'), () => [
      ...labs,
      ...(looks ? [out, ' ', kind, ' '] : []),
      button(messages.say('language'), language, messages.say('key.language')), ' ',
      button('◐', theme, messages.say('theme')), ' ',
      button('?', () => keys.show(), messages.say('key.list')),
    ]);
    const said = store.notices.slice(-1).map(({ text, refused }) => {
      const why = messages.told(text);
      return refused ? messages.say('refused', { why }) : why;
    });
    if (store.gone) said.unshift(messages.say('gone'));
    const close = button('×', () => { store.notices = []; store.changed(); });
    close.setAttribute('aria-label', messages.say('close'));
    close.hidden = store.notices.length === 0;
    refill(at('banner'), () => [said.join(store.lang === 'zh' ? '' : ' '), ' ', close]);
    at('banner').hidden = said.length === 0;
  });
}

await messages.fetch();
root.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
header();
for (const host of /** @type {const} */ (['client', 'server'])) new HostCard(at(host), host, store, messages);
const wire = new WireControls(at('wire'), store, messages);
const ladder = new Ladder(at('ladder'), store, messages);
new Follow(ladder, store, messages);
const find = new Find(at('ladder'), store, messages);
const ruler = new Ruler(ladder, store, messages);
new Inspector(at('inspector'), store, messages);
const prompt = new Prompt(at('bench'), store, messages);
new Doing(at('doing'), store, messages, prompt);
new Faults(at('faults'), store, messages);
new Graphs(at('graphs'), store, messages, ladder);
new Table(at('table'), store, messages);
/** With what is recorded nothing can be done; before it is known what is shown, anything may be. */
const lab = () => !store.exercise && (store.live || store.epoch === 0);
const tabs = new Tabs(at('tabs'), store, messages, [
  ['inspector', at('inspector')], ['doing', at('doing'), lab], ['bench', at('bench'), lab], ['wire', at('faults'), lab], ['graphs', at('graphs')], ['table', at('table')], ['learn', at('learn')],
]);
const chooser = new Chooser(/** @type {HTMLDialogElement} */ (at('chooser')), store, messages);
const predict = new Predict(at('predict'), store, messages, wire);
new Chapter(at('chapter'), store, messages, chooser, () => predict.on);
new Exercise(at('exercise'), /** @type {HTMLDialogElement} */ (at('paper')), at('work'), store, messages);
/** The question, before what it is about. */
const answer = () => {
  tabs.show('learn');
  predict.ask();
};
/** The next row; before a question nothing is shown. */
const forward = () => {
  if (predict.asks()) answer();
  else if (!predict.on || store.chosen < store.rows.length - 1) store.move(1);
};
wire.onNext = forward;
wire.onHold = () => chooser.hold();
const exports = new Exports(/** @type {HTMLDialogElement} */ (at('exports')), store, messages);
/** Where each key has something to do. */
const looks = () => !store.exercise;
const walks = () => store.walks && store.drives();
const live = () => store.live && looks() && !store.walks;
const labs = () => store.choices.length > 0 && looks() && !store.gone;
/** What Tab reaches next is in the panel. */
const tab = (/** @type {string} */ id) => () => {
  tabs.show(id);
  at(id).focus();
};
const keys = new Keys(/** @type {HTMLDialogElement} */ (at('keys')), store, messages, [
  { keys: ['ArrowUp', 'k'], shown: '↑ k', name: 'key.up', when: looks, act: () => store.move(-1) },
  { keys: ['ArrowDown', 'j'], shown: '↓ j', name: 'key.down', when: looks, act: forward },
  { keys: ['Home'], shown: 'Home', name: 'key.first', when: looks, act: () => store.choose(0) },
  { keys: ['End'], shown: 'End', name: 'key.follow', when: looks, act: () => store.follow() },
  { keys: [' '], shown: 'Space', name: 'walk.next', when: walks, act: forward },
  { keys: [' '], shown: 'Space', name: 'key.deliver', when: live, act: () => { if (predict.asks()) answer(); else wire.decide('deliver'); } },
  { keys: ['d'], shown: 'd', name: 'key.drop', when: live, act: () => wire.decide('drop') },
  { keys: ['u'], shown: 'u', name: 'key.duplicate', when: live, act: () => wire.decide('duplicate') },
  { keys: ['l'], shown: 'l', name: 'key.delay', when: live, act: () => wire.decide('delay') },
  { keys: ['s'], shown: 's', name: 'walk.hold.hint', when: walks, act: () => chooser.hold() },
  { keys: ['s'], shown: 's', name: 'key.mode', when: live, act: () => wire.step(!store.stepping) },
  { keys: ['a'], shown: 'a', name: 'key.numbers', when: looks, act: numbers },
  { keys: ['1'], shown: '1', name: 'inspector', when: looks, act: tab('inspector') },
  { keys: ['2'], shown: '2', name: 'doing', when: lab, act: tab('doing') },
  { keys: ['3', 'c'], shown: '3 c', name: 'bench', when: lab, act: () => { tabs.show('bench'); prompt.input.focus(); } },
  { keys: ['4'], shown: '4', name: 'wire', when: lab, act: tab('faults') },
  { keys: ['5'], shown: '5', name: 'graphs', when: looks, act: tab('graphs') },
  { keys: ['6'], shown: '6', name: 'table', when: looks, act: tab('table') },
  { keys: ['7', 'p'], shown: '7 p', name: 'learn', when: looks, act: tab('learn') },
  { keys: ['/', 'f'], shown: '/ f', name: 'find.hint', when: looks, act: () => find.input.focus() },
  { keys: ['n'], shown: 'n', name: 'find.next', when: looks, act: () => find.go(1) },
  { keys: ['N'], shown: 'N', name: 'find.before', when: looks, act: () => find.go(-1) },
  { keys: ['m'], shown: 'm', name: 'key.measure', when: looks, act: () => ruler.mark() },
  { keys: ['o'], shown: 'o', name: 'choose', when: labs, act: () => chooser.show() },
  { keys: ['r'], shown: 'r', name: 'restart', when: labs, act: () => chooser.restart() },
  { keys: ['e'], shown: 'e', name: 'export', when: () => looks() && !store.gone, act: () => exports.show() },
  { keys: ['t'], shown: 't', name: 'key.language', when: () => true, act: language },
  { keys: ['i'], shown: 'i', name: 'theme', when: () => true, act: theme },
]);
listen(store);
store.changed();
