//! Which requests become transfers: knows who has one already, and what a repetition means.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::guard::HalfOpen;

use super::transfer::Command;
use super::transfer::TransferHandle;

/// The transfers that run, by peer.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    table: Arc<Mutex<Table>>,
    max_transfers: usize,
    max_per_client: usize,
}

#[derive(Debug)]
struct Table {
    running: HashMap<SocketAddr, Running>,
    next: u64,
    /// Peers that were told lately that their request makes no sense.
    rebuked: VecDeque<SocketAddr>,
    half_open: HalfOpen,
    per_client: HashMap<IpAddr, usize>,
    /// Transfers that were started, and were told to end, and have not yet.
    lingering: usize,
    evicted: u64,
}

#[derive(Debug)]
struct Running {
    number: u64,
    request: Vec<u8>,
    handle: TransferHandle,
    /// Whether its file is open, and the transfer runs.
    started: bool,
    pulse: Pulse,
    answer: usize,
    quiet: Arc<AtomicBool>,
}

/// How a transfer is doing, as far as a repeated request is concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pulse {
    /// The peer has answered at least once.
    pub(super) confirmed: bool,
    /// Only the peer's last word is missing.
    pub(super) ending: bool,
    /// The file has arrived; only repetitions of its last block are still answered.
    pub(super) dallying: bool,
    /// When something happened last.
    pub(super) at: Instant,
}

/// What to do with a request.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Start a transfer; it ends when the ticket is dropped.
    Start(Ticket),
    /// It is an echo of one that runs: nothing to do.
    Repeated,
    /// As many transfers run as may.
    Busy,
    /// As many transfers run for this client's address as may.
    BusyClient,
}

/// A transfer's place in the table.
#[derive(Debug)]
pub(super) struct Ticket {
    admission: Admission,
    peer: SocketAddr,
    number: u64,
    handle: TransferHandle,
    quiet: Arc<AtomicBool>,
    is_known: bool,
    started: bool,
}

impl Admission {
    pub(super) fn new(max_transfers: usize) -> Self {
        Self {
            table: Arc::new(Mutex::new(Table::new(max_transfers))),
            max_transfers,
            max_per_client: max_transfers,
        }
    }

    /// Bounds the transfers whose peer has not answered yet, and those of one address.
    pub(super) fn with_limits(mut self, max_unconfirmed: usize, max_per_client: usize) -> Self {
        self.lock().half_open = HalfOpen::new(max_unconfirmed);
        self.max_per_client = max_per_client;
        self
    }

    /// Judges a request from `peer`. One that equals the running one is its echo, as long as that
    /// is alive; any other means that the client has given up the old one.
    /// `is_known`: a forger is unlikely; transfers of others leave before its own.
    /// `handle`: where a new transfer would be.
    pub(super) fn judge_known(
        &self,
        peer: SocketAddr,
        request: &[u8],
        is_known: bool,
        handle: impl FnOnce() -> TransferHandle,
    ) -> Verdict {
        let mut table = self.lock();
        if let Some(running) = table.running.get(&peer) {
            let pulse = running.pulse;
            let alive = !pulse.confirmed || (!pulse.ending && pulse.at.elapsed() < ALIVE);
            if running.request == request && alive {
                if !pulse.confirmed {
                    running.handle.say(Command::Repeat);
                }
                return Verdict::Repeated;
            }
            running.handle.say(Command::Supersede);
            let number = running.number;
            table.half_open.close(number);
        } else if table.running.len() >= self.max_transfers {
            return Verdict::Busy;
        } else if !peer.ip().is_loopback() && table.transfers_of(peer.ip()) >= self.max_per_client {
            return Verdict::BusyClient;
        } else {
            *table.per_client.entry(peer.ip()).or_default() += 1;
        }
        let handle = handle();
        table.next += 1;
        let number = table.next;
        let quiet = Arc::new(AtomicBool::new(false));
        let running = Running {
            number,
            request: request.to_vec(),
            handle: handle.clone(),
            started: false,
            pulse: Pulse {
                confirmed: false,
                ending: false,
                dallying: false,
                at: Instant::now(),
            },
            answer: 0,
            quiet: Arc::clone(&quiet),
        };
        let old = table.running.insert(peer, running);
        table.lingering += usize::from(old.is_some_and(|old| old.started));
        Verdict::Start(Ticket {
            admission: self.clone(),
            peer,
            number,
            handle,
            quiet,
            is_known,
            started: false,
        })
    }

    /// Judges a request of a peer that nothing is known about.
    #[cfg(test)]
    pub(super) fn judge(&self, peer: SocketAddr, request: &[u8]) -> Verdict {
        self.judge_known(peer, request, false, TransferHandle::to_nobody)
    }

    /// The transfer of a peer, and whether it has answered.
    pub(super) fn handle(&self, peer: SocketAddr) -> Option<(TransferHandle, bool)> {
        let table = self.lock();
        let running = table.running.get(&peer)?;
        Some((running.handle.clone(), running.pulse.confirmed))
    }

    /// How long the answer is that this request would have us repeat to a peer that may not be there.
    pub(super) fn would_repeat(&self, peer: SocketAddr, request: &[u8]) -> Option<usize> {
        let table = self.lock();
        let running = table.running.get(&peer)?;
        (!running.pulse.confirmed && running.request == request).then_some(running.answer)
    }

    /// The system is short of descriptors: the transfer that has been unconfirmed for longest leaves.
    pub(super) fn shed(&self) {
        let mut table = self.lock();
        if let Some((number, peer)) = table.half_open.shed() {
            table.evict(number, peer);
        }
    }

    /// How many unconfirmed transfers have left for newer ones.
    pub(super) fn evicted(&self) -> u64 {
        self.lock().evicted
    }

    /// How many transfers were told to end and have not yet.
    pub(super) fn lingering(&self) -> usize {
        self.lock().lingering
    }

    /// Whether to tell `peer` that its request makes no sense: once, as far back as is remembered.
    pub(super) fn may_rebuke(&self, peer: SocketAddr) -> bool {
        let mut table = self.lock();
        if table.rebuked.contains(&peer) {
            return false;
        }
        if table.rebuked.len() >= REMEMBERED {
            table.rebuked.pop_front();
        }
        table.rebuked.push_back(peer);
        true
    }

    /// How many transfers are not done yet.
    pub(super) fn unfinished(&self) -> usize {
        let table = self.lock();
        table
            .running
            .values()
            .filter(|running| !running.pulse.dallying)
            .count()
    }

    /// Tells every transfer to stop.
    pub(super) fn stop_all(&self) {
        for running in self.lock().running.values() {
            running.handle.say(Command::Stop);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is whole after every statement; a panic elsewhere does not spoil it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    fn new(max_unconfirmed: usize) -> Self {
        Self {
            running: HashMap::new(),
            next: 0,
            rebuked: VecDeque::new(),
            half_open: HalfOpen::new(max_unconfirmed),
            per_client: HashMap::new(),
            lingering: 0,
            evicted: 0,
        }
    }

    fn transfers_of(&self, client: IpAddr) -> usize {
        self.per_client.get(&client).copied().unwrap_or(0)
    }

    /// Ends an unconfirmed transfer without a word to anybody: it may be a forger's.
    fn evict(&mut self, number: u64, peer: SocketAddr) {
        if let Some(running) = self.remove(number, peer) {
            running.quiet.store(true, Ordering::Relaxed);
            self.evicted += 1;
            self.lingering += usize::from(running.started);
            running.handle.say(Command::Supersede);
        }
    }

    fn remove(&mut self, number: u64, peer: SocketAddr) -> Option<Running> {
        self.running
            .get(&peer)
            .filter(|running| running.number == number)?;
        self.half_open.close(number);
        if let Some(count) = self.per_client.get_mut(&peer.ip()) {
            *count -= 1;
            if *count == 0 {
                self.per_client.remove(&peer.ip());
            }
        }
        self.running.remove(&peer)
    }
}

impl Ticket {
    /// Tells how long the first answer is.
    pub(super) fn will_answer(&self, bytes: usize) {
        if let Some(running) = self.admission.lock().running.get_mut(&self.peer) {
            running.answer = bytes;
        }
    }

    /// The file is open, and the transfer starts now: from here on it may have to leave for a newer one.
    pub(super) fn starts(&mut self) {
        let mut table = self.admission.lock();
        self.started = true;
        match table.running.get_mut(&self.peer) {
            Some(running) if running.number == self.number => running.started = true,
            _ => {
                table.lingering += 1;
                return;
            }
        }
        if let Some((number, peer)) = table.half_open.open(self.number, self.peer, self.is_known) {
            table.evict(number, peer);
        }
    }

    /// The handle to this transfer.
    pub(super) fn handle(&self) -> TransferHandle {
        self.handle.clone()
    }

    /// Says later whether nobody wants to hear of this transfer's end.
    pub(super) fn quiet(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.quiet)
    }

    /// Notes how the transfer is doing. Whether the peer has just proved to be there.
    pub(super) fn note(&self, pulse: Pulse) -> bool {
        let mut table = self.admission.lock();
        let is_proof = pulse.confirmed && table.half_open.close(self.number);
        if let Some(running) = table
            .running
            .get_mut(&self.peer)
            .filter(|running| running.number == self.number)
        {
            running.pulse = pulse;
        }
        is_proof
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut table = self.admission.lock();
        if table.remove(self.number, self.peer).is_none() && self.started {
            table.lingering -= 1;
        }
    }
}

/// A transfer that has been silent for longer is not what a repeated request echoes.
const ALIVE: Duration = Duration::from_secs(1);
const REMEMBERED: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"\0\x01file\0octet\0";

    fn peer(port: u16) -> SocketAddr {
        ([192, 0, 2, 1], port).into()
    }

    #[track_caller]
    fn start(admission: &Admission, port: u16) -> Ticket {
        match admission.judge(peer(port), REQUEST) {
            Verdict::Start(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    fn pulse(confirmed: bool, ending: bool, age: Duration) -> Pulse {
        let at = Instant::now().checked_sub(age).expect("up for longer");
        Pulse {
            confirmed,
            ending,
            dallying: false,
            at,
        }
    }

    fn is_repeated(admission: &Admission, request: &[u8]) -> bool {
        matches!(admission.judge(peer(1), request), Verdict::Repeated)
    }

    #[test]
    fn an_echo_before_the_first_answer_repeats_it() {
        let admission = Admission::new(9);
        let ticket = start(&admission, 1);
        assert!(is_repeated(&admission, REQUEST));
        assert_eq!(ticket.handle.said(), [Command::Repeat]);
        ticket.note(pulse(true, false, Duration::ZERO));
        assert!(is_repeated(&admission, REQUEST));
        assert!(ticket.handle.said().is_empty(), "an echo of long ago");
        assert_eq!(admission.lock().running.len(), 1);
    }

    #[test]
    fn the_same_request_is_a_new_one_after_silence_or_at_the_end() {
        for old in [
            pulse(true, false, ALIVE * 2),
            pulse(true, true, Duration::ZERO),
        ] {
            let admission = Admission::new(9);
            let ticket = start(&admission, 1);
            ticket.note(old);
            let _new = start(&admission, 1);
            assert_eq!(ticket.handle.said(), [Command::Supersede]);
            assert_eq!(admission.lock().running.len(), 1);
        }
    }

    #[test]
    fn another_request_takes_the_place_of_the_first_even_where_no_more_may_run() {
        let admission = Admission::new(1);
        let old = start(&admission, 1);
        let Verdict::Start(new) = admission.judge(peer(1), b"\0\x01other\0octet\0") else {
            panic!()
        };
        assert_eq!(old.handle.said(), [Command::Supersede]);
        drop(old);
        assert_eq!(
            admission.lock().running.len(),
            1,
            "the old ticket ends the old one only"
        );
        drop(new);
        assert_eq!(admission.lock().running.len(), 0);
    }

    #[test]
    fn no_more_than_may_run() {
        let admission = Admission::new(2);
        let (first, _second) = (start(&admission, 1), start(&admission, 2));
        assert!(matches!(admission.judge(peer(3), REQUEST), Verdict::Busy));
        drop(first);
        start(&admission, 3);
    }

    #[test]
    fn a_peer_is_rebuked_once_as_far_back_as_is_remembered() {
        let admission = Admission::new(1);
        assert!(admission.may_rebuke(peer(1)));
        assert!(!admission.may_rebuke(peer(1)));
        for port in 0..REMEMBERED as u16 {
            assert!(admission.may_rebuke(peer(port + 2)));
        }
        assert!(
            admission.may_rebuke(peer(1)),
            "forgotten: memory is bounded"
        );
        assert_eq!(admission.lock().rebuked.len(), REMEMBERED);
    }
}
