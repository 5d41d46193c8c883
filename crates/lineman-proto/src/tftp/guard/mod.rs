//! Whom a server answers at all, and how much before anybody has proved to be there.
//!
//! A request is one datagram, its sender's address is easily forged, and the answer is longer than
//! the question: left alone, a TFTP server sends a stranger sixty times what it is sent. So
//! addresses that a boot server has no business with are never answered, each neighbourhood of
//! addresses has a bucket that requests and ERRORs are taken from, and all of them together have an
//! account of bytes. Who answers an answer has proved its address, and gets its share back.

mod buckets;
mod half_open;
mod notices;
mod prefix;

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

pub use half_open::HalfOpen;
pub use prefix::Prefix;
pub use prefix::PrefixError;

use buckets::Bucket;
use buckets::Buckets;
use buckets::Rate;
use notices::Notices;

/// Why a datagram was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ignored {
    /// Its sender's address is not among those that are served.
    NotAllowed,
    /// An answer would come back as a new question: it was sent from port 0, from our own address
    /// and port, or from the port of a service that answers whatever it hears.
    Loop,
    /// Its neighbourhood has asked too much lately.
    TooFast,
    /// The answer is much longer than the question, and too many such have gone to peers that
    /// have not proved to be there.
    Amplifies,
}

/// How many datagrams were ignored, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IgnoredCounts {
    /// See [`Ignored::NotAllowed`].
    pub not_allowed: u64,
    /// See [`Ignored::Loop`].
    pub loops: u64,
    /// See [`Ignored::TooFast`].
    pub too_fast: u64,
    /// See [`Ignored::Amplifies`].
    pub amplifies: u64,
}

/// Decides whether a request is looked at and whether it is answered.
#[derive(Debug)]
pub struct Guard {
    /// `None` is everybody.
    allow: Option<Vec<Prefix>>,
    buckets: Buckets,
    account: Bucket,
    reports: Bucket,
    notices: Notices,
    counts: IgnoredCounts,
}

impl Guard {
    /// A guard that lets through whoever is in one of `allow`; everybody if that is `None`.
    pub fn new(now: Instant, allow: Option<Vec<Prefix>>) -> Self {
        Self {
            allow,
            buckets: Buckets::new(NEIGHBOURHOOD),
            account: Bucket::full(now, ACCOUNT),
            reports: Bucket::full(now, REPORTS),
            notices: Notices::new(now),
            counts: IgnoredCounts::default(),
        }
    }

    /// Whether to look at a datagram from `from` to our address `to`.
    ///
    /// # Errors
    /// Why not.
    pub fn look(&self, from: SocketAddr, to: SocketAddr) -> Result<(), Ignored> {
        let allowed = |ranges: &Vec<Prefix>| ranges.iter().any(|range| range.contains(from.ip()));
        if !self.allow.as_ref().is_none_or(allowed) {
            Err(Ignored::NotAllowed)
        } else if from == to || from.ip().is_unspecified() || ANSWERING.contains(&from.port()) {
            Err(Ignored::Loop)
        } else {
            Ok(())
        }
    }

    /// Takes the price of a request from `from` that may begin a transfer or repeat an answer.
    ///
    /// # Errors
    /// If its neighbourhood has spent what it may.
    pub fn take_request(&mut self, now: Instant, from: IpAddr) -> Result<(), Ignored> {
        self.take(now, from, REQUEST_PRICE)
    }

    /// Takes the price of an ERROR to `from`.
    ///
    /// # Errors
    /// If its neighbourhood has spent what it may.
    pub fn take_error(&mut self, now: Instant, from: IpAddr) -> Result<(), Ignored> {
        self.take(now, from, ERROR_PRICE)
    }

    /// The request is answered with an ERROR, which costs less than a transfer.
    pub fn refuse(&mut self, from: IpAddr) {
        let difference = REQUEST_PRICE - ERROR_PRICE;
        self.buckets.give_back(Prefix::around(from), difference);
    }

    /// Takes the bytes of an answer that is sent up to `times` times to a peer that may not be
    /// there, and says how many these were. Lengths are those of the datagrams' payload. An answer
    /// no longer than the question is free.
    ///
    /// # Errors
    /// If all such answers together have become too much.
    pub fn take_answer(
        &mut self,
        now: Instant,
        from: IpAddr,
        question: usize,
        answer: usize,
        times: u32,
    ) -> Result<u64, Ignored> {
        if self.is_known(now, from) {
            return Ok(0);
        }
        let price = excess(question, answer, times);
        if self.account.take(now, price) {
            Ok(price)
        } else {
            Err(Ignored::Amplifies)
        }
    }

    /// Whether [`Self::take_answer`] would allow the longest first answer to such a request: what is
    /// known before any file is opened for it.
    ///
    /// # Errors
    /// If all such answers together have become too much.
    pub fn look_ahead(
        &mut self,
        now: Instant,
        from: IpAddr,
        question: usize,
        answer: usize,
        times: u32,
    ) -> Result<(), Ignored> {
        let taken = self.take_answer(now, from, question, answer, times)?;
        self.account.give_back(taken);
        Ok(())
    }

    /// The peer has answered: it gets back its request's price, and `taken`, its answer's.
    pub fn confirm(&mut self, now: Instant, from: IpAddr, taken: u64) {
        let prefix = Prefix::around(from);
        self.buckets.give_back(prefix, REQUEST_PRICE);
        self.buckets.prove(now, prefix);
        self.account.give_back(taken);
    }

    /// Whether to tell the operator of a request from `from` that was refused: a forger must not fill
    /// the log.
    pub fn take_report(&mut self, now: Instant, from: IpAddr) -> bool {
        self.is_known(now, from) || self.reports.take(now, 1)
    }

    /// Counts a datagram that was ignored. Gives the neighbourhood to be named if this is the first
    /// time for this reason and not too many have been named lately.
    pub fn note(&mut self, now: Instant, why: Ignored, from: IpAddr) -> Option<Prefix> {
        let count = match why {
            Ignored::NotAllowed => &mut self.counts.not_allowed,
            Ignored::Loop => &mut self.counts.loops,
            Ignored::TooFast => &mut self.counts.too_fast,
            Ignored::Amplifies => &mut self.counts.amplifies,
        };
        *count += 1;
        let prefix = Prefix::around(from);
        self.notices.say(now, why, prefix).then_some(prefix)
    }

    /// How many were ignored.
    pub fn counts(&self) -> IgnoredCounts {
        self.counts
    }

    /// Whether `from` is this machine, or somebody near it has proved lately to be there.
    pub fn is_known(&self, now: Instant, from: IpAddr) -> bool {
        from.is_loopback() || self.is_proved(now, from)
    }

    fn is_proved(&self, now: Instant, from: IpAddr) -> bool {
        self.buckets
            .is_proved(now, Prefix::around(from), PROOF_HOLDS)
    }

    /// Nobody can forge the address of this machine from elsewhere: it has no bucket.
    fn take(&mut self, now: Instant, from: IpAddr, price: u64) -> Result<(), Ignored> {
        if from.is_loopback() || self.buckets.take(now, Prefix::around(from), price) {
            Ok(())
        } else {
            Err(Ignored::TooFast)
        }
    }
}

/// What answers cost beyond twice the question, headers of IPv4 and UDP included.
fn excess(question: usize, answer: usize, times: u32) -> u64 {
    let on_the_wire = |bytes: usize| bytes as u64 + HEADERS;
    (on_the_wire(answer) * u64::from(times)).saturating_sub(2 * on_the_wire(question))
}

/// A transfer that was never confirmed costs eight times an ERROR: it costs us memory, and its
/// receiver more bytes.
const REQUEST_PRICE: u64 = 8;
const ERROR_PRICE: u64 = 1;
/// A hall of 1,000 machines behind one /24 begins 4 transfers each at once, or hears 32 times each
/// that there is no such file; a forger makes us begin 256 a second for one neighbourhood.
const NEIGHBOURHOOD: Rate = Rate {
    burst: 4096 * REQUEST_PRICE,
    each_second: 256 * REQUEST_PRICE,
};
/// Bytes that all unproven peers together may be sent beyond twice what they sent. A thousand
/// clients without options (516 bytes, twice) may begin at the same moment.
const ACCOUNT: Rate = Rate {
    burst: 1 << 20,
    each_second: 64 << 10,
};
/// Refusals that are told of unproven peers: a thousand machines that ask for ten missing names at
/// once, then a line every 50 ms.
const REPORTS: Rate = Rate {
    burst: 10_000,
    each_second: 20,
};
/// How long a neighbourhood is known for somebody who has proved to be there.
const PROOF_HOLDS: Duration = Duration::from_secs(60);
/// IPv4 and UDP.
const HEADERS: u64 = 28;
/// No port, and those of services that answer what they do not understand: echo, daytime, qotd,
/// chargen, time, domain, tftp itself, ntp, snmp, cldap. No client asks from one of them.
const ANSWERING: [u16; 11] = [0, 7, 13, 17, 19, 37, 53, 69, 123, 161, 389];

#[cfg(test)]
mod tests;
