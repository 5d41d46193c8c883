//! A row of the ladder.

use std::ops::Index;
use std::ops::IndexMut;

use super::Arrow;
use super::ConnectionName;
use super::Saying;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Endpoints;
use crate::log::Host;
use crate::log::Origin;
use crate::log::TcpState;
use crate::log::TimerKind;

/// Things that happened together: what the two hosts called, the packet that crossed between them,
/// and the states it left them in.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// When: when its packet was sent, or arrived, if that is what it shows of it; else, when the first
    /// of it happened.
    pub t_ns: u64,
    /// What the hosts called.
    pub calls: Ends<Option<CallCell>>,
    /// The packet.
    pub arrow: Option<Arrow>,
    /// The states of the sockets it is about.
    pub states: Ends<Option<StateCell>>,
    /// The timer that expired and caused it.
    pub timer: Option<Expiry>,
    /// What there is to say, in this order.
    pub sayings: Vec<Saying>,
}

impl Row {
    pub(super) fn new(t_ns: u64) -> Self {
        Self {
            t_ns,
            calls: Ends::default(),
            arrow: None,
            states: Ends::default(),
            timer: None,
            sayings: Vec::new(),
        }
    }
}

/// One of something for each host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ends<T> {
    /// The client's.
    pub client: T,
    /// The server's.
    pub server: T,
}

impl<T> Index<Host> for Ends<T> {
    type Output = T;

    fn index(&self, host: Host) -> &T {
        match host {
            Host::Client => &self.client,
            Host::Server => &self.server,
        }
    }
}

impl<T> IndexMut<Host> for Ends<T> {
    fn index_mut(&mut self, host: Host) -> &mut T {
        match host {
            Host::Client => &mut self.client,
            Host::Server => &mut self.server,
        }
    }
}

/// A socket call in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallCell {
    /// Which call: a call that takes long has two cells.
    pub id: u64,
    /// When it began, if that is here; else when it returned.
    pub t_ns: u64,
    /// When it returned, in nanoseconds since the log began, if that is here.
    pub returned_ns: Option<u64>,
    /// Its name.
    pub name: String,
    /// Its descriptor.
    pub fd: Option<i32>,
    /// The ends of the connection that it is about, where that is known.
    pub socket: Option<Endpoints>,
    /// Which connection that is, once the log has more than one, and if it is not that of the row's packet.
    pub connection: Option<ConnectionName>,
    /// Its arguments.
    pub args: Vec<String>,
    /// Whether this cell is where it began.
    pub begins: bool,
    /// The answer, if it returned in this row.
    pub answer: Option<Answer>,
    /// The packet whose datagram it has received, as far as its bytes tell, if it returned in this row.
    pub datagram: Option<u64>,
    /// Whether it began and returned in this row, its host was given a packet in between, and it may have waited for that: by its
    /// socket, and by how long it took if it does not receive.
    pub waited: bool,
}

impl CallCell {
    /// A call as it begins, `t_ns` nanoseconds after the log: no answer yet.
    #[must_use]
    pub fn begun(call: &Call, t_ns: u64) -> Self {
        Self {
            id: call.id,
            t_ns,
            returned_ns: None,
            name: call.name.clone(),
            fd: call.fd,
            socket: call.ends(),
            connection: None,
            args: call.args.clone(),
            begins: true,
            answer: None,
            datagram: None,
            waited: false,
        }
    }
}

/// How the state of a socket is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// Its kernel has said so.
    Kernel,
    /// Its TCP, in user space, has said so.
    Simulated,
    /// From the numbers of packets, by RFC 9293.
    Deduced,
    /// As [`Deduced`](Self::Deduced): its TCP has told of the state before it and of the one after it, and
    /// was not asked in between.
    Passed,
    /// As [`Deduced`](Self::Deduced); but what the end has sent does not go with what was deduced before:
    /// something had not been received by then that seems to have arrived.
    Contradicted,
}

/// The state of a host's socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateCell {
    /// Before the row.
    pub before: TcpState,
    /// A state between the two that it has passed through, as packets tell: its TCP was not asked so soon.
    pub through: Option<TcpState>,
    /// After it.
    pub after: TcpState,
    /// How it is known.
    pub known: Known,
    /// Which connection its socket is of, once the log has more than one, and if neither packet nor call of the row says so.
    pub connection: Option<ConnectionName>,
}

/// A timer that expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry {
    /// Whose.
    pub host: Host,
    /// Which.
    pub kind: TimerKind,
    /// How long it ran.
    pub wait_ns: u64,
    /// How this is known; [`Origin::Inferred`] is the gap between two equal packets.
    pub origin: Origin,
}
