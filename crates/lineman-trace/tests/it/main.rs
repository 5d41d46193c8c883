//! The log as it is written and read, and the story that it tells.
#![allow(
    unreachable_pub,
    reason = "a test binary: `pub` marks what modules offer each other"
)]

mod absent;
mod calls;
mod capture;
mod captured;
mod causes;
mod composer;
mod connections;
mod datagrams;
mod ends;
mod files;
mod held;
mod ignored;
mod late;
mod learn;
mod log;
mod logs;
mod order;
mod pair;
mod reader;
mod redact;
mod rules;
mod scripts;
mod series;
mod states;
mod story;
mod tftp_mistakes;
mod told;
mod truth;
mod two_captures;
mod unreachable;
mod waits;
