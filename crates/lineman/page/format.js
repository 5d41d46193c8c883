// How numbers and calls are written.

/** @typedef {import('./store.js').Row} Row @typedef {import('./store.js').Call} Call @typedef {import('./messages.js').Messages} Messages */

/** Seconds of the log's clock, with milliseconds. @param {number} ns */
export const seconds = (ns) => (ns / 1e9).toFixed(3);

/** A length of time, in the unit that suits it. @param {number} ns */
export function length(ns) {
  if (ns >= 999.5e6) return `${(ns / 1e9).toFixed(2)} s`;
  return `${Math.round(ns / 1e6)} ms`;
}

/** Bits in a second, with a unit. @param {number} bits */
export function rate(bits) {
  for (const [unit, size] of /** @type {[string, number][]} */ ([['Gbit/s', 1e9], ['Mbit/s', 1e6], ['kbit/s', 1e3]])) {
    if (bits >= size) return `${(bits / size).toFixed(2)} ${unit}`;
  }
  return `${Math.round(bits)} bit/s`;
}

/** A call as a programmer would write it, with its answer, or an ellipsis while it has none. @param {Call} call */
export function call(call) {
  const args = call.fd === null ? call.args : [call.fd, ...call.args];
  const own = call.connection ? `${call.connection} ` : '';
  // Where it returns, its flags stand again: what was peeked at is received once more.
  const flags = call.args.find((arg) => arg.startsWith('MSG_'));
  const again = flags ? `…, ${flags}` : '';
  const head = `${own}${call.name}(${call.begins ? args.join(', ') : again})`;
  if (call.answer === null) return `${head} …`;
  const [value] = Object.values(call.answer);
  // Its answer was not there when it began.
  return call.waited && call.begins ? `${head} … = ${value}` : `${head} = ${value}`;
}

/**
 * What stands at an arrow: the words of the log, or the same with the numbers of the header.
 * @param {Row} row @param {Messages} messages
 */
export function label(row, messages) {
  const packet = row.packet;
  const { lang, absolute } = messages.store;
  // Beside states that are told without a packet: whose they are.
  if (!packet) return [row.states.client, row.states.server].map((cell) => cell?.connection).filter(Boolean).join(' ');
  const tcp = packet.tcp;
  const times = packet.part === 'repeat' ? ` ${messages.say('repeats', { count: packet.repeats })}` : '';
  if (!absolute || !tcp) return packet.text[lang] + times;
  const takes = tcp.len > 0 || /SYN|FIN/.test(tcp.flags);
  return [
    packet.connection ?? '',
    tcp.flags,
    takes || tcp.flags.includes('RST') ? `seq=${tcp.seq}` : '',
    tcp.ack === null ? '' : `ack=${tcp.ack}`,
    tcp.len ? `len=${tcp.len}` : '',
  ].filter(Boolean).join(' ') + times;
}
