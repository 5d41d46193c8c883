//! A socket call as it is typed, read.

use std::time::Duration;

use lineman_lab::hosts::Call;
use lineman_lab::hosts::Flag;
use lineman_trace::log::Host;

use super::complaint::Complaint;
use super::known::Known;
use super::options;
use super::words::Words;

/// Reads a call, whose name is known.
///
/// # Errors
/// With what is wrong with it.
pub(super) fn call(
    name: &str,
    rest: &str,
    host: Host,
    known: &mut Known,
) -> Result<Call, Complaint> {
    let mut words = Words(rest);
    if name == "socket" {
        let (family, transport) = match words.next() {
            Some(text) => options::kind(text)?,
            None => return Err(Complaint::Missing("socket tcp")),
        };
        words.end()?;
        return Ok(Call::Socket { family, transport });
    }
    if matches!(name, "select" | "poll") {
        return readiness(name, &mut words, host, known);
    }
    let named = words.descriptor()?;
    let mut fd = || known.socket(host, name, named);
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
        "connect_ex" => Call::ConnectEx {
            address: options::address(words.need("connect_ex 10.0.0.2:8888")?)?,
            fd: fd()?,
        },
        "listen" => Call::Listen {
            backlog: words.next().map_or(Ok(BACKLOG), options::number)?,
            fd: fd()?,
        },
        "recv" | "recvfrom" => receive(name, &mut words, fd)?,
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
        "getsockopt" => {
            let option = options::option(words.need("getsockopt SO_ERROR")?)?;
            let buflen = words.next().map(options::number).transpose()?;
            let fd = fd()?;
            match buflen {
                Some(buflen) => Call::GetsockoptBytes { fd, option, buflen },
                None => Call::Getsockopt { fd, option },
            }
        }
        "settimeout" => Call::Settimeout {
            timeout: options::timeout(words.need("settimeout 1.5")?)?,
            fd: fd()?,
        },
        "setblocking" => Call::Setblocking {
            blocking: options::switch(words.need("setblocking false")?)?,
            fd: fd()?,
        },
        "close" => match words.next() {
            None => Call::Close { fd: fd()? },
            Some("file") => Call::CloseFile { fd: fd()? },
            Some(word) => return Err(Complaint::Extra(word.to_owned())),
        },
        _ => bare(name, fd()?),
    };
    words.end()?;
    Ok(call)
}

/// `recv 4096 MSG_PEEK`, each of which may be missing.
fn receive(
    name: &str,
    words: &mut Words<'_>,
    mut fd: impl FnMut() -> Result<i32, Complaint>,
) -> Result<Call, Complaint> {
    let (mut size, mut flags) = (SIZE, Vec::new());
    if let Some(word) = words.next() {
        match word.starts_with(|first: char| first.is_ascii_digit()) {
            true => size = options::number(word)?,
            false => flags = size_or_flags(word)?,
        }
    }
    if flags.is_empty() {
        flags = words.next().map_or(Ok(flags), options::flags)?;
    }
    let fd = fd()?;
    Ok(flagged(
        match name {
            "recv" => Call::Recv { fd, size },
            _ => Call::Recvfrom { fd, size },
        },
        flags,
    ))
}

/// What is neither a number of bytes nor flags could be either.
fn size_or_flags(word: &str) -> Result<Vec<Flag>, Complaint> {
    options::flags(word).map_err(|complaint| match complaint {
        Complaint::Value(word, choices) => Complaint::Value(word, format!("{SIZE}, {choices}")),
        other => other,
    })
}

fn flagged(call: Call, flags: Vec<Flag>) -> Call {
    match flags.is_empty() {
        true => call,
        false => Call::Flagged {
            flags,
            of: Box::new(call),
        },
    }
}

/// `select read 3,4 write 5 1.5`; seconds, for poll milliseconds. Without a list it is the socket last
/// used, to be read.
fn readiness(
    name: &str,
    words: &mut Words<'_>,
    host: Host,
    known: &mut Known,
) -> Result<Call, Complaint> {
    let (mut read, mut write, mut timeout) = (Vec::new(), Vec::new(), None);
    while let Some(word) = words.next() {
        let list = match word {
            "read" | "in" => &mut read,
            "write" | "out" => &mut write,
            _ => {
                timeout = match name {
                    "poll" if word.eq_ignore_ascii_case("none") => None,
                    "poll" => Some(Duration::from_millis(options::number(word)?)),
                    _ => options::timeout(word)?,
                };
                words.end()?;
                break;
            }
        };
        list.extend(options::descriptors(words.need("select read 3,4 1.5")?)?);
    }
    if read.is_empty() && write.is_empty() {
        read.push(known.socket(host, name, None)?);
    }
    Ok(match name {
        "poll" => Call::Poll {
            read,
            write,
            timeout,
        },
        _ => Call::Select {
            read,
            write,
            timeout,
        },
    })
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
        let (data, flags) = without_flags(data);
        let (data, address) = (options::data(data)?, options::address(address)?);
        let fd = fd()?;
        return Ok(Some(flagged(Call::Sendto { fd, data, address }, flags)));
    }
    if name == "write" {
        let data = options::data(rest)?;
        return Ok(Some(Call::Write { fd: fd()?, data }));
    }
    let (data, flags) = without_flags(rest);
    let data = options::data(data)?;
    let fd = fd()?;
    Ok(Some(flagged(
        match name {
            "send" => Call::Send { fd, data },
            _ => Call::Sendall { fd, data },
        },
        flags,
    )))
}

/// Bytes, and the flags behind them. Only their full names are some: a word may be a message.
fn without_flags(text: &str) -> (&str, Vec<Flag>) {
    let text = text.trim();
    let split = text.rsplit_once(char::is_whitespace);
    let named = split.filter(|(_, last)| last.split('|').all(|name| name.starts_with("MSG_")));
    match named.map(|(data, last)| (data, options::flags(last))) {
        Some((data, Ok(flags))) => (data, flags),
        _ => (text, Vec::new()),
    }
}

/// Calls without arguments.
fn bare(name: &str, fd: i32) -> Call {
    match name {
        "accept" => Call::Accept { fd },
        "getpeername" => Call::Getpeername { fd },
        "getsockname" => Call::Getsockname { fd },
        "gettimeout" => Call::Gettimeout { fd },
        "makefile" => Call::Makefile { fd },
        "readline" => Call::Readline { fd },
        "flush" => Call::Flush { fd },
        _ => Call::Fileno { fd },
    }
}

const BACKLOG: i32 = 5;
const SIZE: u32 = 4096;
