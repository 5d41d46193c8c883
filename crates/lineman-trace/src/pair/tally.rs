//! What a conversation has come to between the two points.

use std::net::SocketAddr;

use super::Point;
use super::Points;
use super::lane::Gone;
use crate::capture::Conversation;
use crate::capture::Ending;
use crate::log::Host;
use crate::story::Ends;

/// A conversation that both captures have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally {
    /// Its number in each.
    pub numbers: Points<u64>,
    /// Whether the client in the first capture is the server in the second, which may have begun later.
    pub is_flipped: bool,
    /// The point that its client (of the first) is nearer to, deduced from where packets were seen first.
    pub client: Option<Point>,
    /// What became of the packets that each end (of the first) has sent.
    pub ways: Ends<Crossing>,
    /// Its ends as each capture has them, by their roles in the first: a NAT makes others of them.
    pub ends: Points<Ends<SocketAddr>>,
}

impl Tally {
    /// The conversation as the first has it, but for a RST that breaks it off: who has sent that, the capture tells that is nearer to the sender.
    pub fn of_both(&self, first: &Conversation, second: &Conversation) -> Conversation {
        let mut both = first.clone();
        let Some(client) = self.client else {
            return both;
        };
        let in_second = |host: Host| if self.is_flipped { host.other() } else { host };
        let near = |host: Host| {
            let is_first = (client == Point::First) == (host == Host::Client);
            match is_first {
                true => (first, host),
                false => (second, in_second(host)),
            }
        };
        let has_sent = |host: Host| {
            let (near, host) = near(host);
            match near.ending {
                Ending::Reset(by) => by == host,
                Ending::Refused => host == Host::Server,
                _ => false,
            }
        };
        let by = match (first.ending, second.ending) {
            (Ending::Reset(by), _) => by,
            (Ending::Refused, _) => Host::Server,
            // The first never had it.
            (Ending::Open | Ending::HalfClosed(_), Ending::Reset(by)) => in_second(by),
            _ => return both,
        };
        let is_sent = has_sent(by);
        if is_sent && both.ending != Ending::Refused {
            both.ending = Ending::Reset(by);
        } else if !is_sent {
            both.ending = Ending::ResetBetween;
        }
        if both.ending != first.ending {
            for host in [Host::Client, Host::Server] {
                let (near, role) = near(host);
                both.states[host] = near.states[role];
            }
        }
        both
    }
}

/// What became of the packets that one end has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crossing {
    /// How many both captures have, whole or in parts.
    pub crossed: u64,
    /// How many were lost between the two.
    pub lost: u64,
    /// How many only the capture has that is farther from the sender: something between the two has sent them, or they passed the nearer one
    /// by.
    pub appeared: u64,
    /// How many one has once and the other once more.
    pub copied: u64,
    /// How many were overtaken by packets that were sent later.
    pub overtaken: u64,
    /// How many the other capture does not have because it did not go on then.
    pub other_time: u64,
    /// How many it does not have, and its capturing has lost some.
    pub capture_dropped: u64,
    /// How many it does not have, though their receiver has acknowledged them.
    pub acknowledged: u64,
    /// How many have an unknown fate: too many packets waited to be compared.
    pub unknown: u64,
    /// The least time between the two, in nanoseconds.
    pub least_ns: i64,
    /// The longest.
    pub most_ns: i64,
    /// The mean.
    pub mean_ns: i64,
}

/// What is known of one direction while it goes on.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Way {
    pub(super) crossed: u64,
    pub(super) copied: u64,
    pub(super) overtaken: u64,
    /// How often the second has had something of what the first has.
    times: u64,
    /// How much later the second had packets than the first: the sum, the least, the greatest, and as of late.
    sum_ns: i128,
    low_ns: i64,
    high_ns: i64,
    late_ns: i64,
    /// When the latest was seen where it was seen first.
    latest_ns: Option<i64>,
    /// In how many the identification of IPv4 is the same, and in how many not.
    ids: (u64, u64),
}

impl Way {
    /// Both have a packet, or a part of it: when each has it, and whether its identification is the same, if it has one.
    pub(super) fn count(&mut self, first_ns: i64, second_ns: i64, id: Option<bool>) {
        let later = second_ns.saturating_sub(first_ns);
        if self.times == 0 {
            (self.low_ns, self.high_ns, self.late_ns) = (later, later, later);
        }
        self.times += 1;
        self.sum_ns += i128::from(later);
        (self.low_ns, self.high_ns) = (self.low_ns.min(later), self.high_ns.max(later));
        self.late_ns = self
            .late_ns
            .saturating_add(later.saturating_sub(self.late_ns) / 8);
        match id {
            Some(true) => self.ids.0 += 1,
            Some(false) => self.ids.1 += 1,
            None => {}
        }
        let early = first_ns.min(second_ns);
        match self.latest_ns {
            Some(latest) if early < latest => self.overtaken += 1,
            _ => self.latest_ns = Some(early),
        }
    }

    /// How much later the second has packets, as of late; `None` before the first.
    pub(super) fn late_ns(&self) -> Option<i64> {
        (self.times > 0).then_some(self.late_ns)
    }

    /// The same on average.
    pub(super) fn mean_ns(&self) -> Option<i64> {
        let mean = self.sum_ns.checked_div(i128::from(self.times))?;
        i64::try_from(mean).ok()
    }

    /// How long packets are on their way at most.
    pub(super) fn most_ns(&self) -> i64 {
        self.low_ns
            .saturating_abs()
            .max(self.high_ns.saturating_abs())
    }

    /// Whether identifications stay as they are.
    pub(super) fn keeps_ids(&self) -> bool {
        self.ids.0 > 0 && self.ids.1 == 0
    }

    /// What it has come to; `gone` is what only the nearer and only the farther point has, if it is known which is which.
    pub(super) fn told(&self, sender: Option<Point>, gone: Points<Gone>) -> Crossing {
        let near = sender.unwrap_or(Point::First);
        let (here, there) = (gone[near], gone[near.other()]);
        let both = |of: fn(&Gone) -> u64| of(&here) + of(&there);
        let (low, high, mean) = (
            self.low_ns,
            self.high_ns,
            self.mean_ns().unwrap_or_default(),
        );
        let (least_ns, most_ns, mean_ns) = match near {
            Point::First => (low, high, mean),
            Point::Second => (
                high.saturating_neg(),
                low.saturating_neg(),
                mean.saturating_neg(),
            ),
        };
        Crossing {
            crossed: self.crossed,
            lost: here.missing,
            appeared: there.missing,
            copied: self.copied,
            overtaken: self.overtaken,
            other_time: both(|gone| gone.other_time),
            capture_dropped: both(|gone| gone.capture_dropped),
            acknowledged: both(|gone| gone.acknowledged),
            unknown: both(|gone| gone.unknown),
            least_ns,
            most_ns,
            mean_ns,
        }
    }
}

/// Which point is nearer to the client: what it sends comes to the second later than what is sent to it, compared with the first.
pub(super) fn nearer(ways: &Ends<Way>) -> Option<Point> {
    let (client, server) = (ways[Host::Client].mean_ns(), ways[Host::Server].mean_ns());
    let more = match (client, server) {
        (Some(client), Some(server)) => client.saturating_sub(server),
        (Some(client), None) => client,
        (None, Some(server)) => server.saturating_neg(),
        (None, None) => return None,
    };
    match more {
        1.. => Some(Point::First),
        ..=-1 => Some(Point::Second),
        0 => None,
    }
}
