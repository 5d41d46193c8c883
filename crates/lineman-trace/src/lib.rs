//! What was seen of a network, told once: a log of events, the story it tells, and capture files.
//!
//! [`log`] is the centre: each part that makes something happen, or sees it, appends an event, and every view
//! and export is a pure function of the events. [`story`] joins them to rows of a ladder. [`capture`] sorts the packets of a
//! capture into conversations, [`pair`] joins two captures of the same traffic, [`series`] are the figures of connections over
//! time, [`redact`] takes out of captures what others need not see, [`learn`] asks
//! questions about a log, which the log answers.
//!
//! There is no operating system in here: no clock, socket, file or thread. What is read and written
//! is handed in as [`BufRead`](std::io::BufRead) and [`Write`](std::io::Write), and the caller gives
//! each event its time.
#![forbid(unsafe_code)]

pub mod capture;
pub mod files;
pub mod learn;
pub mod log;
pub mod pair;
pub mod redact;
pub mod series;
pub mod story;
