//! Messages in a stream of bytes, which has no boundaries between them.

use lineman_trace::log::Host;

use super::Scenario;
use super::Stop;
use super::Subject;
use super::stage::Stage;
use crate::hosts::Call;
use crate::hosts::Outcome;

pub(super) const ALL: &[Scenario] = &[
    Scenario::new("stream-merged", Subject::Messages, "", merged),
    Scenario::new("stream-split", Subject::Messages, "", split),
    Scenario::new(
        "partial-recv",
        Subject::Messages,
        "c>s:data #2-3 delay 50ms",
        partial,
    )
    // Without SACK there is no probe of the tail (RFC 8985 §7), which would come after 20 ms.
    .as_in_the_textbook(),
    Scenario::new("framing-length", Subject::Messages, "", by_length),
    Scenario::new("framing-line", Subject::Messages, "", by_line),
];

/// Two sends, and one receive: the server's program comes when both have arrived.
fn merged(stage: &Stage<'_>) -> Result<(), Stop> {
    const WORDS: [&str; 2] = ["hello", "world"];
    let (client, server) = stage.connect()?;
    for word in WORDS {
        stage.send(Host::Client, client, word)?;
    }
    stage.until_bytes(Host::Client, WORDS.concat().len())?;
    stage.recv(Host::Server, server, 4096).map(drop)
}

/// One send, and two receives: the server's program asks for less than has arrived.
fn split(stage: &Stage<'_>) -> Result<(), Stop> {
    const WORDS: &str = "hello world";
    let (client, server) = stage.connect()?;
    stage.send(Host::Client, client, WORDS)?;
    stage.until_bytes(Host::Client, WORDS.len())?;
    stage.recv(Host::Server, server, 6)?;
    stage.recv(Host::Server, server, 4096).map(drop)
}

/// One send of three segments, of which only the first is there when the program asks for all.
fn partial(stage: &Stage<'_>) -> Result<(), Stop> {
    const SIZE: usize = 4000;
    let (client, server) = stage.connect()?;
    let data = b"0123456789".repeat(SIZE / 10);
    stage.done(Host::Client, Call::Sendall { fd: client, data })?;
    exactly(stage, server, SIZE).map(drop)
}

/// Each message begins with its length, in two digits. The second one is sent in two parts, the first of
/// which leaves with the first message.
fn by_length(stage: &Stage<'_>) -> Result<(), Stop> {
    const SENDS: [&str; 2] = ["05hello05wo", "rld"];
    let (client, server) = stage.connect()?;
    for part in SENDS {
        stage.send(Host::Client, client, part)?;
    }
    for _ in 0..2 {
        let digits = exactly(stage, server, 2)?;
        let value = |sum, digit: &u8| sum * 10 + usize::from(digit.saturating_sub(b'0'));
        exactly(stage, server, digits.iter().fold(0, value))?;
    }
    Ok(())
}

/// Receives until it has so many bytes: as often as that takes.
fn exactly(stage: &Stage<'_>, fd: i32, size: usize) -> Result<Vec<u8>, Stop> {
    let mut all = Vec::new();
    while all.len() < size {
        let left = u32::try_from(size - all.len()).unwrap_or(u32::MAX);
        all.extend(some(stage.recv(Host::Server, fd, left)?)?);
    }
    Ok(all)
}

/// Bytes, and not the end of them.
fn some(outcome: Outcome) -> Result<Vec<u8>, Stop> {
    match outcome {
        Outcome::Bytes(bytes) if !bytes.is_empty() => Ok(bytes),
        outcome => {
            let call = "recv";
            Err(Stop::Outcome { call, outcome })
        }
    }
}

/// Each message is a line; the ends of sends are elsewhere.
fn by_line(stage: &Stage<'_>) -> Result<(), Stop> {
    const SENDS: [&str; 2] = ["hello\nwo", "rld\n"];
    let (client, server) = stage.connect()?;
    stage.done(Host::Server, Call::Makefile { fd: server })?;
    for part in SENDS {
        stage.send(Host::Client, client, part)?;
    }
    for _ in 0..2 {
        stage.done(Host::Server, Call::Readline { fd: server })?;
    }
    Ok(())
}
