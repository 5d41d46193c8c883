//! A proof of address for a server that answers from one known port.
//!
//! In lockstep from a well-known port, nothing in an ACK is secret: a forger of the
//! client's address can write all of them in advance. What a forger cannot know is *when* a block
//! left. So blocks to a peer that has proved nothing leave after a delay that cannot be guessed, and
//! what is measured is how soon their ACKs come. A client that receives the blocks answers each within its
//! round trip. A forger, which does not, can only guess: an ACK before its block has left betrays it, and one
//! that waits until the block must have left comes late. That all of `n` ACKs come within `m` of a
//! block delayed by up to [`LONGEST_DELAY`] has for a forger the probability
//! `(m / LONGEST_DELAY)^n`; below 2^-32 it counts as proof. It costs no packet.

use std::time::Duration;

/// How soon the ACKs of one transfer have come.
#[derive(Clone, Debug)]
pub struct LatencyProof {
    longest_delay: Duration,
    /// The last ones, newest last, in microseconds.
    latencies: Vec<f64>,
}

impl LatencyProof {
    /// Nothing is known yet. An address that has proved itself lately is believed to be near: its
    /// blocks are held back for a tenth of the time, unless that turns out to be too short.
    pub fn new(is_known: bool) -> Self {
        let longest_delay = if is_known {
            LONGEST_DELAY / 10
        } else {
            LONGEST_DELAY
        };
        Self {
            longest_delay,
            latencies: Vec::new(),
        }
    }

    /// How long to hold back the next block, of a random number.
    pub fn delay(&self, random: u64) -> Duration {
        self.longest_delay.mul_f64(random as f64 / u64::MAX as f64)
    }

    /// An ACK has come so long after its block, which had been sent once.
    pub fn note(&mut self, latency: Duration) {
        let micros = latency.max(FINEST).as_micros();
        self.latencies.push(micros as f64);
        if self.latencies.len() > MOST && self.longest_delay < LONGEST_DELAY {
            *self = Self::new(false);
        } else if self.latencies.len() > MOST {
            self.latencies.remove(0);
        }
    }

    /// A block had to be sent twice: what its ACK answers is not known.
    pub fn note_loss(&mut self) {
        self.latencies.clear();
    }

    /// Whether no forger is as lucky.
    pub fn is_proof(&self) -> bool {
        let longest_delay = self.longest_delay.as_micros() as f64;
        let (mut count, mut slowest) = (0.0, 0.0_f64);
        self.latencies.iter().rev().any(|latency| {
            count += 1.0;
            slowest = slowest.max(*latency);
            count * (longest_delay / slowest).log2() >= BITS
        })
    }
}

/// Long against the round trip of a local network, short against the patience of any client.
pub const LONGEST_DELAY: Duration = Duration::from_millis(200);
/// Clocks and schedulers are not finer than this.
const FINEST: Duration = Duration::from_millis(1);
/// One forger in four thousand million.
const BITS: f64 = 32.0;
/// With so many, round trips up to half of the longest delay prove something.
const MOST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(is_known: bool, latency: u64) -> Option<usize> {
        let mut proof = LatencyProof::new(is_known);
        (1..=2 * MOST).find(|_| {
            proof.note(Duration::from_millis(latency));
            proof.is_proof()
        })
    }

    #[test]
    fn a_client_is_known_after_a_few_blocks_and_a_distant_one_after_more() {
        assert_eq!(rounds(false, 0), Some(5));
        assert_eq!(rounds(false, 1), Some(5));
        assert_eq!(rounds(false, 10), Some(8));
        assert_eq!(rounds(false, 50), Some(16));
        assert_eq!(rounds(false, 101), None);
        assert_eq!(rounds(true, 1), Some(8), "of at most 20 ms");
        assert_eq!(
            rounds(true, 30),
            Some(MOST + 1 + 12),
            "not as near as it was"
        );
    }

    #[test]
    fn a_slow_ack_spoils_only_what_came_before_it() {
        let mut proof = LatencyProof::new(false);
        for latency in [1, 1, 1, 1, 190, 1, 1, 1, 1] {
            proof.note(Duration::from_millis(latency));
            assert!(!proof.is_proof());
        }
        proof.note(Duration::from_millis(1));
        assert!(proof.is_proof());
        proof.note_loss();
        assert!(!proof.is_proof());
    }

    #[test]
    fn acks_by_the_clock_prove_nothing() {
        // A forger's ACKs come at the end of the longest delay: each is late by what was left of it.
        let mut proof = LatencyProof::new(false);
        let mut state = 0x9E37_79B9_7F4A_7C15_u64;
        for _ in 0..100_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            proof.note(LONGEST_DELAY - proof.delay(state));
            assert!(!proof.is_proof());
        }
    }

    #[test]
    fn delays_are_between_nothing_and_the_longest() {
        let proof = LatencyProof::new(false);
        assert_eq!(proof.delay(0), Duration::ZERO);
        assert_eq!(proof.delay(u64::MAX), LONGEST_DELAY);
        assert_eq!(LatencyProof::new(true).delay(u64::MAX), LONGEST_DELAY / 10);
    }
}
