//! Tests of the lab's log and of what is deduced from it.

mod log;
