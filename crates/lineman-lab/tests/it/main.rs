//! The lab itself (real namespaces, a real wire, the kernel's own TCP), its log, and what is deduced
//! from it; and the simulated lab.
#![allow(
    unreachable_pub,
    reason = "a test binary: `pub` marks what modules offer each other"
)]

mod closing;
mod composer;
mod log;
mod logs;
mod network;
mod play;
mod process;
mod programs;
mod scenarios;
mod scripts;
mod simulated;
mod simulated_calls;
mod simulated_random;
mod stage;
mod step;
mod story;
mod tcp;
mod udp;
