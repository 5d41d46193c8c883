//! The lab itself: real namespaces, a real wire, the kernel's own TCP.

mod closing;
mod process;
mod stage;
mod step;
mod tcp;
mod udp;
