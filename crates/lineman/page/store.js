// What the page knows: what it was told, and what the person has chosen. Views read it and are told of changes.

/**
 * @typedef {{id: number, t_ns: number, name: string, fd: number|null, connection?: string, args: string[], begins: boolean,
 *   answer: null|{value: string}|{error: string}, waited: boolean}} Call
 * @typedef {{before: string, after: string, through?: string, known: string, connection?: string}} StateCell
 * @typedef {{en: string, zh: string}} Both
 * @typedef {string|Both|{name: string}} Told what was told beside the log: in one language, in both, or the name of the page's own words
 * @typedef {{layer: string, name: Both, value: string, from: number, to: number}} Field
 * @typedef {{id: number, from: 'client'|'server', text: Both, part: string, sent_ns: number, decided_ns: number|null, fate: string,
 *   held: boolean, repeats: number, again: null|{cause: string}, deduced: boolean, bytes: boolean,
 *   wire_len: number, addresses: string[]|null, connection?: string,
 *   tcp: null|{flags: string, seq: number, ack: number|null, relative_seq: number|null, relative_ack: number|null, len: number}}} Packet
 * @typedef {{n: number, t_ns: number, calls: {client: Call|null, server: Call|null}, packet: Packet|null,
 *   states: {client: StateCell|null, server: StateCell|null}, timer: null|object,
 *   arrives: null|{changes: {host: Host, state: string}[], why: number[]}, about: number|null,
 *   sayings: {id: string, text: Both}[]}} Row
 * @typedef {{local: string, remote: string|null, state: string, origin: string, queues: null|Queued}} Socket
 * @typedef {{unread: number, unread_flag: Numbered, unsent: number, unsent_flag: Numbered}} Queued @typedef {null|'syn'|'fin'} Numbered
 * @typedef {{clock: string, wait_ns: number, at_ns: number, origin: string}} Timer
 * @typedef {{algorithm: string, window: number, threshold?: number, origin: string}} Congestion
 * @typedef {{rtt_us?: number, rttvar_us?: number, rto_us: number, cwnd: number, ssthresh?: number, mss: number, unacked: number, sacked: number,
 *   lost: number, retrans: number, total_retrans: number, ato_us?: number}} Figures
 * @typedef {{calls: Call[], socket: Socket|null, timers: Timer[], congestion: Congestion|null, figures: Figures|null, left: string|null}} Card
 * @typedef {[t: number, connection: number, host: Host, kind: string, ...values: (number|string|null)[]]} Sample
 * @typedef {'client'|'server'} Host
 * @typedef {{fd: number, listens: boolean, datagram: boolean, bound: string|null}} Open
 * @typedef {{name: string, subject: string, title: Both|null, look: Both|null}} Choice
 * @typedef {{client: Card, server: Card, held: {id: number, from: string, repeats: number}[]}} Scene
 */

/** Whether a row tells that the packet of the row before was sent once more while it is held. @param {Row|undefined} before @param {Row} now */
function repeatsSame(before, now) {
  const repeats = (/** @type {Row|undefined} */ row) => row?.packet?.part === 'repeat' && !row.calls.client && !row.calls.server;
  return repeats(before) && repeats(now) && before?.packet?.id === now.packet?.id;
}

/** A host of which nothing was told. @returns {Card} */
const nothing = () => ({ calls: [], socket: null, timers: [], congestion: null, figures: null, left: null });

export class Store {
  constructor() {
    /** @type {number} how many logs there were before this one */
    this.epoch = -1;
    /** @type {'en'|'zh'} */
    this.lang = 'en';
    this.absolute = false;
    this.gone = false;
    /** What was said that is not in the log, and whether it is why something was not done. @type {{text: Told, refused?: boolean}[]} */
    this.notices = [];
    /** @type {(() => void)[]} */
    this.views = [];
    this.due = false;
    this.begin();
  }

  /** Nothing is known of a log yet. */
  begin() {
    /** Everything that was told. @type {Row[]} */
    this.all = [];
    /** How many rows may be shown: what follows is to be guessed. @type {number} */
    this.limit = Infinity;
    /** Whether time stands still for the reader: the log goes on, and rows are shown one by one. */
    this.walks = false;
    this.conceal();
    /** Figures over time, in the order in which they were told. @type {Sample[]} */
    this.samples = [];
    /** How many times figures were told. @type {number} */
    this.told = 0;
    /** @type {Scene} */
    this.scene = { client: nothing(), server: nothing(), held: [] };
    /** @type {null|{scenario: string|null, origin: string, system: string, utc_ns: number|null, captures: null|{client: string, server: string}}} */
    this.ladder = null;
    this.live = false;
    /** Whether the wire holds every packet, and its rules: as the lab was told last, by whichever page. */
    this.stepping = true;
    /** Whether it did so from the start. */
    this.holds = false;
    this.rules = '';
    this.ended = false;
    /** Whether a script is being played, and which scenario it is or was. */
    this.playing = false;
    /** @type {string|null} */
    this.scenario = null;
    this.ipv6 = false;
    /** The command by which the lab can be had again. @type {string|null} */
    this.command = null;
    /** The scenarios that can be begun; none if no lab can. @type {Choice[]} */
    this.choices = [];
    /** The forms in which the log can be exported. @type {string[]} */
    this.forms = [];
    /** The open sockets of both hosts. @type {{client: Open[], server: Open[]}} */
    this.open = { client: [], server: [] };
    /** The exercise that is all there is; where it begins. @type {null|{seed: string}} */
    this.exercise = null;
  }

  /** Nothing is shown of what was told. */
  conceal() {
    this.epoch += 1;
    /** What is shown: the first of all rows. @type {Row[]} */
    this.rows = [];
    /** Rows that a later one stands for: a held packet that is sent again and again is one row. @type {Set<number>} */
    this.folded = new Set();
    /** In which row each packet was sent. @type {Map<number, number>} */
    this.departures = new Map();
    /** Whether a row has told of a TCP's state, and whether one has a packet. */
    this.hasStates = false;
    this.hasPackets = false;
    /** @type {number} */
    this.chosen = -1;
    this.following = true;
  }

  /** Shows the rows before this one, and none that follow. @param {number} limit */
  show(limit) {
    this.limit = limit;
    if (this.rows.length > limit) this.conceal();
    for (let n = this.rows.length; n < Math.min(this.limit, this.all.length); n += 1) this.append(this.all[n]);
    this.changed();
  }

  /** @param {Row} row */
  append(row) {
    if (row.packet && !this.departures.has(row.packet.id)) this.departures.set(row.packet.id, row.n);
    if (repeatsSame(this.rows[row.n - 1], row)) {
      this.folded.add(row.n - 1);
      if (this.chosen === row.n - 1) this.chosen = row.n;
    }
    this.rows.push(row);
    this.hasStates ||= Boolean(row.states.client || row.states.server);
    this.hasPackets ||= Boolean(row.packet);
    if (this.following) this.chosen = row.n;
  }

  /** Whether packets have passed, and none of TCP. */
  isStateless() {
    return Boolean(this.hasPackets && !this.hasStates);
  }

  /** Whether the row that is looked at is the last of all: how things stand now is how they stood then. */
  isNow() {
    return this.chosen === this.all.length - 1;
  }

  /** Whether there is a lab that obeys. */
  drives() {
    return this.live && !this.ended && !this.gone;
  }

  /** @param {() => void} view called before the next frame after each change */
  watch(view) {
    this.views.push(view);
  }

  changed() {
    if (this.due) return;
    this.due = true;
    requestAnimationFrame(() => {
      this.due = false;
      for (const view of this.views) view();
    });
  }

  /** @param {string} kind @param {any} content */
  take(kind, content) {
    switch (kind) {
      case 'session':
        if (this.all.length || this.ladder) this.notices = [];
        this.begin();
        this.playing = content.playing;
        this.scenario = content.scenario;
        this.ipv6 = content.ipv6;
        this.command = content.command;
        this.choices = content.choices ?? [];
        this.forms = content.forms;
        this.exercise = content.exercise ?? null;
        this.live = content.live;
        this.stepping = content.step;
        this.holds = content.step;
        this.rules = content.rules;
        this.walks = content.walk;
        if (this.walks) this.limit = 1;
        break;
      case 'wire':
        this.stepping = content.step ?? this.stepping;
        this.rules = content.rules ?? this.rules;
        this.command = content.command ?? this.command;
        this.playing = content.playing ?? this.playing;
        break;
      case 'ladder':
        this.ladder = content;
        break;
      case 'row':
        // A row that was told before a connection broke is told once.
        if (content.n !== this.all.length) return;
        this.all.push(content);
        if (content.n < this.limit) this.append(content);
        break;
      case 'figures':
        // Told once, as rows are.
        if (content.n !== this.told) return;
        this.told += 1;
        for (const sample of content.samples) this.samples.push(sample);
        break;
      case 'sockets':
        this.open = content;
        break;
      case 'scene':
        this.scene = content;
        break;
      case 'notice':
        this.notices.push({ text: content.text });
        break;
      case 'end':
        this.ended = true;
        break;
    }
    this.changed();
  }

  /** Whether the lab's packets can be decided about now. */
  decides() {
    return this.drives() && !this.walks;
  }

  /** Ends the walk: everything is shown as it happens. */
  run() {
    if (!this.walks) return;
    this.walks = false;
    this.following = true;
    this.show(Infinity);
  }

  /** Of a walk the next row. */
  next() {
    if (this.limit < this.all.length) this.show(this.limit + 1);
    // Where the script has ended, and all of it was shown, what is done next is seen at once.
    if (!this.playing && this.limit >= this.all.length) this.run();
  }

  /** The row before or after the chosen one. @param {1|-1} by */
  move(by) {
    if (by > 0 && this.walks && this.chosen === this.rows.length - 1) this.next();
    let n = this.chosen + by;
    while (this.folded.has(n)) n += by;
    this.choose(n);
  }

  /** @param {number} n */
  choose(n) {
    if (this.rows.length === 0) return;
    this.chosen = Math.max(0, Math.min(n, this.rows.length - 1));
    this.following = this.chosen === this.rows.length - 1 && this.live && !this.ended;
    this.changed();
  }

  /**
   * Leads to a row that was asked for: by a click, or by what it is. It stays the one that is looked at, though it may be the last:
   * what comes after it was not asked for.
   * @param {number} n
   */
  lead(n) {
    this.choose(n);
    this.following = false;
  }

  /** Leads to what happens now, and on with it. */
  follow() {
    this.choose(this.rows.length - 1);
  }

  /** The row that is looked at. @returns {Row|undefined} */
  row() {
    return this.rows[this.chosen];
  }
}
