//! The lab itself (real namespaces, a real wire, the kernel's own TCP), its log, and what is deduced
//! from it.
#![allow(
    unreachable_pub,
    reason = "a test binary: `pub` marks what modules offer each other"
)]

mod closing;
mod composer;
mod log;
mod logs;
mod process;
mod programs;
mod scripts;
mod stage;
mod step;
mod story;
mod tcp;
mod udp;
