// What two programs do with each other: a call, a line, its end; datagrams; files. Every button makes calls of the socket
// bench, and the prompt shows which.

import { refill } from './focus.js';
import { button, element, field, group, select } from './messages.js';
import { order } from './stream.js';

/** @typedef {import('./store.js').Store} Store @typedef {import('./messages.js').Messages} Messages @typedef {import('./store.js').Host} Host */

/** Where the server listens if the user names no port: the textbook's. */
const PORT = 8888;
/** A port that no program binds: discard (RFC 863). */
const CLOSED_PORT = 9;
/** The most bytes that a datagram of UDP over IPv4 has room for: 65535 without 20 of IP and 8 of UDP. */
const LARGEST_DATAGRAM = 65507;
/** The largest file, in bytes: lineman takes no larger one. */
const LARGEST_FILE = 1 << 20;

export class Doing {
  /** @param {HTMLElement} place @param {Store} store @param {Messages} messages @param {import('./prompt.js').Prompt} prompt */
  constructor(place, store, messages, prompt) {
    this.store = store;
    this.messages = messages;
    this.prompt = prompt;
    this.place = place;
    this.port = field('number', { value: String(PORT), min: '1', max: '65535' });
    this.line = field('text', { value: 'hello', maxlength: '1000' });
    this.size = field('number', { value: '100', min: '0', max: String(LARGEST_DATAGRAM + 1) });
    this.to = select();
    this.file = field('number', { value: '1300', min: '0', max: String(LARGEST_FILE) });
    this.blksize = field('number', { min: '8', max: '65464' });
    this.windowsize = field('number', { min: '1', max: '65535' });
    this.timeout = field('number', { min: '1', max: '255' });
    this.tsize = field('checkbox', {});
    this.drawn = '';
    store.watch(() => this.draw());
  }

  /** The newest socket of a host that is none of those that listen, else of those that do. @param {Host} host */
  socket(host) {
    const all = this.store.open[host];
    return all.filter((it) => !it.listens && !it.datagram).at(-1) ?? all.filter((it) => !it.datagram).at(-1);
  }

  /** The server waits, if it does not yet, and the client connects. */
  call() {
    const port = this.port.value;
    const waits = this.store.open.server.find((it) => it.listens && it.bound?.endsWith(`:${port}`));
    const lines = waits
      ? [`server accept fd ${waits.fd}`]
      : ['server socket tcp', `server bind :${port}`, 'server listen', 'server accept'];
    this.prompt.send('client', [...lines, 'client socket tcp', `client connect 10.0.0.2:${port}`]);
  }

  /** One host sends a line and the other reads. @param {Host} from */
  say(from) {
    const to = from === 'client' ? 'server' : 'client';
    const text = this.line.value.replace(/[\\"]/g, '\\$&');
    const [own, peer] = [this.socket(from), this.socket(to)];
    const lines = [`${from} send ${own ? `fd ${own.fd} ` : ''}"${text}\\n"`];
    if (peer && !peer.listens) lines.push(`${to} recv fd ${peer.fd}`);
    this.prompt.send(from, lines);
  }

  /** @param {Host} host */
  close(host) {
    const own = this.socket(host);
    this.prompt.send(host, [own ? `${host} close fd ${own.fd}` : `${host} close`]);
  }

  /** With SO_LINGER of zero a close is a reset. @param {Host} host */
  abort(host) {
    const own = this.socket(host);
    const fd = own ? ` fd ${own.fd}` : '';
    this.prompt.send(host, [`${host} setsockopt${fd} SO_LINGER 0`, `${host} close${fd}`]);
  }

  /** A datagram of so many bytes, to a port that is open or closed, or to everybody. */
  datagram() {
    const { client, server } = this.store.open;
    const lines = [];
    const port = this.to.value === 'closed' ? String(CLOSED_PORT) : this.port.value;
    const hears = server.find((it) => it.datagram && it.bound?.endsWith(`:${port}`));
    if (this.to.value !== 'closed') {
      if (!hears) lines.push('server socket udp', `server bind :${port}`);
      lines.push(`server recvfrom${hears ? ` fd ${hears.fd}` : ''} ${LARGEST_DATAGRAM}`);
    }
    const own = client.find((it) => it.datagram);
    if (!own) lines.push('client socket udp');
    const fd = own ? ` fd ${own.fd}` : '';
    const everybody = this.to.value === 'broadcast';
    if (everybody) lines.push(`client setsockopt${fd} SO_BROADCAST 1`);
    const data = '0123456789'.repeat(Math.ceil(Number(this.size.value) / 10)).slice(0, Number(this.size.value));
    lines.push(`client sendto${fd} "${data}" ${everybody ? '10.0.0.255' : '10.0.0.2'}:${port}`);
    this.prompt.send('client', lines);
  }

  /** @param {'get'|'put'} way */
  transfer(way) {
    const { store, file, blksize, windowsize, timeout, tsize } = this;
    const number = (/** @type {HTMLInputElement} */ input) => (input.value === '' ? undefined : Number(input.value));
    order(store, {
      do: 'tftp', way, size: number(file) ?? 0, blksize: number(blksize), windowsize: number(windowsize), timeout: number(timeout), tsize: tsize.checked,
    });
  }

  draw() {
    const { store, messages } = this;
    const drawn = JSON.stringify([store.lang, store.drives(), store.playing]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const say = (/** @type {string} */ name) => messages.say(name);
    const choice = this.to.value || 'open';
    this.to.replaceChildren(...['open', 'closed', 'broadcast'].map((to) => new Option(say(`to.${to}`), to, false, to === choice)));
    refill(this.place, () => [
      group(say('do.tcp'), [
        [say('port'), this.port],
        button(say('do.call'), () => this.call(), say('do.call.hint')),
        [say('do.line'), this.line],
        ...hosts((host) => button(messages.say('do.say', { host: say(host) }), () => this.say(host))),
        ...hosts((host) => button(messages.say('do.close', { host: say(host) }), () => this.close(host), say('do.close.hint'))),
        ...hosts((host) => button(messages.say('do.abort', { host: say(host) }), () => this.abort(host), say('do.abort.hint'))),
      ]),
      group(say('do.udp'), [
        [say('do.size'), this.size],
        [say('do.to'), this.to],
        button(say('do.datagram'), () => this.datagram(), say('do.datagram.hint')),
      ]),
      group(say('do.tftp'), [
        [say('do.file'), this.file],
        ['blksize', this.blksize],
        ['windowsize', this.windowsize],
        ['timeout', this.timeout],
        ['tsize', this.tsize],
        button(say('do.get'), () => this.transfer('get'), say('do.get.hint')),
        button(say('do.put'), () => this.transfer('put'), say('do.put.hint')),
      ]),
    ]);
    for (const control of this.place.querySelectorAll('button')) control.disabled = !store.drives();
    if (store.playing) this.place.prepend(element('p', 'how', say('playing')));
  }
}

/** @template T @param {(host: Host) => T} make @returns {T[]} */
function hosts(make) {
  return (/** @type {Host[]} */ (['client', 'server'])).map(make);
}
