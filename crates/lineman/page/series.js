// The figures of TCP connections over time, as lineman tells them with the log: nothing is found out here, they are only
// sorted by connection, end and kind.

/** @typedef {import('./store.js').Store} Store @typedef {import('./store.js').Row} Row @typedef {import('./store.js').Host} Host @typedef {import('./store.js').Sample} Sample */
/**
 * A value from a moment on.
 * @typedef {{t: number, value: number|null}} Step
 * @typedef {{t: number, packet: number, from: number, to: number, again: boolean, lost: boolean}} Segment
 * @typedef {{segments: Segment[], steps: Record<string, Step[]>, most: Record<string, number>}} End
 * @typedef {{began: number, ends: Record<Host, End>}} Series
 */

/** @returns {End} */
const end = () => ({ segments: [], steps: {}, most: {} });

export class AllSeries {
  /** @param {Store} store */
  constructor(store) {
    this.store = store;
    this.epoch = -1;
    this.begin();
  }

  begin() {
    this.epoch = this.store.epoch;
    /** How many samples were taken. @type {number} */
    this.seen = 0;
    /** By number. @type {Map<number, Series>} */
    this.all = new Map();
    /** Those between two addresses, in the order in which they began. @type {Map<string, Series[]>} */
    this.between = new Map();
    /** Segments that may still be lost, by their packets. @type {Map<number, Segment>} */
    this.open = new Map();
    /** The connection of the last sample. @type {Series|undefined} */
    this.last = undefined;
  }

  take() {
    if (this.epoch !== this.store.epoch) this.begin();
    const { samples, rows, limit } = this.store;
    // What is to be guessed is not drawn.
    const until = limit === Infinity ? Infinity : (rows[rows.length - 1]?.t_ns ?? 0);
    for (; this.seen < samples.length && samples[this.seen][0] <= until; this.seen += 1) this.sample(samples[this.seen]);
  }

  /** The connection of the row that is looked at, else of the last sample. @returns {Series|undefined} */
  chosen() {
    const row = this.store.row();
    const addresses = row?.packet?.tcp ? row.packet.addresses : null;
    const same = this.between.get(key(addresses ?? []));
    return same?.findLast((series) => series.began <= (row?.t_ns ?? 0)) ?? same?.[0] ?? this.last;
  }

  /** @param {Sample} sample */
  sample(sample) {
    const [t, connection, host, kind] = sample;
    const values = sample.slice(4);
    let series = this.all.get(connection);
    if (!series) {
      series = { began: t, ends: { client: end(), server: end() } };
      this.all.set(connection, series);
    }
    this.last = series;
    const its = series.ends[host];
    if (kind === 'ends') {
      const name = key(/** @type {string[]} */ (values));
      this.between.set(name, [...(this.between.get(name) ?? []), series]);
    } else if (kind === 'sent') {
      const [packet, from, to, again] = /** @type {number[]} */ (values);
      const segment = { t, packet, from, to, again: Boolean(again), lost: false };
      its.segments.push(segment);
      this.open.set(packet, segment);
      its.most.sent = Math.max(its.most.sent ?? 0, to);
    } else if (kind === 'lost') {
      const segment = this.open.get(/** @type {number} */ (values[0]));
      if (segment) segment.lost = true;
    } else {
      const value = /** @type {number|null} */ (values[0]);
      (its.steps[kind] ??= []).push({ t, value });
      its.most[kind] = Math.max(its.most[kind] ?? 0, value ?? 0);
    }
  }
}

/** @param {string[]} addresses */
const key = (addresses) => [...addresses].sort().join(' ');
