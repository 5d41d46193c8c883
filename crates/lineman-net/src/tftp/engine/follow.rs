//! A thread goes where its packets arrive.
//!
//! Waking a thread on another processor costs an interrupt there, which on virtual machines is dearer
//! than all other work of a lockstep round together. The kernel tells on which processor it took the
//! last packet of a socket; a thread with few transfers moves there when it finds itself elsewhere.

use std::os::fd::BorrowedFd;

use rustix::net::sockopt::socket_incoming_cpu;
use rustix::thread::CpuSet;
use rustix::thread::sched_getaffinity;
use rustix::thread::sched_getcpu;
use rustix::thread::sched_setaffinity;

/// Where a thread is, and where its packets arrive.
#[derive(Debug)]
pub(super) struct Follow {
    heard: u32,
    /// Packets until the next look.
    patience: u32,
    /// Whether the last look ended with a move.
    moved: bool,
}

impl Default for Follow {
    fn default() -> Self {
        Self {
            heard: 0,
            patience: SHORTEST,
            moved: false,
        }
    }
}

impl Follow {
    /// A packet was taken from `socket`.
    pub(super) fn heard(&mut self, socket: BorrowedFd<'_>) {
        self.heard += 1;
        if self.heard < self.patience {
            return;
        }
        self.heard = 0;
        let Ok(processor) = socket_incoming_cpu(socket) else {
            return; // kernels before 3.19
        };
        let elsewhere = processor as usize != sched_getcpu();
        self.patience = match (elsewhere, self.moved) {
            (false, _) => SHORTEST,
            (true, false) => self.patience,
            // Whoever moves away as soon as we come is not run after.
            (true, true) => (self.patience * 2).min(LONGEST),
        };
        self.moved = elsewhere;
        if elsewhere {
            move_to(processor as usize);
        }
    }
}

/// Goes to a processor and stays free to be moved away again: only where it runs now is changed, not
/// where it may. Best effort.
fn move_to(processor: usize) {
    let Ok(allowed) = sched_getaffinity(None) else {
        return;
    };
    if processor < CpuSet::MAX_CPU && allowed.is_set(processor) {
        let mut only = CpuSet::new();
        only.set(processor);
        if sched_setaffinity(None, &only).is_ok() {
            let _ = sched_setaffinity(None, &allowed);
        }
    }
}

/// Packets between two looks, at least and at most.
const SHORTEST: u32 = 8;
const LONGEST: u32 = 4096;
