//! Conversations of a few packets that came to nothing, by the thousand: a scan is told in one line.

use std::collections::HashMap;
use std::net::IpAddr;

use super::Conversation;
use super::Ending;
use super::Kind;
use super::Troubles;

/// How many alike are told one by one.
const FEW: usize = 8;
/// How many kinds of them are told apart; the others are told together.
const MOST: usize = 1024;
/// A question that was repeated twice has so many packets, and one that was refused fewer.
const SMALL: u64 = 3;

/// Conversations that are alike, told together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fold {
    /// What they speak; `None` if not all the same.
    pub kind: Option<Kind>,
    /// The host that began them; `None` if not all the same.
    pub client: Option<IpAddr>,
    /// The host that was asked; `None` if not always the same.
    pub server: Option<IpAddr>,
    /// The lowest and the highest port that was asked; `None` where there are no ports.
    pub ports: Option<(u16, u16)>,
    /// How they ended; `None` if not all alike.
    pub ending: Option<Ending>,
    /// How many.
    pub conversations: u64,
    /// How many packets they have.
    pub packets: u64,
    /// How many bytes those had on the wire.
    pub bytes: u64,
    /// When the first packet was captured.
    pub first_ns: Option<u64>,
    /// When the last one was.
    pub last_ns: Option<u64>,
    /// What went wrong in them.
    pub troubles: Troubles,
}

type Alike = (Kind, IpAddr, Ending);

/// Conversations that are over and came to nothing.
#[derive(Debug, Default)]
pub(super) struct Folds {
    few: HashMap<Alike, Vec<Conversation>>,
    many: HashMap<Alike, Fold>,
    rest: Option<Fold>,
}

impl Folds {
    /// Whether a conversation may be told together with others: a question that was not answered, or refused.
    pub(super) fn takes(it: &Conversation) -> bool {
        let in_vain = match it.ending {
            Ending::Refused | Ending::Unreachable | Ending::Unanswered => true,
            Ending::Open => it.packets.server == 0,
            _ => false,
        };
        in_vain && it.all_packets() <= SMALL && it.transfer.is_none()
    }

    pub(super) fn add(&mut self, it: Conversation) {
        let alike = (it.kind, it.ends.client.ip(), it.ending);
        if let Some(fold) = self.many.get_mut(&alike) {
            return fold.join(&it);
        }
        if !self.few.contains_key(&alike) && self.few.len() + self.many.len() >= MOST {
            return self.rest(&it);
        }
        let few = self.few.entry(alike).or_default();
        few.push(it);
        if few.len() > FEW
            && let Some(few) = self.few.remove(&alike)
            && let Some(fold) = folded(&few)
        {
            self.many.insert(alike, fold);
        }
    }

    /// Tells a conversation together with others that are not like it: there are too many.
    pub(super) fn rest(&mut self, it: &Conversation) {
        match &mut self.rest {
            Some(rest) => rest.join(it),
            None => self.rest = Some(Fold::of(it)),
        }
    }

    /// Those that are told one by one, and those that are told together, the most first.
    pub(super) fn finish(self) -> (Vec<Conversation>, Vec<Fold>) {
        let few = self.few.into_values().flatten().collect();
        let mut many: Vec<Fold> = self.many.into_values().chain(self.rest).collect();
        let order = |fold: &Fold| {
            (
                std::cmp::Reverse(fold.conversations),
                fold.client,
                fold.kind,
            )
        };
        many.sort_by_key(order);
        (few, many)
    }
}

fn folded(all: &[Conversation]) -> Option<Fold> {
    let (first, others) = all.split_first()?;
    let mut fold = Fold::of(first);
    others.iter().for_each(|it| fold.join(it));
    Some(fold)
}

impl Fold {
    fn of(it: &Conversation) -> Self {
        let port = it.ends.server.port();
        Self {
            kind: Some(it.kind),
            client: Some(it.ends.client.ip()),
            server: Some(it.ends.server.ip()),
            ports: (port > 0).then_some((port, port)),
            ending: Some(it.ending),
            conversations: 1,
            packets: it.all_packets(),
            bytes: it.all_bytes(),
            first_ns: it.first_ns,
            last_ns: it.last_ns,
            troubles: it.troubles,
        }
    }

    fn join(&mut self, it: &Conversation) {
        let other = Self::of(it);
        self.kind = self.kind.filter(|kind| *kind == it.kind);
        self.client = self.client.filter(|_| self.client == other.client);
        self.server = self.server.filter(|_| self.server == other.server);
        self.ports = match (self.ports, other.ports) {
            (Some(one), Some(other)) => Some((one.0.min(other.0), one.1.max(other.1))),
            (one, other) => one.or(other),
        };
        self.ending = self.ending.filter(|ending| *ending == it.ending);
        self.conversations += 1;
        self.packets += other.packets;
        self.bytes += other.bytes;
        self.first_ns = earliest(self.first_ns, other.first_ns);
        self.last_ns = self.last_ns.max(other.last_ns);
        self.troubles.join(&other.troubles);
    }
}

fn earliest(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}
