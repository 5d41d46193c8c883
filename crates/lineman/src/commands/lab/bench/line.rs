//! A line as it is typed, read.

use std::time::Duration;

use lineman_lab::hosts::Call;
use lineman_lab::log::Host;
use lineman_lab::rules::Rules;
use lineman_lab::wire;

use super::complaint::Complaint;
use super::desk::Desk;
use super::options;

/// The socket calls.
pub const CALLS: [&str; 24] = [
    "socket",
    "bind",
    "listen",
    "accept",
    "connect",
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
    "fileno",
    "makefile",
    "readline",
    "write",
    "flush",
];

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
pub fn read(line: &str, desk: &mut Desk) -> Result<Wish, Complaint> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(Wish::Nothing);
    }
    let (first, rest) = word(line);
    let host = match first {
        "client" => Host::Client,
        "server" => Host::Server,
        _ => return command(first, rest, desk.host, desk),
    };
    match word(rest) {
        ("", _) => Ok(Wish::Host(host)),
        (name, rest) => command(name, rest, host, desk),
    }
}

/// The first word, and what stands behind it.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    text.split_once(char::is_whitespace)
        .map_or((text, ""), |(word, rest)| (word, rest.trim()))
}

fn command(name: &str, rest: &str, host: Host, desk: &mut Desk) -> Result<Wish, Complaint> {
    if CALLS.contains(&name) {
        return call(name, rest, host, desk).map(|call| Wish::Call(host, call));
    }
    let mut words = Words(rest);
    let wish = match name {
        "step" => Wish::Wire(wire::Command::Step),
        "run" => Wish::Wire(wire::Command::Run),
        "deliver" => Wish::Wire(wire::Command::Deliver(desk.held(words.packet()?)?)),
        "drop" => Wish::Wire(wire::Command::Drop(desk.held(words.packet()?)?)),
        "dup" => Wish::Wire(wire::Command::Duplicate(desk.held(words.packet()?)?)),
        "delay" => delay(&mut words, desk)?,
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
fn delay(words: &mut Words<'_>, desk: &Desk) -> Result<Wish, Complaint> {
    let first = words.next().ok_or(Complaint::Missing("delay 300"))?;
    let (packet, millis) = match words.next() {
        Some(millis) => (Some(packet(first)?), millis),
        None => (None, first),
    };
    let time = Duration::from_millis(options::number(millis)?);
    Ok(Wish::Wire(wire::Command::Delay(desk.held(packet)?, time)))
}

fn packet(text: &str) -> Result<u64, Complaint> {
    options::number(text.strip_prefix('#').unwrap_or(text))
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

fn call(name: &str, rest: &str, host: Host, desk: &mut Desk) -> Result<Call, Complaint> {
    let mut words = Words(rest);
    if name == "socket" {
        let (family, transport) = match words.next() {
            Some(text) => options::kind(text)?,
            None => return Err(Complaint::Missing("socket tcp")),
        };
        words.end()?;
        return Ok(Call::Socket { family, transport });
    }
    let named = words.descriptor()?;
    let mut fd = || desk.socket(host, name, named);
    if let Some(call) = with_data(name, words.0, &mut fd)? {
        return Ok(call);
    }
    // What is missing is said before it is said that there is no socket.
    let call = match name {
        "bind" => Call::Bind {
            address: options::address(words.need("bind 10.0.0.2:8888")?)?,
            fd: fd()?,
        },
        "connect" => Call::Connect {
            address: options::address(words.need("connect 10.0.0.2:8888")?)?,
            fd: fd()?,
        },
        "listen" => Call::Listen {
            backlog: words.next().map_or(Ok(BACKLOG), options::number)?,
            fd: fd()?,
        },
        "recv" | "recvfrom" => {
            let size = words.next().map_or(Ok(SIZE), options::number)?;
            let fd = fd()?;
            match name {
                "recv" => Call::Recv { fd, size },
                _ => Call::Recvfrom { fd, size },
            }
        }
        "shutdown" => Call::Shutdown {
            direction: options::direction(words.need("shutdown wr")?)?,
            fd: fd()?,
        },
        "setsockopt" => {
            let option = options::option(words.need("setsockopt SO_REUSEADDR 1")?)?;
            let value = options::number(words.need("setsockopt SO_REUSEADDR 1")?)?;
            let fd = fd()?;
            Call::Setsockopt { fd, option, value }
        }
        "getsockopt" => Call::Getsockopt {
            option: options::option(words.need("getsockopt SO_ERROR")?)?,
            fd: fd()?,
        },
        "settimeout" => Call::Settimeout {
            timeout: options::timeout(words.need("settimeout 1.5")?)?,
            fd: fd()?,
        },
        "setblocking" => Call::Setblocking {
            blocking: options::switch(words.need("setblocking false")?)?,
            fd: fd()?,
        },
        _ => bare(name, fd()?),
    };
    words.end()?;
    Ok(call)
}

/// Calls whose last argument is the rest of the line.
fn with_data(
    name: &str,
    rest: &str,
    fd: &mut impl FnMut() -> Result<i32, Complaint>,
) -> Result<Option<Call>, Complaint> {
    if !matches!(name, "send" | "sendall" | "write" | "sendto") {
        return Ok(None);
    }
    if rest.is_empty() {
        return Err(Complaint::Missing(match name {
            "sendto" => "sendto hello 10.0.0.2:8888",
            _ => "send \"hello\\n\"",
        }));
    }
    if name == "sendto" {
        let (data, address) = rest
            .rsplit_once(char::is_whitespace)
            .ok_or(Complaint::Missing("sendto hello 10.0.0.2:8888"))?;
        let (data, address) = (options::data(data)?, options::address(address)?);
        let fd = fd()?;
        return Ok(Some(Call::Sendto { fd, data, address }));
    }
    let data = options::data(rest)?;
    let fd = fd()?;
    Ok(Some(match name {
        "send" => Call::Send { fd, data },
        "sendall" => Call::Sendall { fd, data },
        _ => Call::Write { fd, data },
    }))
}

/// Calls without arguments.
fn bare(name: &str, fd: i32) -> Call {
    match name {
        "accept" => Call::Accept { fd },
        "close" => Call::Close { fd },
        "getpeername" => Call::Getpeername { fd },
        "getsockname" => Call::Getsockname { fd },
        "gettimeout" => Call::Gettimeout { fd },
        "makefile" => Call::Makefile { fd },
        "readline" => Call::Readline { fd },
        "flush" => Call::Flush { fd },
        _ => Call::Fileno { fd },
    }
}

/// What is left of a line.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn next(&mut self) -> Option<&'a str> {
        let (word, rest) = word(self.0);
        self.0 = rest;
        Some(word).filter(|word| !word.is_empty())
    }

    fn need(&mut self, example: &'static str) -> Result<&'a str, Complaint> {
        self.next().ok_or(Complaint::Missing(example))
    }

    /// `fd 4`, if it stands here.
    fn descriptor(&mut self) -> Result<Option<i32>, Complaint> {
        let (first, rest) = word(self.0);
        if first != "fd" {
            return Ok(None);
        }
        self.0 = rest;
        let number = self.need("fd 4")?;
        options::number(number).map(Some)
    }

    fn packet(&mut self) -> Result<Option<u64>, Complaint> {
        self.next().map(packet).transpose()
    }

    fn end(&mut self) -> Result<(), Complaint> {
        match self.next() {
            Some(word) => Err(Complaint::Extra(word.to_owned())),
            None => Ok(()),
        }
    }
}

const BACKLOG: i32 = 5;
const SIZE: u32 = 4096;
const PATIENCE: Duration = Duration::from_secs(10);
