//! Tests of the lab's log and of what is deduced from it.
#![allow(
    unreachable_pub,
    reason = "a test binary: `pub` marks what modules offer each other"
)]

mod composer;
mod log;
mod logs;
mod scripts;
mod story;
