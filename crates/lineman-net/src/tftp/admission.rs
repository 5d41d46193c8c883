//! Which requests become transfers: knows who has one already, and what a repetition means.

use std::collections::HashMap;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;
use std::time::Instant;

use tokio::sync::mpsc;

use super::transfer::Command;

/// The transfers that run, by peer.
#[derive(Clone, Debug)]
pub(super) struct Admission {
    table: Arc<Mutex<Table>>,
    max_transfers: usize,
}

#[derive(Debug, Default)]
struct Table {
    running: HashMap<SocketAddr, Running>,
    next: u64,
    /// Peers that were told lately that their request makes no sense.
    rebuked: VecDeque<SocketAddr>,
}

#[derive(Debug)]
struct Running {
    number: u64,
    request: Vec<u8>,
    commands: mpsc::Sender<Command>,
    pulse: Pulse,
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
}

/// A transfer's place in the table.
#[derive(Debug)]
pub(super) struct Ticket {
    admission: Admission,
    peer: SocketAddr,
    number: u64,
    pub(super) commands: mpsc::Receiver<Command>,
}

impl Admission {
    pub(super) fn new(max_transfers: usize) -> Self {
        Self {
            table: Arc::default(),
            max_transfers,
        }
    }

    /// Judges a request from `peer`. One that equals the running one is its echo, as long as that
    /// is alive; any other means that the client has given up the old one.
    pub(super) fn judge(&self, peer: SocketAddr, request: &[u8]) -> Verdict {
        let mut table = self.lock();
        if let Some(running) = table.running.get(&peer) {
            let pulse = running.pulse;
            let alive = !pulse.confirmed || (!pulse.ending && pulse.at.elapsed() < ALIVE);
            if running.request == request && alive {
                if !pulse.confirmed {
                    let _ = running.commands.try_send(Command::Repeat);
                }
                return Verdict::Repeated;
            }
            let _ = running.commands.try_send(Command::Supersede);
        } else if table.running.len() >= self.max_transfers {
            return Verdict::Busy;
        }
        let (sender, commands) = mpsc::channel(COMMANDS);
        table.next += 1;
        let number = table.next;
        let running = Running {
            number,
            request: request.to_vec(),
            commands: sender,
            pulse: Pulse {
                confirmed: false,
                ending: false,
                dallying: false,
                at: Instant::now(),
            },
        };
        table.running.insert(peer, running);
        Verdict::Start(Ticket {
            admission: self.clone(),
            peer,
            number,
            commands,
        })
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
            let _ = running.commands.try_send(Command::Stop);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        // The table is whole after every statement; a panic elsewhere does not spoil it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Ticket {
    /// Notes how the transfer is doing.
    pub(super) fn note(&self, pulse: Pulse) {
        let mut table = self.admission.lock();
        if let Some(running) = table
            .running
            .get_mut(&self.peer)
            .filter(|running| running.number == self.number)
        {
            running.pulse = pulse;
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut table = self.admission.lock();
        if table
            .running
            .get(&self.peer)
            .is_some_and(|running| running.number == self.number)
        {
            table.running.remove(&self.peer);
        }
    }
}

/// A transfer that has been silent for longer is not what a repeated request echoes.
const ALIVE: Duration = Duration::from_secs(1);
const COMMANDS: usize = 4;
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
        let mut ticket = start(&admission, 1);
        assert!(is_repeated(&admission, REQUEST));
        assert_eq!(ticket.commands.try_recv(), Ok(Command::Repeat));
        ticket.note(pulse(true, false, Duration::ZERO));
        assert!(is_repeated(&admission, REQUEST));
        assert!(ticket.commands.try_recv().is_err(), "an echo of long ago");
        assert_eq!(admission.lock().running.len(), 1);
    }

    #[test]
    fn the_same_request_is_a_new_one_after_silence_or_at_the_end() {
        for old in [
            pulse(true, false, ALIVE * 2),
            pulse(true, true, Duration::ZERO),
        ] {
            let admission = Admission::new(9);
            let mut ticket = start(&admission, 1);
            ticket.note(old);
            let _new = start(&admission, 1);
            assert_eq!(ticket.commands.try_recv(), Ok(Command::Supersede));
            assert_eq!(admission.lock().running.len(), 1);
        }
    }

    #[test]
    fn another_request_takes_the_place_of_the_first_even_where_no_more_may_run() {
        let admission = Admission::new(1);
        let mut old = start(&admission, 1);
        let Verdict::Start(new) = admission.judge(peer(1), b"\0\x01other\0octet\0") else {
            panic!()
        };
        assert_eq!(old.commands.try_recv(), Ok(Command::Supersede));
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
