// The socket bench: a prompt on either host, with the calls of the textbook's three tables to choose from.

import { refill } from './focus.js';
import { button, element, field, select } from './messages.js';
import { ask } from './stream.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages @typedef {import('./store.js').Host} Host */

/** The calls as they are first typed, in the three tables: who makes them. @type {[string, string[]][]} */
const TABLES = [
  ['table.server', ['bind :8888', 'listen 5', 'accept']],
  ['table.client', ['connect 10.0.0.2:8888', 'connect_ex 10.0.0.2:8888']],
  ['table.both', [
    'socket tcp', 'socket udp', 'send "hello\\n"', 'sendall "hello\\n"', 'recv 4096', 'sendto "hello" 10.0.0.2:8888', 'recvfrom 4096',
    'shutdown wr', 'close', 'getpeername', 'getsockname', 'setsockopt SO_REUSEADDR 1', 'getsockopt SO_ERROR', 'settimeout 1.5', 'gettimeout',
    'setblocking false', 'select read 3 1.5', 'poll read 3 1500', 'fileno', 'makefile', 'readline', 'write "hello\\n"', 'flush',
  ]],
];
/** Calls that are about no one socket. */
const WITHOUT_SOCKET = ['socket', 'select', 'poll'];
/** So many lines are kept. */
const KEPT = 200;
/** A line that is longer is cut where it is shown: a datagram's bytes are seen in its packet. */
const SHOWN = 120;

export class Prompt {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages */
  constructor(place, store, messages) {
    this.store = store;
    this.messages = messages;
    this.place = place;
    /** What was typed and answered. @type {{text: import('./store.js').Told, kind: string}[]} */
    this.lines = [];
    /** @type {string[]} */
    this.history = [];
    this.recalled = 0;
    this.told = 0;
    this.looks = '';
    this.host = select();
    this.socket = select();
    this.input = field('text', { autocomplete: 'off' });
    this.input.spellcheck = false;
    this.form = /** @type {HTMLFormElement} */ (element('form', 'prompt'));
    this.form.addEventListener('submit', (event) => {
      event.preventDefault();
      const line = this.input.value.trim();
      if (!line) return;
      this.history.push(line);
      this.recalled = this.history.length;
      this.input.value = '';
      this.send(/** @type {Host} */ (this.host.value), [line]);
    });
    this.input.addEventListener('keydown', (event) => {
      const by = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      this.recalled = Math.max(0, Math.min(this.history.length, this.recalled + by));
      this.input.value = this.history[this.recalled] ?? '';
    });
    this.host.addEventListener('change', () => store.changed());
    this.palette = element('div', 'palette');
    this.log = element('ol', 'transcript');
    this.log.tabIndex = 0;
    this.log.setAttribute('aria-live', 'polite');
    place.append(this.palette, this.log, this.form);
    this.drawn = '';
    store.watch(() => this.draw());
  }

  /** Has lines obeyed, one after the other; what is wrong with one ends them. @param {Host} host @param {string[]} lines */
  async send(host, lines) {
    for (const line of lines) {
      const named = /^(client|server)\b/.test(line) ? line.replace(/^(client|server) /, '$1> ') : `${host}> ${line}`;
      this.tell(named.length > SHOWN ? `${named.slice(0, SHOWN)}…` : named, 'typed');
    }
    this.store.run(); // what is done now is seen now
    const answer = await ask({ do: 'lines', host, lines });
    if (answer.error) this.tell(answer.error, 'wrong');
    else this.store.notices = []; // what went wrong before is past
    if (answer.said?.en) this.tell(answer.said, 'said');
  }

  /** @param {import('./store.js').Told} text @param {string} kind */
  tell(text, kind) {
    this.lines.push({ text, kind });
    if (this.lines.length > KEPT) this.lines.shift();
    this.told += 1;
    if (kind === 'wrong') this.store.notices.push({ text, refused: true });
    this.store.changed();
  }

  /** Puts a call into the prompt, about the socket that is chosen. @param {string} call */
  choose(call) {
    const [name, ...rest] = call.split(' ');
    const fd = this.socket.value && !WITHOUT_SOCKET.includes(name) ? ['fd', this.socket.value] : [];
    this.input.value = [name, ...fd, ...rest].join(' ');
    this.input.focus();
  }

  draw() {
    const { store, messages } = this;
    const host = /** @type {Host} */ (this.host.value || 'client');
    const drawn = JSON.stringify([store.lang, store.drives(), host, store.open, this.told]);
    if (drawn === this.drawn) return;
    const looks = JSON.stringify([store.lang, store.drives()]);
    this.drawn = drawn;
    const say = (/** @type {string} */ name) => messages.say(name);
    this.host.replaceChildren(...['client', 'server'].map((it) => new Option(say(it), it, false, it === host)));
    this.host.setAttribute('aria-label', say('bench.host'));
    const fd = this.socket.value;
    this.socket.replaceChildren(
      new Option(say('bench.last'), ''),
      ...store.open[host].map((it) => new Option(`fd ${it.fd}${it.listens ? ` LISTEN` : ''}`, String(it.fd), false, String(it.fd) === fd)),
    );
    this.socket.setAttribute('aria-label', say('bench.socket'));
    this.input.placeholder = say('bench.hint');
    this.input.setAttribute('aria-label', say('bench'));
    this.log.setAttribute('aria-label', say('bench.log'));
    this.log.replaceChildren(...this.lines.map((line) => element('li', line.kind, messages.told(line.text))));
    this.log.scrollTop = this.log.scrollHeight;
    if (looks !== this.looks) {
      this.looks = looks;
      refill(this.form, () => [this.host, this.socket, this.input, submit(say('bench.send'))]);
      refill(this.palette, () => TABLES.map(([name, calls]) => {
        const buttons = calls.map((call) => button(call.split(' ').slice(0, call.startsWith('socket') ? 2 : 1).join(' '), () => this.choose(call), call));
        return element('div', 'table', null, [element('span', 'how', say(name)), element('div', 'calls', null, buttons)]);
      }));
      for (const control of this.place.querySelectorAll('button')) control.disabled = !store.drives();
      this.input.disabled = !store.drives();
    }
  }
}

/** @param {string} text */
function submit(text) {
  const made = button(text, () => {});
  made.type = 'submit';
  return made;
}
