//! A call in this notation, in the words that are typed otherwise: `s.bind(('', 80))` is `bind fd 3 :80`.

use lineman_trace::log::Host;

use super::super::complaint::Complaint;
use super::super::known::Known;
use super::super::line::CALLS;
use super::super::options::KINDS_IN_PYTHON;
use super::reader::Argument;
use super::values::Target;

/// `targets = object.name(…)`
pub(super) struct Statement {
    pub(super) targets: Vec<String>,
    /// `s`; also a module, as in `socket.socket(…)`.
    pub(super) object: Option<String>,
    pub(super) name: String,
}

impl Statement {
    /// The call in words, and whose it is.
    pub(super) fn words(
        &self,
        arguments: &[Argument],
        named: Option<Host>,
        known: &Known,
    ) -> Result<(Host, String), Complaint> {
        let name = self.name.as_str();
        if !CALLS.contains(&name) {
            return Err(Complaint::Unknown(name.to_owned()));
        }
        let (host, mut target) = self.target(named, known)?;
        let in_python = target.is_some();
        let arguments = arguments.iter().map(|it| known.resolved(it, host));
        let mut arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        if target.is_none() && names_descriptor(name, &arguments) {
            let first = word(&arguments.remove(0))?;
            let fd = super::super::options::number(&first)?;
            target = Some(match self.object.as_deref() {
                Some("file") => Target::File(fd), // as the ladder has it: `file.close(4)`
                _ => Target::Socket(fd),
            });
        }
        if let (true, "send" | "sendall" | "sendto", Some(Argument::Text(text))) =
            (in_python, name, arguments.first())
        {
            return Err(Complaint::NotBytes(text.clone()));
        }
        let target = match (name, target) {
            ("socket" | "select" | "poll", _) => None,
            (_, target) => target,
        };
        let fd = match target {
            Some(Target::Socket(fd) | Target::File(fd)) => format!("fd {fd}"),
            None => String::new(),
        };
        let file = match (name, target) {
            ("close", Some(Target::File(_))) => "file",
            _ => "",
        };
        let rest = words(name, &arguments)?;
        let parts = [name, &fd, file, &rest];
        let parts: Vec<&str> = parts.into_iter().filter(|it| !it.is_empty()).collect();
        Ok((host, parts.join(" ")))
    }

    /// Whose call it is, and on what.
    fn target(
        &self,
        named: Option<Host>,
        known: &Known,
    ) -> Result<(Host, Option<Target>), Complaint> {
        let host = named.unwrap_or(known.host);
        let Some(object) = self.object.as_deref() else {
            return Ok((host, None));
        };
        let module = matches!(
            (object, self.name.as_str()),
            ("socket", "socket") | ("select", "select" | "poll")
        );
        if module {
            return Ok((host, None));
        }
        match known.target(object, named) {
            Ok((host, target)) => Ok((host, Some(target))),
            // The ladder's own word for what is closed.
            Err(_) if object == "file" => Ok((host, None)),
            Err(why) => Err(why),
        }
    }
}

/// Whether the first argument is the descriptor, as in the ladder and in C: one more than Python has, or
/// a number where Python has none.
fn names_descriptor(name: &str, arguments: &[Argument]) -> bool {
    let (first, second) = (arguments.first(), arguments.get(1));
    let number = |it: Option<&Argument>| matches!(it, Some(Argument::Number(_)));
    if !number(first) || matches!(name, "socket" | "select" | "poll") {
        return false;
    }
    match name {
        "recv" | "recvfrom" => number(second),
        "listen" | "shutdown" | "settimeout" | "setblocking" => second.is_some(),
        _ => true,
    }
}

fn words(name: &str, arguments: &[Argument]) -> Result<String, Complaint> {
    Ok(match name {
        "socket" => return kind(arguments),
        "accept" | "getpeername" | "getsockname" | "gettimeout" | "fileno" | "flush" | "close" => {
            no_more(arguments)?;
            String::new()
        }
        "makefile" | "readline" => String::new(), // how it is opened, and how long a line may be
        "bind" | "connect" | "connect_ex" => match arguments {
            [address] => self::address(address)?,
            [] => String::new(),
            // Python's commonest mistake, and what it says: a tuple is one argument.
            [_, rest @ ..] => return Err(Complaint::Tuple(word(&rest[0]).unwrap_or_default())),
        },
        "sendto" => match arguments {
            [data, flags @ .., to] => {
                let flags = flags.iter().map(word).collect::<Result<Vec<_>, _>>()?;
                let parts = [&[word(data)?], &flags[..], &[address(to)?]].concat();
                parts.join(" ")
            }
            _ => String::new(),
        },
        "select" => select(arguments)?,
        "poll" => poll(arguments)?,
        "shutdown" => match arguments {
            [Argument::Number(how)] => match how.as_str() {
                "0" => "rd".to_owned(),
                "1" => "wr".to_owned(),
                "2" => "rdwr".to_owned(),
                _ => how.clone(),
            },
            _ => joined(arguments)?,
        },
        _ => joined(arguments)?,
    })
}

fn no_more(arguments: &[Argument]) -> Result<(), Complaint> {
    match arguments {
        [] => Ok(()),
        [first, ..] => Err(Complaint::Extra(word(first)?)),
    }
}

fn joined(arguments: &[Argument]) -> Result<String, Complaint> {
    let levels = ["SOL_SOCKET", "IPPROTO_TCP", "SOL_TCP"];
    let is_level =
        |it: &&Argument| matches!(it, Argument::Name(name) if levels.contains(&name.as_str()));
    let words = arguments.iter().filter(|it| !is_level(it)).map(word);
    Ok(words.collect::<Result<Vec<_>, _>>()?.join(" "))
}

/// An argument in one word.
fn word(argument: &Argument) -> Result<String, Complaint> {
    Ok(match argument {
        Argument::Data(bytes) => quoted(bytes),
        Argument::Text(text) => quoted(text.as_bytes()),
        Argument::Number(text) | Argument::Address(text) => text.clone(),
        Argument::Name(name) => match name.as_str() {
            "True" | "False" | "None" => name.to_ascii_lowercase(),
            _ => name.clone(),
        },
        Argument::Tuple(_) => address(argument)?,
        Argument::List(all) => {
            let all = all.iter().map(word).collect::<Result<Vec<_>, _>>()?;
            format!("[{}]", all.join(","))
        }
        Argument::Event(fd, events) => format!("{fd}: {events}"),
    })
}

/// Bytes as they are typed: every one of them is the same when it is read.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text.push('"');
    text
}

/// `('10.0.0.2', 8888)`, or the ladder's; an empty host is any.
fn address(argument: &Argument) -> Result<String, Complaint> {
    let wrong = |text: &str| Complaint::value(text, "('10.0.0.2', 8888), ('', 8888)");
    let parts = match argument {
        Argument::Tuple(parts) => parts,
        Argument::Address(text) => return Ok(text.clone()),
        other => return Err(wrong(&word(other)?)),
    };
    let [Argument::Text(host), Argument::Number(port), ..] = &parts[..] else {
        let parts = parts.iter().map(word).collect::<Result<Vec<_>, _>>()?;
        return Err(wrong(&parts.join(", ")));
    };
    Ok(match host.as_str() {
        "localhost" => format!("127.0.0.1:{port}"),
        host if host.contains(':') => format!("[{host}]:{port}"),
        host => format!("{host}:{port}"),
    })
}

/// `AF_INET6, SOCK_DGRAM`, in whatever order; Python has a default for each.
fn kind(arguments: &[Argument]) -> Result<String, Complaint> {
    let (mut transport, mut family) = ("tcp", "");
    for argument in arguments {
        match word(argument)?.as_str() {
            "AF_INET" | "SOCK_STREAM" | "0" => {}
            "AF_INET6" => family = "6",
            "SOCK_DGRAM" => transport = "udp",
            other => return Err(Complaint::value(other, KINDS_IN_PYTHON)),
        }
    }
    Ok(format!("{transport}{family}"))
}

/// `[3, 4], [5], [], 1.5`
fn select(arguments: &[Argument]) -> Result<String, Complaint> {
    let mut parts = Vec::new();
    for (argument, list) in arguments.iter().zip(["read", "write", "", ""]) {
        match argument {
            Argument::List(all) if all.is_empty() => {}
            Argument::List(_) if list.is_empty() => return Err(Complaint::Extra(word(argument)?)),
            Argument::List(_) => parts.extend([list.to_owned(), word(argument)?]),
            _ => parts.push(word(argument)?),
        }
    }
    Ok(parts.join(" "))
}

/// `[3: POLLIN, 4: POLLIN|POLLOUT], 50`
fn poll(arguments: &[Argument]) -> Result<String, Complaint> {
    let mut parts = Vec::new();
    for argument in arguments {
        let Argument::List(all) = argument else {
            parts.push(word(argument)?);
            continue;
        };
        if let Some(other) = all.iter().find(|it| !matches!(it, Argument::Event(..))) {
            return Err(Complaint::value(&word(other)?, "[3: POLLIN|POLLOUT]"));
        }
        for (list, name) in [("read", "POLLIN"), ("write", "POLLOUT")] {
            let wants = |it: &Argument| match it {
                Argument::Event(fd, events) if events.split('|').any(|it| it == name) => {
                    Some(fd.to_string())
                }
                _ => None,
            };
            let fds: Vec<String> = all.iter().filter_map(wants).collect();
            if !fds.is_empty() {
                parts.extend([list.to_owned(), fds.join(",")]);
            }
        }
    }
    Ok(parts.join(" "))
}
