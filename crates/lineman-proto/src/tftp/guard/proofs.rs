//! Addresses that have proved to be where they say they are, each with a reserve of its own.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;
use std::time::Instant;

use super::buckets::Bucket;
use super::buckets::Rate;

/// The addresses that proved themselves last, in bounded memory: nobody enters by forging.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    by_address: BTreeMap<IpAddr, Proved>,
    by_age: BTreeMap<(Instant, IpAddr), ()>,
}

/// What one such address may have, whatever is sent in its neighbours' names.
#[derive(Debug)]
pub(super) struct Proved {
    at: Instant,
    pub(super) requests: Bucket,
    pub(super) bytes: Bucket,
    /// The same for requests that come again, which what is forged in its name does not spend.
    pub(super) repeated: Bucket,
    /// Bytes of blocks from a port that everybody knows.
    pub(super) blocks: Bucket,
}

impl Proofs {
    /// `ip` has just proved that it is there; what it has spent before comes back.
    pub(super) fn prove(&mut self, now: Instant, ip: IpAddr) {
        if let Some(old) = self.by_address.get(&ip) {
            self.by_age.remove(&(old.at, ip));
        } else if self.by_address.len() >= REMEMBERED
            && let Some(((_, oldest), ())) = self.by_age.pop_first()
        {
            self.by_address.remove(&oldest);
        }
        let proved = Proved {
            at: now,
            requests: Bucket::full(now, REQUESTS),
            bytes: Bucket::full(now, BYTES),
            repeated: Bucket::full(now, REPEATED),
            blocks: Bucket::full(now, BLOCKS),
        };
        self.by_address.insert(ip, proved);
        self.by_age.insert((now, ip), ());
    }

    /// What `ip` may have, if its proof still holds.
    pub(super) fn get(&mut self, now: Instant, ip: IpAddr) -> Option<&mut Proved> {
        self.by_address
            .get_mut(&ip)
            .filter(|proved| now.saturating_duration_since(proved.at) <= HOLDS)
    }

    /// What `ip` may have, whether its proof still holds or not.
    pub(super) fn get_any(&mut self, ip: IpAddr) -> Option<&mut Proved> {
        self.by_address.get_mut(&ip)
    }

    /// Whether the proof of `ip` holds.
    pub(super) fn holds(&self, now: Instant, ip: IpAddr) -> bool {
        self.by_address
            .get(&ip)
            .is_some_and(|proved| now.saturating_duration_since(proved.at) <= HOLDS)
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        assert_eq!(self.by_address.len(), self.by_age.len());
        self.by_address.len()
    }
}

/// How long an address is taken to be there: longer than a boot takes from file to file.
pub(super) const HOLDS: Duration = Duration::from_secs(600);
/// Addresses remembered; beyond that the oldest has to prove itself anew.
pub(super) const REMEMBERED: usize = 8192;
/// Requests between two proofs: a boot program asks for dozens of names that do not exist.
const REQUESTS: Rate = Rate {
    burst: 1024,
    each_second: 64,
};
/// Bytes beyond three times what it sent, between two proofs: ten first blocks of 512 bytes.
pub(super) const BYTES: Rate = Rate {
    burst: 4 << 10,
    each_second: 64,
};
/// The same for requests that come again: five first blocks.
pub(super) const REPEATED: Rate = Rate {
    burst: 2 << 10,
    each_second: 64,
};
/// Bytes of blocks from a known port until the transfer has proved itself as well: ten windows of 16
/// blocks in Ethernet frames, and more.
const BLOCKS: Rate = Rate {
    burst: 512 << 10,
    each_second: 16 << 10,
};
