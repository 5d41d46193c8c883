// The lab's page. It shows what it is told, and knows nothing else of the lab.

import { HostCard } from './host_card.js';
import { Inspector } from './inspector.js';
import { Keys } from './keys.js';
import { Ladder } from './ladder.js';
import { button, Messages } from './messages.js';
import { Store } from './store.js';
import { listen } from './stream.js';
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
    const wanted = JSON.stringify([store.lang, store.ladder, store.absolute, store.gone, store.ended, store.notices.length]);
    if (wanted === drawn) return;
    drawn = wanted;
    root.lang = store.lang === 'zh' ? 'zh-CN' : 'en';
    document.title = messages.say('title');
    at('title').textContent = store.ladder?.scenario ?? messages.say('title');
    const { origin = '', system = '' } = store.ladder ?? {};
    at('origin').textContent = origin ? messages.say(`origin.${origin}`, { system }) : messages.say('waiting.rows');
    const kind = button(messages.say(store.absolute ? 'absolute' : 'relative'), numbers, messages.say('key.numbers'));
    at('settings').replaceChildren(
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
new Ladder(at('ladder'), store, messages);
new Inspector(at('inspector'), store, messages);
const keys = new Keys(/** @type {HTMLDialogElement} */ (at('keys')), store, messages, [
  { keys: ['ArrowUp', 'k'], shown: '↑ k', name: 'key.move', act: () => store.move(-1) },
  { keys: ['ArrowDown', 'j'], shown: '↓ j', name: 'key.move', act: () => store.move(1) },
  { keys: ['End'], shown: 'End', name: 'key.follow', act: () => store.choose(store.rows.length - 1) },
  { keys: [' '], shown: 'Space', name: 'key.deliver', act: () => wire.decide('deliver') },
  { keys: ['d'], shown: 'd', name: 'key.drop', act: () => wire.decide('drop') },
  { keys: ['u'], shown: 'u', name: 'key.duplicate', act: () => wire.decide('duplicate') },
  { keys: ['l'], shown: 'l', name: 'key.delay', act: () => wire.decide('delay') },
  { keys: ['s'], shown: 's', name: 'key.mode', act: () => wire.step(!store.stepping) },
  { keys: ['a'], shown: 'a', name: 'key.numbers', act: numbers },
  { keys: ['t'], shown: 't', name: 'key.language', act: language },
]);
listen(store);
store.changed();
