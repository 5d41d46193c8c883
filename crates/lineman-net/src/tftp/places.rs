//! The places that transfers have in the server's table, and who leaves when they are short.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::guard::HalfOpen;
use lineman_proto::tftp::guard::Prefix;

use super::admission::Verdict;
use super::transfer::Command;
use super::transfer::TransferHandle;

/// All transfers that run, by peer, and what bounds them.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) running: HashMap<SocketAddr, Running>,
    /// Transfers whose client has not answered yet, or has paused, and then has asked for something else, if it was not
    /// a forger in its name: the first of them that is answered stays. By their numbers.
    pub(super) set_aside: BTreeMap<u64, (SocketAddr, Running)>,
    pub(super) next: u64,
    /// Peers that were told lately that their request makes no sense.
    pub(super) rebuked: VecDeque<SocketAddr>,
    pub(super) half_open: HalfOpen,
    pub(super) per_client: HashMap<IpAddr, usize>,
    /// Transfers of each /64 and /56 of IPv6, in which one host takes as many addresses as it likes.
    pub(super) per_network: HashMap<Prefix, usize>,
    /// When a place was last looked for in vain.
    pub(super) searched: Option<Instant>,
    /// Transfers that were started, and were told to end, and have not yet.
    pub(super) lingering: usize,
    pub(super) evicted: u64,
}

/// One transfer.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) number: u64,
    pub(super) request: Vec<u8>,
    pub(super) handle: TransferHandle,
    /// Whether its file is open, and the transfer runs.
    pub(super) started: bool,
    pub(super) state: TransferState,
    pub(super) answer: usize,
    pub(super) fate: Arc<Fate>,
}

/// What befalls a transfer from outside, for the report of its end.
#[derive(Debug, Default)]
pub(super) struct Fate {
    /// Its end is not to be reported.
    pub(super) quiet: AtomicBool,
    /// Its client was silent, and its place was needed.
    pub(super) displaced: AtomicBool,
    /// Its client answers to the port that it asked, not to the one that it is answered from.
    pub(super) keeps_to_port: AtomicBool,
}

/// How a transfer is doing, as far as a repeated request is concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct TransferState {
    /// The peer has answered at least once.
    pub(super) confirmed: bool,
    /// What it answered proves that it is there.
    pub(super) proved: bool,
    /// Only the peer's last word is missing.
    pub(super) ending: bool,
    /// The file has arrived; only repetitions of its last block are still answered.
    pub(super) dallying: bool,
    /// It waits for our disk: its silence says nothing.
    pub(super) storing: bool,
    /// When the peer made progress last; what we send says nothing about it.
    pub(super) at: Instant,
}

impl Table {
    pub(super) fn new(max_unconfirmed: usize) -> Self {
        Self {
            running: HashMap::new(),
            set_aside: BTreeMap::new(),
            next: 0,
            rebuked: VecDeque::new(),
            half_open: HalfOpen::new(max_unconfirmed),
            per_client: HashMap::new(),
            per_network: HashMap::new(),
            searched: None,
            lingering: 0,
            evicted: 0,
        }
    }

    /// Whether there is a place for another transfer of `peer`. Those that are held by silence are
    /// given away first, and of a network that has too many its own.
    pub(super) fn find_place(
        &mut self,
        peer: SocketAddr,
        max_transfers: usize,
        max_per_client: usize,
    ) -> Result<(), Verdict> {
        let ip = peer.ip();
        if self.running.len() >= max_transfers && !self.make_room(None, PLACE_KEPT) {
            return Err(Verdict::Busy);
        }
        if ip.is_loopback() {
            return Ok(());
        }
        if self
            .per_client
            .get(&ip)
            .is_some_and(|count| *count >= max_per_client)
            && !self.make_room(Some(Prefix::address(ip)), PLACE_KEPT)
        {
            // While some may still answer, their number may be a forger's doing: an ERROR would end
            // the client, which asks again when it hears nothing.
            let may_be_forged = self.half_open.first_to_leave(Some(Prefix::address(ip)));
            return Err(match may_be_forged {
                Some(_) => Verdict::Repeated,
                None => Verdict::BusyClient,
            });
        }
        for (network, quarters) in networks(ip) {
            let limit = (max_transfers * quarters / 4).max(1);
            if self
                .per_network
                .get(&network)
                .is_some_and(|count| *count >= limit)
                && !self.make_room(Some(network), PLACE_KEPT)
            {
                return Err(Verdict::BusyNetwork { limit });
            }
        }
        Ok(())
    }

    /// Has a transfer leave: of those within `whose`, if that is given. One whose client has not
    /// answered must have had `wait` for it. Whether one did.
    pub(super) fn make_room(&mut self, whose: Option<Prefix>, wait: Duration) -> bool {
        let half_open = self.half_open.first_to_leave(whose).filter(|(_, peer)| {
            let running = self.running.get(peer);
            running.is_some_and(|running| running.state.at.elapsed() >= wait)
        });
        if let Some((number, peer)) = half_open {
            self.evict(number, peer);
            return true;
        }
        // A flood of requests must not have us look at all transfers for each.
        if self.searched.is_some_and(|at| at.elapsed() < SEARCH_PAUSE) {
            return false;
        }
        let is_whose = |peer: &SocketAddr| whose.is_none_or(|whose| whose.contains(peer.ip()));
        let silent = self
            .running
            .iter()
            .filter(|(peer, running)| is_whose(peer) && !running.state.storing)
            .min_by_key(|(_, running)| running.state.at)
            .filter(|(_, running)| running.state.at.elapsed() >= SILENT)
            .map(|(peer, running)| (running.number, *peer));
        let Some((number, peer)) = silent else {
            self.searched = Some(Instant::now());
            return false;
        };
        if let Some(running) = self.remove(number, peer) {
            running.fate.displaced.store(true, Ordering::Relaxed);
            self.evicted += 1;
            self.end(&running);
        }
        true
    }

    pub(super) fn count(&mut self, ip: IpAddr) {
        *self.per_client.entry(ip).or_default() += 1;
        for (network, _) in networks(ip) {
            *self.per_network.entry(network).or_default() += 1;
        }
    }

    fn discount(&mut self, ip: IpAddr) {
        decrement(&mut self.per_client, ip);
        for (network, _) in networks(ip) {
            decrement(&mut self.per_network, network);
        }
    }

    /// The transfer of `peer` makes room for another and runs on beside it.
    pub(super) fn set_aside(&mut self, peer: SocketAddr) {
        let Some(old) = self.running.remove(&peer) else {
            return;
        };
        self.set_aside.insert(old.number, (peer, old));
        if self.set_aside.len() <= SET_ASIDE {
            return;
        }
        // Those that were answered once are not for a forger to push out; each peer has one at the most.
        let mut unanswered = self
            .set_aside
            .iter()
            .filter(|(_, (_, running))| !running.state.confirmed);
        let oldest = unanswered.next().map(|(number, _)| *number);
        if unanswered.count() >= SET_ASIDE
            && let Some((number, (_, oldest))) =
                oldest.and_then(|number| self.set_aside.remove_entry(&number))
        {
            self.half_open.close(number);
            self.end(&oldest);
        }
    }

    /// The client has answered this transfer: others that it had set aside are over.
    pub(super) fn settle(&mut self, peer: SocketAddr) {
        let others = self
            .set_aside
            .extract_if(.., |_, (other, _)| *other == peer)
            .collect::<Vec<_>>();
        for (number, (_, other)) in others {
            self.half_open.close(number);
            self.end(&other);
        }
    }

    /// The client has answered this transfer, which had been set aside: what took its place was
    /// forged, or a mistake.
    pub(super) fn bring_back(&mut self, number: u64, state: TransferState) {
        let is_answered =
            |running: &Running| !running.state.confirmed || state.at > running.state.at;
        let Some((peer, mut running)) = self
            .set_aside
            .get(&number)
            .is_some_and(|(_, running)| is_answered(running))
            .then(|| self.set_aside.remove(&number))
            .flatten()
        else {
            return;
        };
        running.state = state;
        match self.running.insert(peer, running) {
            Some(other) => {
                self.half_open.close(other.number);
                other.fate.quiet.store(true, Ordering::Relaxed);
                self.end(&other);
            }
            None => self.count(peer.ip()),
        }
    }

    /// Ends an unconfirmed transfer, and tells neither client nor log: the request may be a forger's.
    pub(super) fn evict(&mut self, number: u64, peer: SocketAddr) {
        if let Some(running) = self.remove(number, peer) {
            running.fate.quiet.store(true, Ordering::Relaxed);
            self.evicted += 1;
            self.end(&running);
        }
    }

    /// Tells a transfer that has left the table to end.
    fn end(&mut self, running: &Running) {
        self.lingering += usize::from(running.started);
        running.handle.say(Command::Supersede);
    }

    /// A transfer starts. Whether it is still in the table.
    pub(super) fn note_start(&mut self, number: u64, peer: SocketAddr) -> bool {
        let running = match self.running.get_mut(&peer) {
            Some(running) if running.number == number => running,
            _ => match self.set_aside.get_mut(&number) {
                Some((_, running)) => running,
                None => return false,
            },
        };
        running.started = true;
        true
    }

    pub(super) fn remove(&mut self, number: u64, peer: SocketAddr) -> Option<Running> {
        self.half_open.close(number);
        if let Some((_, running)) = self.set_aside.remove(&number) {
            return Some(running);
        }
        self.running
            .get(&peer)
            .filter(|running| running.number == number)?;
        self.discount(peer.ip());
        self.running.remove(&peer)
    }
}

impl TransferState {
    /// Whether the client has made progress a moment ago and is not through yet, may be about to
    /// answer, or waits for us.
    pub(super) fn is_alive(self) -> bool {
        let wait = if self.confirmed { MOMENT } else { ANSWER };
        self.storing || (!self.ending && self.at.elapsed() < wait)
    }
}

/// The networks of an address in which one host may have many, and how many quarters of all transfers
/// each may have: a host of IPv6 has a /64, a customer of a provider a /56 (RFC 6177 §2).
fn networks(ip: IpAddr) -> impl Iterator<Item = (Prefix, usize)> {
    let is_v6 = ip.is_ipv6();
    [(Prefix::host(ip), 2), (Prefix::around(ip), 3)]
        .into_iter()
        .filter(move |_| is_v6)
}

fn decrement<K: std::hash::Hash + Eq>(counts: &mut HashMap<K, usize>, key: K) {
    if let std::collections::hash_map::Entry::Occupied(mut entry) = counts.entry(key) {
        *entry.get_mut() -= 1;
        if *entry.get() == 0 {
            entry.remove();
        }
    }
}

/// A client that makes progress is heard many times in this; one that has started again is answered
/// behind it.
pub(super) const MOMENT: Duration = Duration::from_millis(250);
/// A client on a local network has answered by then. What is forged in its name may hold its port for
/// as long, where all transfers have one port, so no longer.
pub(super) const ANSWER: Duration = Duration::from_millis(30);
/// A client that has not answered for so long gives its place to another, when places are short: less
/// than a flood in its name would need to take all that one address may have.
const PLACE_KEPT: Duration = Duration::from_millis(100);
/// Transfers whose client has never answered that are set aside; beyond that the oldest ends.
pub(super) const SET_ASIDE: usize = 64;
/// A client that has made no progress for so long gives its place to another, when places are short.
const SILENT: Duration = Duration::from_secs(3);
const SEARCH_PAUSE: Duration = Duration::from_millis(20);
