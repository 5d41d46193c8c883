//! A line as it is typed, read.

use std::time::Duration;

use lineman_lab::hosts::Call;
use lineman_lab::rules::Rules;
use lineman_lab::wire;
use lineman_trace::log::Host;

use super::call::call;
use super::complaint::Complaint;
use super::known::Known;
use super::notation;
use super::options;
use super::words::Words;
use super::words::packet;
use super::words::word;

/// The socket calls.
pub const CALLS: [&str; 27] = [
    "socket",
    "bind",
    "listen",
    "accept",
    "connect",
    "connect_ex",
    "send",
    "sendall",
    "recv",
    "sendto",
    "recvfrom",
    "shutdown",
    "close",
    "getpeername",
    "getsockname",
    "setsockopt",
    "getsockopt",
    "settimeout",
    "gettimeout",
    "setblocking",
    "select",
    "poll",
    "fileno",
    "makefile",
    "readline",
    "write",
    "flush",
];

/// The longest line, in bytes: a call that sends the largest datagram, each byte written as `\x00`.
pub const LONGEST: usize = 4 * 65_535 + 1024;

/// What else there is to say.
pub const OTHERS: [&str; 14] = [
    "client", "server", "step", "run", "deliver", "drop", "dup", "delay", "fault", "wait", "state",
    "help", "quit", "exit",
];

/// What a line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: an empty line, or a comment.
    Nothing,
    /// Calls are this host's from now on.
    Host(Host),
    /// A call.
    Call(Host, Call),
    /// A call whose descriptor was a number alone, like `close 3`; it is said how that was read.
    Meant(Host, Call),
    /// Something of the wire.
    Wire(wire::Command),
    /// To wait until every call has returned, or for so long.
    Wait(Duration),
    /// All sockets.
    State,
    /// Help, on something.
    Help(Option<String>),
    /// To leave.
    Quit,
}

/// Reads a line.
///
/// # Errors
/// With what is wrong with it.
pub fn read(line: &str, known: &mut Known) -> Result<Wish, Complaint> {
    if line.len() > LONGEST {
        return Err(Complaint::TooLong);
    }
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Wish::Nothing);
    }
    let line = without_time(line);
    let (first, rest) = word(line);
    // With `>` it is a line copied with its prompt, as it stands on the screen and in the README.
    let host = match first {
        "client" | "client>" => Host::Client,
        "server" | "server>" => Host::Server,
        _ => {
            let notated = notation::read(line, None, known);
            return notated.unwrap_or_else(|| command(first, rest, known.host, known));
        }
    };
    match word(rest) {
        ("", _) => Ok(Wish::Host(host)),
        (name, after) => notation::read(rest, Some(host), known)
            .unwrap_or_else(|| command(name, after, host, known)),
    }
}

/// A row of the ladder, without the time at which it happened.
fn without_time(line: &str) -> &str {
    let (first, rest) = word(line);
    let is_time = first.contains('.') && first.bytes().all(|it| it.is_ascii_digit() || it == b'.');
    if is_time { rest } else { line }
}

fn command(name: &str, rest: &str, host: Host, known: &mut Known) -> Result<Wish, Complaint> {
    if BARE.contains(&name) && !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()) {
        let call = call(name, &format!("fd {rest}"), host, known)?;
        return Ok(Wish::Meant(host, call));
    }
    if CALLS.contains(&name) {
        return call(name, rest, host, known).map(|call| Wish::Call(host, call));
    }
    let mut words = Words(rest);
    let wish = match name {
        "step" => Wish::Wire(wire::Command::Step),
        "run" => Wish::Wire(wire::Command::Run),
        "deliver" => Wish::Wire(wire::Command::Deliver(known.held(words.packet()?)?)),
        "drop" => Wish::Wire(wire::Command::Drop(known.held(words.packet()?)?)),
        "dup" => Wish::Wire(wire::Command::Duplicate(known.held(words.packet()?)?)),
        "delay" => delay(&mut words, known)?,
        "fault" => return rules(rest).map(|rules| Wish::Wire(wire::Command::Rules(rules))),
        "wait" => Wish::Wait(match words.next() {
            Some(text) => options::timeout(text)?.unwrap_or(PATIENCE),
            None => PATIENCE,
        }),
        "state" => Wish::State,
        "help" | "?" => Wish::Help(words.next().map(str::to_owned)),
        "quit" | "exit" => Wish::Quit,
        _ => return Err(Complaint::Unknown(name.to_owned())),
    };
    words.end()?;
    Ok(wish)
}

/// `delay 300`, or `delay #4 300`.
fn delay(words: &mut Words<'_>, known: &Known) -> Result<Wish, Complaint> {
    let first = words.next().ok_or(Complaint::Missing("delay 300"))?;
    let (packet, millis) = match words.next() {
        Some(millis) => (Some(packet(first)?), millis),
        None => (None, first),
    };
    let time = Duration::from_millis(options::number(millis)?);
    Ok(Wish::Wire(wire::Command::Delay(known.held(packet)?, time)))
}

fn rules(text: &str) -> Result<Rules, Complaint> {
    match text {
        "" => Err(Complaint::Missing("fault c>s:#1 drop")),
        "none" => Ok(Rules::default()),
        _ => text
            .parse()
            .map_err(|error: lineman_lab::rules::ParseError| {
                Complaint::Rules(error.token().to_owned())
            }),
    }
}

/// `close fd 3`, of a call whose descriptor was a number alone.
pub fn descriptor_meant(call: &Call) -> String {
    format!("{} fd {}", call.name(), call.fd().unwrap_or_default())
}

/// Calls without arguments: a number behind one can only be a descriptor.
const BARE: [&str; 9] = [
    "accept",
    "close",
    "getpeername",
    "getsockname",
    "gettimeout",
    "fileno",
    "makefile",
    "readline",
    "flush",
];
const PATIENCE: Duration = Duration::from_secs(10);
