//! The lab: two hosts, one wire between them, and everything that happens told as one log of events.
//!
//! [`log`] is the centre: whoever makes something happen (a host, the wire, the kernel) appends to
//! it, and every view and export is a pure function of it. [`story`] joins its events to rows.
//! Nothing in here draws or speaks.

pub mod log;
pub mod rules;
pub mod story;
