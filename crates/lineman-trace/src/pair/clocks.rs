//! How the clocks of two captures stand to each other.

use std::net::IpAddr;

use super::Point;
use super::Points;
use super::Samples;
use super::Unrelated;
use super::envelope;
use super::envelope::Dot;
use super::samples::Sample;
use super::samples::Tuples;
use super::sides::Pair;
use super::sides::Sides;
use crate::log::Host;

/// No packet is on its way for longer than this, in nanoseconds: what seems to be is two that look alike.
const LONGEST_NS: i128 = 10_000_000_000;
/// No two clocks drift faster, in parts: those of cheap quartzes do by a tenth of a thousandth, one that is set right
/// little by little by half of one.
const FASTEST: f64 = 0.002;
/// So many packets each way tell of a drift.
const FEWEST: usize = 8;
/// The finest that clocks of captures tell, in nanoseconds.
const FINEST_NS: f64 = 2000.0;

/// How the clock of the second capture stands to that of the first.
#[derive(Debug)]
pub struct Clocks {
    /// When both were compared, in nanoseconds since 1970 by the second's clock: the middle of what both have.
    pub at_ns: u64,
    /// How far the second's was ahead of the first's then, in nanoseconds.
    pub offset_ns: i64,
    /// Half of the least round trip between the two points, in nanoseconds: the offset is as uncertain, because it is assumed that
    /// the least delays of both ways are equal. `None` where all packets go one way: then the least delay counts as 0.
    pub half_trip_ns: Option<u64>,
    /// How it drifts.
    pub drift: Drift,
    /// How many packets have told this.
    pub packets: u64,
    /// The point that most clients are nearer to, deduced from where their packets were seen first; `None` where nothing tells.
    pub clients: Option<Point>,
    /// Whether packets of one way arrive before they are sent by every straight relation of the clocks: one of the two was set meanwhile.
    pub is_broken: bool,
    slope: f64,
    sides: Sides,
    tuples: Points<Tuples>,
}

/// How one clock gains on another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// Packets do not tell: too few, in too short a time, or one way only.
    Unknown,
    /// None that is greater than this, in parts of 10⁹.
    Below(u64),
    /// So many parts of 10⁹, and how far both ways differ in that.
    Found {
        /// How much the second gains on the first.
        ppb: i64,
        /// By how much it may be wrong.
        within_ppb: u64,
    },
}

impl Clocks {
    /// By the packets that both have.
    ///
    /// # Errors
    /// When there are none.
    pub fn of(first: Samples, second: Samples) -> Result<Self, Unrelated> {
        for (point, samples) in [(Point::First, &first), (Point::Second, &second)] {
            if samples.packets() == 0 {
                return Err(Unrelated::NothingToCompare(point));
            }
        }
        let pairs = likely(pairs(&first, &second));
        if pairs.is_empty() {
            return Err(Unrelated::NothingInCommon);
        }
        let sides = Sides::of(&pairs);
        let tuples = Points {
            first: first.into_tuples(),
            second: second.into_tuples(),
        };
        Ok(Self::fitted(&pairs, sides, tuples))
    }

    fn fitted(pairs: &[Pair], sides: Sides, tuples: Points<Tuples>) -> Self {
        let (low, high) = (pairs[0].at_ns, pairs[pairs.len() - 1].at_ns);
        let middle_ns = low + (high - low) / 2;
        // Near 0, where numbers are exact.
        let around = pairs[pairs.len() / 2].later_ns;
        let dot = |pair: &Pair| {
            let at = pair.at_ns as i128 - i128::from(middle_ns);
            (at as f64, (pair.later_ns - around) as f64)
        };
        let way = |point: Point| -> Vec<Dot> {
            let goes = pairs
                .iter()
                .filter(|pair| sides.sender(pair) == Some(point));
            goes.map(dot).collect()
        };
        let (forth, mut back) = (way(Point::First), way(Point::Second));
        back.iter_mut().for_each(|dot| dot.1 = -dot.1); // its least delays are its greatest differences
        let (drift, slope) = drift(&forth, &back);
        let ends = (
            envelope::base(&forth, slope),
            envelope::base(&back, -slope).map(|base| -base),
        );
        let (offset, trip) = match ends {
            (Some(forth), Some(back)) => (f64::midpoint(forth, back), Some(forth - back)),
            (Some(only), None) | (None, Some(only)) => (only, None),
            (None, None) => {
                let all: Vec<Dot> = pairs.iter().map(dot).collect();
                (envelope::base(&all, 0.0).unwrap_or_default(), None)
            }
        };
        let offset_ns = around.saturating_add(offset.round() as i64);
        let by_clients = pairs.iter().filter_map(|pair| {
            let sender = sides.sender(pair)?;
            let client = if pair.from == Host::Client {
                sender
            } else {
                sender.other()
            };
            Some(if client == Point::First { 1_i64 } else { -1 })
        });
        let vote: i64 = by_clients.sum();
        Self {
            at_ns: middle_ns.saturating_add_signed(offset_ns),
            offset_ns,
            half_trip_ns: trip.map(|trip| (trip / 2.0).max(0.0).ceil() as u64),
            drift,
            packets: pairs.len() as u64,
            clients: match vote {
                1.. => Some(Point::First),
                ..=-1 => Some(Point::Second),
                0 => None,
            },
            is_broken: trip.is_some_and(|trip| trip < -FINEST_NS),
            slope,
            sides,
            tuples,
        }
    }

    /// A time of one of the captures by the clock of the first, in nanoseconds since 1970.
    pub fn on_first(&self, point: Point, utc_ns: u64) -> i64 {
        let own = i64::try_from(utc_ns).unwrap_or(i64::MAX);
        match point {
            Point::First => own,
            Point::Second => {
                let since = i128::from(utc_ns) - i128::from(self.at_ns);
                let drifted = (since as f64 * self.slope).round() as i64;
                own.saturating_sub(self.offset_ns).saturating_sub(drifted)
            }
        }
    }

    /// How much the second's clock is ahead of the first's at a time of the first's, in nanoseconds.
    pub fn ahead_ns(&self, first_ns: u64) -> i64 {
        let since = i128::from(first_ns) - (i128::from(self.at_ns) - i128::from(self.offset_ns));
        let drifted = (since as f64 * self.slope).round() as i64;
        self.offset_ns.saturating_add(drifted)
    }

    /// The point that a host is nearer to, if that is known.
    pub(super) fn host(&self, address: IpAddr) -> Option<Point> {
        self.sides.host(address)
    }

    /// Whether packets between these ends are in a capture; `None` if that is not known.
    pub(super) fn has(&self, point: Point, tuple: u64) -> Option<bool> {
        self.tuples[point].has(tuple)
    }
}

/// What both have, each once, in the order of the first's time.
fn pairs(first: &Samples, second: &Samples) -> Vec<Pair> {
    let both = first.all.iter().filter_map(|(key, one)| {
        let other = second.all.get(key)?;
        (!one.is_ambiguous && !other.is_ambiguous).then_some((one, other))
    });
    let both: Vec<(&Sample, &Sample)> = both.collect();
    // Where identifications stay on the way, two packets that differ in them are two.
    let ids = both.iter().filter_map(|(one, other)| one.id.zip(other.id));
    let (same, differ) = ids.fold((0_u64, 0_u64), |(same, differ), (one, other)| {
        if one == other {
            (same + 1, differ)
        } else {
            (same, differ + 1)
        }
    });
    let kept = same > 9 * differ;
    let fits =
        |one: &Sample, other: &Sample| !kept || one.id.zip(other.id).is_none_or(|(a, b)| a == b);
    let pair = |(one, other): (&Sample, &Sample)| Pair {
        at_ns: one.at_ns,
        later_ns: i64::try_from(i128::from(other.at_ns) - i128::from(one.at_ns))
            .unwrap_or(i64::MAX),
        conversation: one.conversation,
        from: one.from,
        sender: one.sender,
        ttl: (one.ttl, other.ttl),
    };
    let fitting = both.into_iter().filter(|(one, other)| fits(one, other));
    let mut pairs: Vec<Pair> = fitting.map(pair).collect();
    pairs.sort_unstable_by_key(|pair| (pair.at_ns, pair.later_ns));
    pairs
}

/// Without those that can only be two packets that look alike.
fn likely(mut pairs: Vec<Pair>) -> Vec<Pair> {
    let mut later: Vec<i64> = pairs.iter().map(|pair| pair.later_ns).collect();
    if later.is_empty() {
        return pairs;
    }
    let middle = later.len() / 2;
    let usual = i128::from(*later.select_nth_unstable(middle).1);
    let span = pairs[pairs.len() - 1].at_ns - pairs[0].at_ns;
    let most = LONGEST_NS + (span as f64 * FASTEST) as i128;
    pairs.retain(|pair| (i128::from(pair.later_ns) - usual).abs() <= most);
    pairs
}

/// The drift that both ways tell alike. A queue that fills makes one way slower, and tells nothing of the other; a clock that
/// gains makes one way seem slower and the other faster, by the same.
fn drift(forth: &[Dot], back: &[Dot]) -> (Drift, f64) {
    let slopes = envelope::slope(forth).zip(envelope::slope(back).map(|slope| -slope));
    let enough = forth.len().min(back.len()) >= FEWEST;
    let Some((one, other)) = slopes.filter(|_| enough) else {
        return (Drift::Unknown, 0.0);
    };
    let (mean, within) = (f64::midpoint(one, other), (one - other).abs() / 2.0);
    let times = || forth.iter().chain(back).map(|dot| dot.0);
    let span = times().fold(f64::MIN, f64::max) - times().fold(f64::MAX, f64::min);
    // The lowest of many packets is as much above the edge as the usual one, divided by how many there are.
    let spread = envelope::spread(forth, one).max(envelope::spread(back, -other));
    let unsure = (20.0 * spread / forth.len().min(back.len()) as f64 + FINEST_NS) / span.max(1.0);
    let within = within.max(unsure / 4.0);
    let ppb = |slope: f64| (slope * 1e9).round();
    // What would arrive before it is sent, without a drift, is proof enough.
    let trip = envelope::base(forth, 0.0).zip(envelope::base(back, 0.0));
    let impossible = trip.is_some_and(|(forth, back)| forth + back < -FINEST_NS);
    let is_found = mean.abs() > (3.0 * within).max(unsure) || impossible;
    match is_found && mean.abs() <= FASTEST {
        true => {
            let (ppb, within_ppb) = (ppb(mean) as i64, ppb(within) as u64);
            (Drift::Found { ppb, within_ppb }, mean)
        }
        false => {
            let most = ppb(mean.abs() + within.max(unsure));
            let told = most <= FASTEST * 1e9;
            let drift = if told {
                Drift::Below(most as u64)
            } else {
                Drift::Unknown
            };
            (drift, 0.0)
        }
    }
}
