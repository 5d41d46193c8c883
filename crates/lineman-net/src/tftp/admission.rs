//! Which requests become transfers: knows who has one already, and what a repetition means.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_proto::tftp::guard::HalfOpen;

pub(super) use super::places::Fate;
use super::places::Running;
use super::places::Table;
pub(super) use super::places::TransferState;
use super::transfer::Command;
use super::transfer::TransferHandle;

/// The transfers that run, by peer.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    table: Arc<Mutex<Table>>,
    max_transfers: usize,
    max_per_client: usize,
    /// Transfers of one peer cannot be told apart: all are heard at one port.
    shares_port: bool,
}

/// What to do with a request.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Start a transfer; it ends when the ticket is dropped.
    Start(Ticket),
    /// It is an echo of one that runs, or is to come again: nothing to do.
    Repeated,
    /// As many transfers run as may.
    Busy,
    /// As many transfers run for this client's address as may.
    BusyClient,
    /// As many transfers run for the client's network as one network may have.
    BusyNetwork {
        /// How many may.
        limit: usize,
    },
}

/// A transfer's place in the table.
#[derive(Debug)]
pub(super) struct Ticket {
    admission: Admission,
    peer: SocketAddr,
    number: u64,
    handle: TransferHandle,
    fate: Arc<Fate>,
    is_known: bool,
    started: bool,
}

impl Admission {
    pub(super) fn new(max_transfers: usize) -> Self {
        Self {
            table: Arc::new(Mutex::new(Table::new(max_transfers))),
            max_transfers,
            max_per_client: max_transfers,
            shares_port: false,
        }
    }

    /// Where all transfers have one port.
    pub(super) fn with_shared_port(mut self, shares_port: bool) -> Self {
        self.shares_port = shares_port;
        self
    }

    /// Bounds the transfers whose peer has not answered yet, and those of one address.
    pub(super) fn with_limits(mut self, max_unconfirmed: usize, max_per_client: usize) -> Self {
        self.lock().half_open = HalfOpen::new(max_unconfirmed);
        self.max_per_client = max_per_client;
        self
    }

    /// Judges a request from `peer`. One that equals the running one is its echo, as long as that
    /// is alive; after a moment of silence it is a client that has started again, as any other request
    /// is. While the client makes progress no request ends it: a forger knows neither the
    /// port that it is answered from nor when it pauses. Before it has answered, and when it has paused,
    /// either may be forged: both run until one is answered.
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
            let is_echo = !running.state.confirmed && running.request == request;
            if is_echo {
                running.handle.say(Command::Repeat);
            }
            let is_open = !running.state.confirmed && !self.shares_port;
            if is_echo || (running.state.is_alive() && !is_open) {
                return Verdict::Repeated;
            }
            let may_go_on = running.state.confirmed && !running.state.ending && !self.shares_port;
            if may_go_on || (is_open && running.state.is_alive()) {
                table.set_aside(peer);
            } else {
                running.handle.say(Command::Supersede);
                let number = running.number;
                table.half_open.close(number);
            }
        } else if let Err(busy) = table.find_place(peer, self.max_transfers, self.max_per_client) {
            return busy;
        } else {
            table.count(peer.ip());
        }
        let handle = handle();
        table.next += 1;
        let number = table.next;
        let fate = Arc::new(Fate::default());
        let running = Running {
            number,
            request: request.to_vec(),
            handle: handle.clone(),
            started: false,
            state: TransferState {
                confirmed: false,
                proved: false,
                ending: false,
                dallying: false,
                storing: false,
                at: Instant::now(),
            },
            answer: 0,
            fate: Arc::clone(&fate),
        };
        let old = table.running.insert(peer, running);
        table.lingering += usize::from(old.is_some_and(|old| old.started));
        Verdict::Start(Ticket {
            admission: self.clone(),
            peer,
            number,
            handle,
            fate,
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
        Some((running.handle.clone(), running.state.confirmed))
    }

    /// The transfer of a peer that has not proved to be there.
    pub(super) fn unproved(&self, peer: SocketAddr) -> Option<TransferHandle> {
        let table = self.lock();
        let running = table.running.get(&peer)?;
        (!running.state.proved).then(|| running.handle.clone())
    }

    /// The peer writes to the port of requests what belongs to its transfer.
    pub(super) fn note_keeps_to_port(&self, peer: SocketAddr) {
        if let Some(running) = self.lock().running.get(&peer)
            && !running.state.confirmed
        {
            running.fate.keeps_to_port.store(true, Ordering::Relaxed);
        }
    }

    /// How long the answer is that this request would have us repeat to a peer that may not be there.
    pub(super) fn would_repeat(&self, peer: SocketAddr, request: &[u8]) -> Option<usize> {
        let table = self.lock();
        let running = table.running.get(&peer)?;
        (!running.state.confirmed && running.request == request).then_some(running.answer)
    }

    /// The system is short of descriptors: a transfer leaves whose client has not proved its address, or
    /// the one whose client has been silent for longest.
    pub(super) fn shed(&self) {
        self.lock().make_room(None, Duration::ZERO);
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
            .filter(|running| !running.state.dallying)
            .count()
            + table.set_aside.len()
    }

    /// Tells every transfer to stop.
    pub(super) fn stop_all(&self) {
        let table = self.lock();
        let set_aside = table.set_aside.values().map(|(_, running)| running);
        for running in table.running.values().chain(set_aside) {
            running.handle.say(Command::Stop);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is whole after every statement; a panic elsewhere does not spoil it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
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
        if !table.note_start(self.number, self.peer) {
            table.lingering += 1;
            return;
        }
        if let Some((number, peer)) = table.half_open.open(self.number, self.peer, self.is_known) {
            table.evict(number, peer);
        }
    }

    /// The handle to this transfer.
    pub(super) fn handle(&self) -> TransferHandle {
        self.handle.clone()
    }

    /// Whether the client, or a forger in its name, has asked for something else since.
    pub(super) fn is_set_aside(&self) -> bool {
        self.admission.lock().set_aside.contains_key(&self.number)
    }

    /// What befalls this transfer from outside.
    pub(super) fn fate(&self) -> &Fate {
        &self.fate
    }

    /// Notes how the transfer is doing. Whether the peer has just proved to be there.
    pub(super) fn note(&self, state: TransferState) -> bool {
        let mut table = self.admission.lock();
        let is_proof = state.proved && table.half_open.close(self.number);
        if state.confirmed && !state.proved {
            table.half_open.note_answer(self.number);
        }
        let running = table.running.get_mut(&self.peer);
        match running.filter(|running| running.number == self.number) {
            Some(running) => {
                let is_first = state.confirmed && !running.state.confirmed;
                running.state = state;
                if is_first {
                    table.settle(self.peer);
                }
            }
            None if state.confirmed => table.bring_back(self.number, state),
            None => {}
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

const REMEMBERED: usize = 1024;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::places::ANSWER;
    use super::super::places::MOMENT;
    use super::super::places::SET_ASIDE;
    use super::*;

    const REQUEST: &[u8] = b"\0\x01file\0octet\0";

    fn peer(port: u16) -> SocketAddr {
        ([192, 0, 2, 1], port).into()
    }

    #[track_caller]
    fn start(admission: &Admission, port: u16) -> Ticket {
        match admission.judge(peer(port), REQUEST) {
            Verdict::Start(mut ticket) => {
                ticket.starts();
                ticket
            }
            other => panic!("{other:?}"),
        }
    }

    fn state(confirmed: bool, ending: bool, age: Duration) -> TransferState {
        let at = Instant::now().checked_sub(age).expect("up for longer");
        TransferState {
            confirmed,
            proved: confirmed,
            ending,
            dallying: false,
            storing: false,
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
        ticket.note(state(true, false, Duration::ZERO));
        assert!(is_repeated(&admission, REQUEST));
        assert!(ticket.handle.said().is_empty(), "an echo of long ago");
        assert_eq!(admission.lock().running.len(), 1);
    }

    #[test]
    fn the_same_request_is_a_new_one_at_the_end() {
        let admission = Admission::new(9);
        let ticket = start(&admission, 1);
        ticket.note(state(true, true, Duration::ZERO));
        let _new = start(&admission, 1);
        assert_eq!(ticket.handle.said(), [Command::Supersede]);
        assert_eq!(admission.lock().running.len(), 1);
    }

    #[test]
    fn the_same_request_is_a_new_one_after_silence_as_soon_as_it_is_answered() {
        let admission = Admission::new(9);
        let ticket = start(&admission, 1);
        ticket.note(state(true, false, MOMENT * 2));
        let new = start(&admission, 1);
        assert!(ticket.handle.said().is_empty());
        new.note(state(true, false, Duration::ZERO));
        assert_eq!(ticket.handle.said(), [Command::Supersede]);
        assert_eq!(admission.lock().running.len(), 1);
        assert_eq!(admission.lock().set_aside.len(), 0);
    }

    /// A client that wrote to its flash for 300 ms lost its transfer to a forged request.
    #[test]
    fn a_client_that_pauses_keeps_its_transfer_whoever_asks_in_its_name() {
        let admission = Admission::new(999);
        let slow = start(&admission, 1);
        let paused = state(true, false, MOMENT * 2);
        slow.note(paused);
        let mut forged = Vec::new();
        for port in 2..2 * SET_ASIDE as u16 {
            forged.push(start(&admission, port));
            let request = [&[0, 1][..], &port.to_be_bytes(), b"\0octet\0"].concat();
            // Each sets one aside.
            for port in [1, port] {
                if let Verdict::Start(mut ticket) = admission.judge(peer(port), &request) {
                    ticket.starts();
                    forged.push(ticket);
                }
            }
        }
        assert!(slow.handle.said().is_empty());
        slow.note(paused);
        assert!(admission.lock().set_aside.contains_key(&1), "no word of it");
        slow.note(state(true, false, Duration::ZERO));
        assert!(slow.handle.said().is_empty());
        assert_eq!(admission.lock().running[&peer(1)].number, 1);
        assert!(admission.lock().set_aside.len() <= SET_ASIDE);
        assert!(is_repeated(&admission, b"\0\x01any\0octet\0"));
    }

    #[test]
    fn another_request_takes_the_place_of_the_first_even_where_no_more_may_run() {
        let admission = Admission::new(1);
        let old = start(&admission, 1);
        old.note(state(false, false, ANSWER * 2));
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
    fn of_two_requests_in_one_client_s_name_the_one_that_it_answers_runs() {
        const OTHER: &[u8] = b"\0\x01other\0octet\0";
        for is_first_answered in [true, false] {
            let admission = Admission::new(9);
            let first = start(&admission, 1);
            let Verdict::Start(mut second) = admission.judge(peer(1), OTHER) else {
                panic!()
            };
            second.starts();
            assert!(first.handle.said().is_empty(), "it may be about to answer");
            let (answered, other) = match is_first_answered {
                true => (&first, &second),
                false => (&second, &first),
            };
            assert!(answered.note(state(true, false, Duration::ZERO)));
            assert_eq!(other.handle.said(), [Command::Supersede]);
            assert!(answered.handle.said().is_empty());
            other.note(state(true, false, Duration::ZERO)); // too late
            assert!(answered.handle.said().is_empty());
            assert!(is_repeated(&admission, OTHER) && is_repeated(&admission, REQUEST));
            drop((first, second));
            let table = admission.lock();
            let left = (
                table.running.len(),
                table.set_aside.len(),
                table.half_open.len(),
            );
            assert_eq!(
                (left, table.per_client.len(), table.lingering),
                ((0, 0, 0), 0, 0)
            );
        }
    }

    #[test]
    fn what_is_set_aside_is_bounded_and_with_one_port_for_all_nothing_is() {
        let admission = Admission::new(999);
        let request = |n: u16| [b"\0\x01", n.to_string().as_bytes(), b"\0octet\0"].concat();
        let tickets: Vec<_> = (0..200)
            .map(|n| match admission.judge(peer(1), &request(n)) {
                Verdict::Start(mut ticket) => {
                    ticket.starts();
                    ticket
                }
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(admission.lock().set_aside.len(), SET_ASIDE);
        assert_eq!(admission.lingering(), 200 - 1 - SET_ASIDE);
        drop(tickets);
        assert_eq!(admission.lock().half_open.len(), 0);
        let shared = Admission::new(9).with_shared_port(true);
        let _ticket = start(&shared, 1);
        let other = shared.judge(peer(1), &request(1));
        assert!(matches!(other, Verdict::Repeated));
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
