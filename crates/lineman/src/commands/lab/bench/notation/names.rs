//! The names that a person has given to sockets, files, addresses and bytes: `c, a = s.accept()`.

use std::collections::BTreeMap;
use std::collections::VecDeque;

use lineman_lab::hosts;
use lineman_trace::log;
use lineman_trace::log::Answer;
use lineman_trace::log::Host;

use super::super::complaint::Complaint;
use super::reader::Argument;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Named {
    /// A socket.
    Socket(i32),
    /// A file over a socket.
    File(i32),
    /// A value.
    Value(Argument),
    /// What the call returns, which it has not yet.
    Waiting(&'static str),
    /// The call has failed.
    Failed(&'static str),
    /// Bytes of which the log has not all.
    NotKept,
    /// A socket that is closed, and whose descriptor another one has now.
    Replaced,
}

/// The names on both hosts.
#[derive(Debug, Default)]
pub(in super::super) struct Names {
    named: BTreeMap<(Host, String), Named>,
    /// Calls that were asked for and have not begun.
    expected: VecDeque<Expected>,
    /// Those that have, by their ids.
    begun: BTreeMap<u64, Expected>,
}

#[derive(Clone, Debug)]
struct Expected {
    host: Host,
    call: &'static str,
    fd: Option<i32>,
    targets: Vec<String>,
}

impl Names {
    /// What this call returns has these names.
    pub(super) fn expect(&mut self, host: Host, call: &hosts::Call, targets: Vec<String>) {
        let (fd, call) = (call.fd(), call.name());
        if targets.is_empty() || !NAMING.contains(&call) {
            return;
        }
        for target in &targets {
            self.set(host, target, Named::Waiting(call));
        }
        let expected = Expected {
            host,
            call,
            fd,
            targets,
        };
        self.expected.push_back(expected);
    }

    /// Takes down what a call of the log has returned.
    pub(in super::super) fn hear(&mut self, call: &log::Call) {
        if let Some(fd) = made(call) {
            self.replace(call.host, fd);
        }
        let is_it =
            |it: &Expected| it.host == call.host && it.call == call.name && it.fd == call.fd;
        let begun = self.begun.remove(&call.id).or_else(|| {
            let at = self.expected.iter().position(is_it)?;
            self.expected.remove(at)
        });
        let Some(begun) = begun else { return };
        let Some(answer) = &call.answer else {
            self.begun.insert(call.id, begun);
            return;
        };
        let values = match answer {
            Answer::Value(value) => returned(begun.call, begun.fd, value),
            Answer::Error(_) => vec![Named::Failed(begun.call); begun.targets.len()],
        };
        for (target, value) in begun.targets.iter().zip(values) {
            self.set(begun.host, target, value);
        }
    }

    /// The old socket has lost this descriptor to a new one: the names of the old socket must not stand for the new one.
    fn replace(&mut self, host: Host, fd: i32) {
        for ((whose, _), named) in &mut self.named {
            let had = matches!(named, Named::Socket(it) | Named::File(it) if *it == fd);
            if *whose == host && had {
                *named = Named::Replaced;
            }
        }
    }

    pub(super) fn set(&mut self, host: Host, name: &str, value: Named) {
        self.named.insert((host, name.to_owned()), value);
    }

    /// What this host calls so.
    pub(super) fn get(&self, host: Host, name: &str) -> Option<&Named> {
        self.named.get(&(host, name.to_owned()))
    }

    /// That nothing is called so; what there is on the host, and what was perhaps meant.
    pub(super) fn unknown(&self, host: Host, name: &str) -> Complaint {
        let mine = self.named.keys().filter(|(whose, _)| *whose == host);
        Complaint::Name(
            name.to_owned(),
            mine.map(|(_, name)| name.clone()).collect(),
        )
    }
}

/// The descriptor of the socket that this call has made.
fn made(call: &log::Call) -> Option<i32> {
    let Some(Answer::Value(value)) = &call.answer else {
        return None;
    };
    let makes = matches!(call.name.as_str(), "socket" | "accept");
    value.split(',').next().filter(|_| makes)?.parse().ok()
}

/// What the names of a call's answer stand for, as Python unpacks it.
fn returned(call: &str, fd: Option<i32>, value: &str) -> Vec<Named> {
    let address = |text: &str| Named::Value(Argument::Address(text.to_owned()));
    match call {
        "makefile" => fd.map(Named::File).into_iter().collect(),
        "recv" => vec![received(value)],
        "recvfrom" => match value.rsplit_once(", ") {
            Some((data, from)) => vec![received(data), address(from)],
            None => vec![received(value)],
        },
        "getsockname" | "getpeername" => vec![address(value)],
        _ => {
            let (fd, from) = value.split_once(", ").unwrap_or((value, ""));
            let socket = fd.parse().map(Named::Socket).ok();
            socket.into_iter().chain([address(from)]).collect()
        }
    }
}

/// `6 "hello\n"`, if it is certain which bytes these are: the log has the first of many, and controls
/// made visible.
fn received(value: &str) -> Named {
    let bytes = || {
        if value == "0" {
            return Some(Vec::new());
        }
        let (len, text) = value.split_once(' ')?;
        let text = text.strip_prefix('"')?.strip_suffix('"')?;
        let text = text.replace("\\n", "\n");
        let exact = text.len() == len.parse::<usize>().ok()? && !text.contains(['^', '<']);
        exact.then(|| text.into_bytes())
    };
    bytes().map_or(Named::NotKept, |bytes| Named::Value(Argument::Data(bytes)))
}

/// Calls whose answers are worth a name.
const NAMING: [&str; 7] = [
    "socket",
    "accept",
    "makefile",
    "recv",
    "recvfrom",
    "getsockname",
    "getpeername",
];
