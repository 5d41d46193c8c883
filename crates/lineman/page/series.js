// What numbers of a TCP connection become over time, as its packets tell: sequence numbers that were sent and
// acknowledged, and how many bytes are in flight. Rows are taken one by one, and each once.

/** @typedef {import('./store.js').Store} Store @typedef {import('./store.js').Row} Row @typedef {import('./store.js').Host} Host */
/**
 * A point: the row, who sent the segment, its relative numbers, and whether it was lost or sent before.
 * @typedef {{n: number, from: Host, seq: number, end: number, ack: number|null, lost: boolean, again: boolean}} Point
 * @typedef {{points: Point[], flight: {n: number, from: Host, bytes: number}[], sent: Record<Host, number>, acked: Record<Host, number>, top: number, most: number}} Series
 */

export class AllSeries {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.epoch = store.epoch;
    /** How many rows were taken. */
    this.seen = 0;
    /** By both addresses. @type {Map<string, Series>} */
    this.all = new Map();
    /** The departures of packets that land in another row. @type {Map<number, Point>} */
    this.under = new Map();
    /** The connection of the last segment. */
    this.last = '';
  }

  begin() {
    this.epoch = this.store.epoch;
    this.seen = 0;
    this.all.clear();
    this.under.clear();
    this.last = '';
  }

  take() {
    if (this.epoch !== this.store.epoch) this.begin();
    const { rows } = this.store;
    for (; this.seen < rows.length; this.seen += 1) this.row(rows[this.seen]);
  }

  /** The connection of the row that is looked at, else of the last segment. @returns {Series|undefined} */
  chosen() {
    const row = this.store.row();
    return this.all.get(row?.packet?.tcp ? key(row) : this.last) ?? this.all.get(this.last);
  }

  /** @param {Row} row */
  row(row) {
    const { packet } = row;
    const tcp = packet?.tcp;
    if (!packet || !tcp || tcp.relative_seq === null || packet.part === 'repeat') return;
    const name = key(row);
    let series = this.all.get(name);
    if (!series) {
      series = { points: [], flight: [], sent: { client: 0, server: 0 }, acked: { client: 0, server: 0 }, top: 1, most: 1 };
      this.all.set(name, series);
    }
    this.last = name;
    const { from } = packet;
    const takes = tcp.len + (/SYN/.test(tcp.flags) ? 1 : 0) + (/FIN/.test(tcp.flags) ? 1 : 0);
    const end = tcp.relative_seq + takes;
    if (packet.part !== 'landing') {
      /** @type {Point} */
      const point = { n: row.n, from, seq: tcp.relative_seq, end, ack: tcp.relative_ack, lost: packet.fate === 'dropped', again: Boolean(packet.again) };
      if (takes) series.points.push(point);
      this.under.set(packet.id, point);
      series.sent[from] = Math.max(series.sent[from], end);
      series.top = Math.max(series.top, end);
    } else {
      const point = this.under.get(packet.id);
      if (point) point.lost = packet.fate === 'dropped';
    }
    // An acknowledgment counts when it arrives.
    const arrives = packet.fate !== 'dropped' && packet.part !== 'departure' && packet.fate !== 'held';
    if (arrives) {
      this.under.delete(packet.id);
      const peer = from === 'client' ? 'server' : 'client';
      if (tcp.relative_ack !== null) series.acked[peer] = Math.max(series.acked[peer], tcp.relative_ack);
    }
    for (const host of /** @type {Host[]} */ (['client', 'server'])) {
      const bytes = Math.max(0, series.sent[host] - series.acked[host]);
      series.flight.push({ n: row.n, from: host, bytes });
      series.most = Math.max(series.most, bytes);
    }
  }
}

/** @param {Row} row */
const key = (row) => [...(row.packet?.addresses ?? [])].sort().join(' ');
