//! Whom a server answers at all, and how much before the client has proved that its address is its own.
//!
//! A request is one datagram, its sender's address is easily forged, and the answer may be longer
//! than the question: left alone, a TFTP server sends a stranger sixty times what it is sent. So
//! addresses that a boot server has no business with are never answered; what goes to an address
//! that has proved nothing is three times what came from it, and what lies beyond that is taken from
//! accounts of a few kilobytes a second for all such addresses together ([`Standing`] says which).
//! A client that answers an answer has proved that its address is its own, and has a reserve that
//! no neighbour can spend. A request that comes again is rarely forged: it has an account of its own.

mod buckets;
mod half_open;
mod latency_proof;
mod notices;
mod prefix;
mod proofs;
mod recent;

use std::net::IpAddr;
use std::net::SocketAddr;
use std::time::Instant;

pub use half_open::HalfOpen;
pub use latency_proof::LONGEST_DELAY;
pub use latency_proof::LatencyProof;
pub use prefix::Prefix;
pub use prefix::PrefixError;

pub(crate) use buckets::Bucket;
use buckets::Buckets;
pub(crate) use buckets::Rate;
use notices::Notices;
use proofs::Proofs;
use recent::RecentRequests;

/// Why a datagram was ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Ignored {
    /// Its sender's address is not among those that are served.
    NotAllowed,
    /// An answer would come back as a new question: it was sent from port 0, from a socket of ours
    /// that takes requests, or from the port of a service that answers whatever it hears.
    Loop,
    /// Its neighbourhood has asked too much lately.
    TooFast,
    /// The answer is much longer than the question, and too many such have gone to peers that
    /// have not proved to be there.
    Amplifies,
    /// Too many first requests have come lately from addresses that have proved nothing.
    Flood,
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
    /// See [`Ignored::Flood`].
    pub flood: u64,
}

/// Who is answered, and who can be believed.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Who is answered at all; `None` is everybody.
    pub allow: Option<Vec<Prefix>>,
    /// Addresses that cannot be forged here, beside those of this machine.
    pub trust: Vec<Prefix>,
    /// Where requests come in.
    pub listening: Vec<SocketAddr>,
}

/// What is known of a request's sender, which says from which account its answer may be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Nobody can forge its address: it is never limited.
    pub trusted: bool,
    /// The address has proved itself lately.
    pub proved: bool,
    /// The same request came from there a while ago.
    pub repeated: bool,
}

/// Bytes that were taken for an answer, and from where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    bytes: u64,
    from: Account,
}

/// Where bytes beyond three times the question are taken from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Account {
    /// The reserve of an address that has proved itself.
    #[default]
    Own,
    /// What all first requests share.
    First,
    /// What all repeated requests share.
    Repeated,
}

/// Decides whether a request is looked at and whether it is answered.
#[derive(Debug)]
pub struct Guard {
    rules: Rules,
    neighbourhoods: Buckets,
    proofs: Proofs,
    recent: RecentRequests,
    /// First requests of addresses that have proved nothing.
    starts: Bucket,
    /// Bytes for first requests, for repeated ones, and for blocks from a shared port.
    first: Bucket,
    repeated: Bucket,
    blocks: Bucket,
    reports: Bucket,
    notices: Notices,
    counts: IgnoredCounts,
}

impl Guard {
    /// A guard that goes by these rules.
    pub fn new(now: Instant, rules: Rules) -> Self {
        Self {
            rules,
            neighbourhoods: Buckets::new(NEIGHBOURHOOD, NEIGHBOURHOOD_REPEATS, SHARE),
            proofs: Proofs::default(),
            recent: RecentRequests::new(now),
            starts: Bucket::full(now, STARTS),
            first: Bucket::full(now, FIRST),
            repeated: Bucket::full(now, REPEATED),
            blocks: Bucket::full(now, BLOCKS),
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
        if !self.rules.allow.as_ref().is_none_or(allowed) {
            Err(Ignored::NotAllowed)
        } else if from == to
            || from.ip().is_unspecified()
            || ANSWERING.contains(&from.port())
            || self.is_ours(from, to)
        {
            Err(Ignored::Loop)
        } else {
            Ok(())
        }
    }

    /// Whether `from` is one of our sockets for requests. One for all addresses is at the address
    /// that was written to, too.
    fn is_ours(&self, from: SocketAddr, to: SocketAddr) -> bool {
        self.rules.listening.iter().any(|ours| {
            let is_there =
                ours.ip() == from.ip() || (ours.ip().is_unspecified() && from.ip() == to.ip());
            is_there && ours.port() == from.port()
        })
    }

    /// Takes the price of a request from `from` that may begin a transfer or repeat an answer, and
    /// says what is known of its sender.
    ///
    /// # Errors
    /// If too much has come in its name, in its neighbours', or of everybody: it may be forged.
    pub fn take_request(
        &mut self,
        now: Instant,
        from: SocketAddr,
        request: &[u8],
    ) -> Result<Standing, Ignored> {
        let ip = from.ip();
        if self.is_trusted(ip) {
            return Ok(Standing {
                trusted: true,
                ..Standing::default()
            });
        }
        let repeated = self.recent.note(now, from, request);
        let mut standing = Standing {
            repeated,
            ..Standing::default()
        };
        if let Some(proved) = self.proofs.get(now, ip) {
            standing.proved = true;
            if proved.requests.take(now, 1) {
                return Ok(standing);
            }
        }
        let neighbours = self.neighbourhoods.entry(now, Prefix::around(ip));
        let why = if !neighbours.requests.take(now, REQUEST_PRICE) {
            Ignored::TooFast
        } else if !self.starts.take(now, start_price(request)) {
            neighbours.requests.give_back(REQUEST_PRICE);
            Ignored::Flood
        } else {
            return Ok(standing);
        };
        if repeated && neighbours.repeats.take(now, 1) {
            Ok(standing)
        } else {
            Err(why)
        }
    }

    /// Takes the price of an ERROR to `from`.
    ///
    /// # Errors
    /// If its neighbourhood has spent what it may.
    pub fn take_error(&mut self, now: Instant, from: IpAddr) -> Result<(), Ignored> {
        let neighbours = || Prefix::around(from);
        if self.is_trusted(from)
            || self
                .proofs
                .get(now, from)
                .is_some_and(|proved| proved.requests.take(now, 1))
            || self
                .neighbourhoods
                .entry(now, neighbours())
                .requests
                .take(now, ERROR_PRICE)
        {
            Ok(())
        } else {
            Err(Ignored::TooFast)
        }
    }

    /// The request is answered with an ERROR, which costs less than a transfer.
    pub fn refuse(&mut self, from: IpAddr) {
        if let Some(neighbours) = self.neighbourhoods.get(Prefix::around(from)) {
            neighbours.requests.give_back(REQUEST_PRICE - ERROR_PRICE);
        }
        self.starts.give_back(1);
    }

    /// Takes the bytes of an answer that is sent up to `times` times to a peer that may not be
    /// there, and says how many these were. Lengths are those of the datagrams' payload. What is no
    /// longer than three times the question is free.
    ///
    /// # Errors
    /// If all such answers together have become too much.
    pub fn take_answer(
        &mut self,
        now: Instant,
        from: IpAddr,
        standing: Standing,
        question: usize,
        answer: usize,
        times: u32,
    ) -> Result<Taken, Ignored> {
        let bytes = excess(from, question, answer, times);
        let taken = |from| Ok(Taken { bytes, from });
        if standing.trusted || bytes == 0 {
            return Ok(Taken::default());
        }
        if standing.proved
            && let Some(proved) = self.proofs.get(now, from)
            && (proved.bytes.take(now, bytes)
                || (standing.repeated && proved.repeated.take(now, bytes)))
        {
            return taken(Account::Own);
        }
        let shares = self.neighbourhoods.entry(now, Prefix::around(from));
        if shares.bytes.take(now, bytes) {
            if self.first.take(now, bytes) {
                return taken(Account::First);
            }
            shares.bytes.give_back(bytes);
        }
        if standing.repeated && shares.repeated_bytes.take(now, bytes) {
            if self.repeated.take(now, bytes) {
                return taken(Account::Repeated);
            }
            shares.repeated_bytes.give_back(bytes);
        }
        Err(Ignored::Amplifies)
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
        standing: Standing,
        question: usize,
        answer: usize,
        times: u32,
    ) -> Result<(), Ignored> {
        let taken = self.take_answer(now, from, standing, question, answer, times)?;
        self.give_back(from, taken);
        Ok(())
    }

    /// Takes the bytes of blocks from a shared port to a peer whose transfer has proved nothing.
    /// Whether there are as many.
    pub fn take_blocks(&mut self, now: Instant, peer: IpAddr, bytes: u64) -> bool {
        let own = self.proofs.get(now, peer);
        own.is_some_and(|proved| proved.blocks.take(now, bytes)) || self.blocks.take(now, bytes)
    }

    /// The peer has answered: it gets back its request's price, and `taken`, its answer's.
    pub fn confirm(&mut self, now: Instant, from: IpAddr, taken: Taken) {
        if let Some(neighbours) = self.neighbourhoods.get(Prefix::around(from)) {
            neighbours.requests.give_back(REQUEST_PRICE);
        }
        self.starts.give_back(1);
        self.give_back(from, taken);
        if !self.is_trusted(from) {
            self.proofs.prove(now, from);
        }
    }

    fn give_back(&mut self, ip: IpAddr, taken: Taken) {
        let shares = self.neighbourhoods.get(Prefix::around(ip));
        match taken.from {
            Account::Own => {
                if let Some(proved) = self.proofs.get_any(ip) {
                    proved.bytes.give_back(taken.bytes);
                }
            }
            Account::First => {
                self.first.give_back(taken.bytes);
                if let Some(shares) = shares {
                    shares.bytes.give_back(taken.bytes);
                }
            }
            Account::Repeated => {
                self.repeated.give_back(taken.bytes);
                if let Some(shares) = shares {
                    shares.repeated_bytes.give_back(taken.bytes);
                }
            }
        }
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
            Ignored::Flood => &mut self.counts.flood,
        };
        *count += 1;
        let prefix = Prefix::around(from);
        self.notices.say(now, Some(why), prefix).then_some(prefix)
    }

    /// Gives the neighbourhood to be named if blocks to it wait for the first time, and not too many
    /// have been named lately.
    pub fn note_slowed(&mut self, now: Instant, from: IpAddr) -> Option<Prefix> {
        let prefix = Prefix::around(from);
        self.notices.say(now, None, prefix).then_some(prefix)
    }

    /// How many were ignored.
    pub fn counts(&self) -> IgnoredCounts {
        self.counts
    }

    /// Whether nobody can forge `from`: this machine's own address, or one that the operator says
    /// so of.
    pub fn is_trusted(&self, from: IpAddr) -> bool {
        from.is_loopback() || self.rules.trust.iter().any(|range| range.contains(from))
    }

    /// Whether `from` is trusted, or has proved lately to be there.
    pub fn is_known(&self, now: Instant, from: IpAddr) -> bool {
        self.is_trusted(from) || self.proofs.holds(now, from)
    }
}

/// Bytes of a datagram on the wire, headers of IP and UDP included.
pub fn on_the_wire(peer: IpAddr, payload: usize) -> u64 {
    let headers = if peer.is_ipv4() { 20 + 8 } else { 40 + 8 };
    payload as u64 + headers
}

/// What may be sent to an address that has proved nothing, as a multiple of what came from it.
pub const FREE: u64 = 3;

/// Whether an answer that is sent `times` times is no more than that.
pub fn is_free(peer: IpAddr, question: usize, answer: usize, times: u32) -> bool {
    excess(peer, question, answer, times) == 0
}

/// What answers cost beyond that multiple of the question.
fn excess(peer: IpAddr, question: usize, answer: usize, times: u32) -> u64 {
    let sent = on_the_wire(peer, answer) * u64::from(times);
    sent.saturating_sub(FREE * on_the_wire(peer, question))
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
/// Beyond that, requests that come again.
const NEIGHBOURHOOD_REPEATS: Rate = Rate {
    burst: 128,
    each_second: 64,
};
/// What a request may make us do: for an upload a file is made.
fn start_price(request: &[u8]) -> u64 {
    if request.starts_with(&[0, 2]) { 8 } else { 1 }
}

/// First requests of all clients that have proved nothing: what a flood can make us open files for. A
/// thousand machines may begin eight reads each, or an upload, at the same moment.
const STARTS: Rate = Rate {
    burst: 8192,
    each_second: 1024,
};
/// Bytes beyond three times what they sent for all addresses together that have proved nothing, at
/// their first request. A client without options costs 400 of them until it answers.
const FIRST: Rate = Rate {
    burst: 64 << 10,
    each_second: 2 << 10,
};
/// The same for requests that come again.
const REPEATED: Rate = Rate {
    burst: 16 << 10,
    each_second: 2 << 10,
};
/// What one neighbourhood may take of either.
const SHARE: Rate = Rate {
    burst: 48 << 10,
    each_second: 512,
};
/// With one port for all transfers: bytes beyond three times what came, for all addresses together
/// that have proved nothing. A client proves itself by about eight blocks.
const BLOCKS: Rate = Rate {
    burst: 64 << 10,
    each_second: 16 << 10,
};
/// Refusals that are told of unproven peers: a thousand machines that ask for ten missing names at
/// once, then a line every 50 ms.
const REPORTS: Rate = Rate {
    burst: 10_000,
    each_second: 20,
};
/// No port, and those of services that answer what they do not understand: echo, daytime, qotd,
/// chargen, time, domain, ntp, snmp, cldap. No client asks from one of them; some ask from 69.
const ANSWERING: [u16; 10] = [0, 7, 13, 17, 19, 37, 53, 123, 161, 389];

#[cfg(test)]
mod tests;
