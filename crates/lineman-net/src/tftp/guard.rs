//! The guard as the server's loop and its transfers share it, and what the operator hears of it.

use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Instant;

use lineman_proto::tftp::guard::Guard;
use lineman_proto::tftp::guard::Ignored;
use lineman_proto::tftp::guard::IgnoredCounts;
use lineman_proto::tftp::guard::Prefix;
use lineman_proto::tftp::guard::Rules;
use lineman_proto::tftp::guard::Standing;
use lineman_proto::tftp::guard::Taken;

/// A [`Guard`] that knows the time.
#[derive(Debug)]
pub(super) struct SharedGuard(Mutex<Guard>);

impl SharedGuard {
    pub(super) fn new(rules: Rules) -> Self {
        Self(Mutex::new(Guard::new(Instant::now(), rules)))
    }

    /// Whether to look at a datagram at all.
    pub(super) fn look(&self, from: SocketAddr, to: SocketAddr) -> Result<(), Ignored> {
        self.lock().look(from, to)
    }

    /// Takes the price of a request, and says what is known of its sender.
    pub(super) fn take_request(
        &self,
        from: SocketAddr,
        request: &[u8],
    ) -> Result<Standing, Ignored> {
        self.lock().take_request(Instant::now(), from, request)
    }

    /// Takes the price of an ERROR.
    pub(super) fn take_error(&self, from: SocketAddr) -> Result<(), Ignored> {
        self.lock().take_error(Instant::now(), from.ip())
    }

    /// The request that was paid for gets an ERROR.
    pub(super) fn refuse(&self, from: SocketAddr) {
        self.lock().refuse(from.ip());
    }

    /// Takes the bytes of an answer.
    pub(super) fn take_answer(
        &self,
        from: SocketAddr,
        standing: Standing,
        question: usize,
        answer: usize,
        times: u32,
    ) -> Result<Taken, Ignored> {
        self.lock()
            .take_answer(Instant::now(), from.ip(), standing, question, answer, times)
    }

    /// Whether such an answer would be paid for.
    pub(super) fn look_ahead(
        &self,
        from: SocketAddr,
        standing: Standing,
        question: usize,
        answer: usize,
        times: u32,
    ) -> Result<(), Ignored> {
        self.lock()
            .look_ahead(Instant::now(), from.ip(), standing, question, answer, times)
    }

    /// Takes the bytes of blocks from a shared port to a peer whose transfer has proved nothing.
    pub(super) fn take_blocks(&self, peer: SocketAddr, bytes: u64) -> bool {
        self.lock().take_blocks(Instant::now(), peer.ip(), bytes)
    }

    /// The peer is there.
    pub(super) fn confirm(&self, from: SocketAddr, taken: Taken) {
        self.lock().confirm(Instant::now(), from.ip(), taken);
    }

    /// Whether to tell of a refusal.
    pub(super) fn take_report(&self, from: SocketAddr) -> bool {
        self.lock().take_report(Instant::now(), from.ip())
    }

    /// Counts what was ignored, and says whether to name its neighbourhood.
    pub(super) fn note(&self, why: Ignored, from: IpAddr) -> Option<Prefix> {
        self.lock().note(Instant::now(), why, from)
    }

    /// Whether to say that blocks to this neighbourhood wait.
    pub(super) fn note_slowed(&self, from: IpAddr) -> Option<Prefix> {
        self.lock().note_slowed(Instant::now(), from)
    }

    pub(super) fn counts(&self) -> IgnoredCounts {
        self.lock().counts()
    }

    fn lock(&self) -> MutexGuard<'_, Guard> {
        // It is whole after every statement; a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
