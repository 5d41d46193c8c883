//! What a script waits for, by name: the user is told of it when the wait is long, and when it was in vain.

use std::collections::BTreeMap;
use std::fmt;

use lineman_trace::log::Host;
use lineman_trace::log::Note;
use lineman_trace::log::TcpState;

/// What a script waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Awaited {
    /// That a call of a host returns.
    Call(Host, &'static str),
    /// That a connection of a host reaches a state.
    State(Host, TcpState),
    /// That a packet of a host arrives: which, in the words of the field.
    Packet(Host, &'static str),
    /// That nothing is on the wire any more.
    Quiet,
    /// The whole file, as it was.
    File,
}

impl Awaited {
    /// Its name in a log.
    pub fn id(&self) -> &'static str {
        match self {
            Self::Call(..) => "call",
            Self::State(..) => "state",
            Self::Packet(..) => "packet",
            Self::Quiet => "quiet",
            Self::File => "file",
        }
    }

    /// The host that it is about.
    pub fn host(&self) -> Option<Host> {
        match self {
            Self::Call(host, _) | Self::State(host, _) | Self::Packet(host, _) => Some(*host),
            Self::Quiet | Self::File => None,
        }
    }

    /// The name of the call, the state or the packet.
    pub fn name(&self) -> Option<&'static str> {
        match self {
            Self::Call(_, name) | Self::Packet(_, name) => Some(name),
            Self::State(_, state) => Some(state.name()),
            Self::Quiet | Self::File => None,
        }
    }

    /// For the log: `waits.` and its name.
    pub(super) fn note(&self) -> Note {
        let host = self.host().map(|host| match host {
            Host::Client => "client",
            Host::Server => "server",
        });
        let args = [("host", host), ("name", self.name())];
        let args = args
            .into_iter()
            .filter_map(|(key, value)| Some((key.to_owned(), value?.to_owned())));
        Note {
            id: format!("waits.{}", self.id()),
            args: args.collect::<BTreeMap<_, _>>(),
        }
    }
}

impl fmt::Display for Awaited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())?;
        if let (Some(host), Some(name)) = (self.host(), self.name()) {
            write!(f, " {name} of the {host:?}")?;
        }
        Ok(())
    }
}
