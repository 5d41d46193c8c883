// What comes from lineman, and what goes to it.

/** @typedef {import('./store.js').Store} Store */

const KINDS = ['session', 'wire', 'ladder', 'row', 'figures', 'scene', 'sockets', 'notice', 'end'];
/** So long without a connection, in milliseconds, and lineman counts as stopped: a reconnect takes three seconds. */
const GONE_MS = 4000;

/** Listens. The browser connects again by itself, and says which message was the last. @param {Store} store */
export function listen(store) {
  const events = new EventSource('events');
  /** @type {number|undefined} */
  let gone;
  for (const kind of KINDS) {
    events.addEventListener(kind, (event) => store.take(kind, JSON.parse(event.data)));
  }
  events.addEventListener('open', () => {
    clearTimeout(gone);
    gone = undefined;
    if (store.gone) {
      store.gone = false;
      store.changed();
    }
  });
  events.addEventListener('error', () => {
    gone ??= window.setTimeout(() => {
      store.gone = true;
      store.changed();
    }, GONE_MS);
  });
}

/**
 * Sends something; gives what lineman said to that, or why it was not done. What a browser says when nobody answers is in a
 * language of its own.
 * @param {string} path @param {object} content
 * @returns {Promise<{error?: import('./store.js').Told, [name: string]: any}>}
 */
export async function post(path, content) {
  try {
    const answer = await fetch(path, { method: 'POST', body: JSON.stringify(content) });
    return await answer.json();
  } catch {
    return { error: { name: 'unanswered' } };
  }
}

/** What was asked last, and is answered when these are. @type {{orders: Promise<any>, lines: Promise<any>}} */
const last = { orders: Promise.resolve(), lines: Promise.resolve() };

/**
 * Has the lab do something, when it has answered to what was asked before: of two requests that are under way the later may arrive first.
 * Orders do not wait for lines of the socket bench, whose time may come with a packet that is held.
 * @param {{do: string, [name: string]: any}} command @returns {Promise<{said?: import('./store.js').Both, error?: import('./store.js').Told}>}
 */
export function ask(command) {
  const kind = command.do === 'lines' ? 'lines' : 'orders';
  const before = Promise.all([last.orders, last[kind]]);
  last[kind] = before.then(() => post('do', command));
  return last[kind];
}

/**
 * Has the lab do something. What it does is seen in the log, like everything else.
 * @param {Store} store @param {{do: string, [name: string]: any}} command
 * @returns {Promise<boolean>}
 */
export async function order(store, command) {
  store.run(); // what is done now is seen now
  const { error } = await ask(command);
  if (error === undefined) {
    store.notices = []; // what went wrong before is past
    store.changed();
    return true;
  }
  store.notices.push({ text: error, refused: true });
  store.changed();
  return false;
}
