//! The lab itself (real namespaces, a real wire, the kernel's own TCP), and the simulated lab.
#![allow(
    unreachable_pub,
    reason = "a test binary: `pub` marks what modules offer each other"
)]

mod calls;
mod causes;
mod closing;
mod differential;
mod differential_runs;
mod labels;
mod lessons;
mod log_clock;
mod network;
mod play;
mod process;
mod programs;
#[path = "../../../lineman-trace/tests/it/truth.rs"]
mod rows; // what holds rows against their log is the same for all logs
mod scenarios;
mod simulated;
mod simulated_calls;
mod simulated_random;
mod stage;
mod step;
mod tcp;
mod tcp_info;
mod truth;
mod udp;
