//! A socket call as it is typed, read.

use lineman_lab::hosts::Call;
use lineman_trace::log::Host;

use super::complaint::Complaint;
use super::desk::Desk;
use super::options;
use super::words::Words;

/// Reads a call, whose name is known.
///
/// # Errors
/// With what is wrong with it.
pub(super) fn call(name: &str, rest: &str, host: Host, desk: &mut Desk) -> Result<Call, Complaint> {
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

const BACKLOG: i32 = 5;
const SIZE: u32 = 4096;
