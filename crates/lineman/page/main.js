// The lab's page. It shows what it is told, and knows nothing else of the lab.

import { Chapter } from './chapter.js';
import { Chooser } from './chooser.js';
import { Doing } from './doing.js';
import { Exercise } from './exercise.js';
import { Exports } from './exports.js';
import { Faults } from './faults.js';
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
    const wanted = JSON.stringify([store.lang, store.ladder, store.absolute, store.gone, store.ended, store.notices.length, store.epoch, store.choices.length]);
    if (wanted === drawn) return;
    drawn = wanted;
    root.lang = store.lang === 'zh' ? 'zh-CN' : 'en';
    document.title = messages.say('title');
    at('title').textContent = store.ladder?.scenario ?? messages.say('title');
    const { origin = '', system = '' } = store.ladder ?? {};
    at('origin').textContent = origin ? messages.say(`origin.${origin}`, { system }) : messages.say('waiting.rows');
    const kind = button(messages.say(store.absolute ? 'absolute' : 'relative'), numbers, messages.say('key.numbers'));
    const labs = store.choices.length === 0 ? [] : [
      button(messages.say('choose'), () => chooser.show(), messages.say('choose.hint')), ' ',
      button(messages.say('restart'), () => chooser.restart(), messages.say('restart.hint')), ' ',
    ];
    at('settings').replaceChildren(
      ...labs,
      button(messages.say('export'), () => exports.show(), messages.say('export.hint')), ' ',
      kind, ' ',
      button(messages.say('language'), language, messages.say('key.language')), ' ',
      button('◐', theme, messages.say('theme')), ' ',
      button('?', () => keys.show(), messages.say('key.list')),
    );
    const said = store.notices.slice(-1).map((it) => (typeof it === 'string' ? it : messages.say('refused', { why: it[store.lang] })));
    if (store.gone) said.unshift(messages.say('gone'));
    at('banner').textContent = said.join(' ');
    at('banner').hidden = said.length === 0;
  });
}

await messages.fetch();
root.dataset.theme = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
header();
for (const host of /** @type {const} */ (['client', 'server'])) new HostCard(at(host), host, store, messages);
const wire = new WireControls(at('wire'), store, messages);
const ladder = new Ladder(at('ladder'), store, messages);
const ruler = new Ruler(ladder, store, messages);
new Inspector(at('inspector'), store, messages);
const prompt = new Prompt(at('bench'), store, messages);
new Doing(at('doing'), store, messages, prompt);
new Faults(at('faults'), store, messages);
new Graphs(at('graphs'), store, messages, ladder);
new Table(at('table'), store, messages);
const tabs = new Tabs(at('tabs'), store, messages, [
  ['inspector', at('inspector')], ['doing', at('doing')], ['bench', at('bench')], ['wire', at('faults')], ['graphs', at('graphs')], ['table', at('table')], ['learn', at('learn')],
]);
const chooser = new Chooser(/** @type {HTMLDialogElement} */ (at('chooser')), store, messages);
new Chapter(at('chapter'), store, messages, chooser);
const predict = new Predict(at('predict'), store, messages, wire);
new Exercise(at('exercise'), /** @type {HTMLDialogElement} */ (at('paper')), store, messages);
const exports = new Exports(/** @type {HTMLDialogElement} */ (at('exports')), store, messages);
const keys = new Keys(/** @type {HTMLDialogElement} */ (at('keys')), store, messages, [
  { keys: ['ArrowUp', 'k'], shown: '↑ k', name: 'key.move', act: () => store.move(-1) },
  { keys: ['ArrowDown', 'j'], shown: '↓ j', name: 'key.move', act: () => store.move(1) },
  { keys: ['End'], shown: 'End', name: 'key.follow', act: () => store.choose(store.rows.length - 1) },
  { keys: [' '], shown: 'Space', name: 'key.deliver', act: () => { if (predict.asks()) tabs.show('learn'); else wire.decide('deliver'); } },
  { keys: ['d'], shown: 'd', name: 'key.drop', act: () => wire.decide('drop') },
  { keys: ['u'], shown: 'u', name: 'key.duplicate', act: () => wire.decide('duplicate') },
  { keys: ['l'], shown: 'l', name: 'key.delay', act: () => wire.decide('delay') },
  { keys: ['s'], shown: 's', name: 'key.mode', act: () => wire.step(!store.stepping) },
  { keys: ['a'], shown: 'a', name: 'key.numbers', act: numbers },
  { keys: ['1'], shown: '1', name: 'inspector', act: () => tabs.show('inspector') },
  { keys: ['2'], shown: '2', name: 'doing', act: () => tabs.show('doing') },
  { keys: ['3', 'c'], shown: '3 c', name: 'bench', act: () => { tabs.show('bench'); prompt.input.focus(); } },
  { keys: ['4'], shown: '4', name: 'wire', act: () => tabs.show('faults') },
  { keys: ['5'], shown: '5', name: 'graphs', act: () => tabs.show('graphs') },
  { keys: ['6'], shown: '6', name: 'table', act: () => tabs.show('table') },
  { keys: ['7', 'p'], shown: '7 p', name: 'learn', act: () => tabs.show('learn') },
  { keys: ['m'], shown: 'm', name: 'key.measure', act: () => ruler.mark() },
  { keys: ['o'], shown: 'o', name: 'choose', act: () => { if (store.choices.length) chooser.show(); } },
  { keys: ['e'], shown: 'e', name: 'export', act: () => exports.show() },
  { keys: ['t'], shown: 't', name: 'key.language', act: language },
]);
listen(store);
store.changed();
