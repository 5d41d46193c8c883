//! What is known of the hosts' TCP sockets: what their TCP has told, and where it told nothing, what is
//! deduced from packets.

use std::collections::HashMap;
use std::collections::HashSet;
use std::collections::VecDeque;
use std::net::SocketAddr;

use lineman_proto::wire::Flags;
use lineman_proto::wire::flow::Label;

use super::Around;
use super::Arrow;
use super::Ends;
use super::Known;
use super::Row;
use super::StateCell;
use super::change::Change;
use super::change::Socket;
use super::explain_reset::closes;
use super::handled::Handled;
use crate::log::Endpoints;
use crate::log::Host;
use crate::log::TcpState;

/// How many sockets are remembered: more than a lesson or a person's programs have, and a log that names ever new ones
/// must not fill the memory. The one that was seen first is forgotten first.
const MEMORY: usize = 8192;
/// How many deduced states of a socket wait for its TCP to tell of a later one: a close has three.
const UNTOLD: usize = 4;

const HOSTS: [Host; 2] = [Host::Client, Host::Server];

/// The states of all sockets, as of the last row that came out.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    known: HashMap<Socket, Life>,
    /// In the order in which they were seen.
    oldest: VecDeque<Socket>,
    /// The sockets in LISTEN.
    listeners: Vec<Socket>,
    /// Those that take nothing of IPv4.
    v6_only: HashSet<Socket>,
    /// Whose socket of the last row asks for a connection, and takes the place of one in TIME-WAIT by that.
    replaced: Ends<bool>,
}

/// What is known of a socket.
#[derive(Clone, Debug, Default)]
struct Life {
    shown: Option<(TcpState, Known)>,
    /// What was deduced since its TCP has told of a state.
    untold: Vec<TcpState>,
    /// Whether its program has closed it, so that nobody reads from it any more.
    closed: bool,
    /// Whether it has ended its direction without a call of its program: nobody reads from it either, if that has ended.
    left_open: bool,
    /// Whether it has sent its FIN, by whatever call.
    finished: bool,
    /// Whether a SYN has reached a listener for it.
    passive: bool,
}

impl Sockets {
    /// Moves on by the changes that belong to `row`, forgets the states that are `unknown` behind it, and says which
    /// states the row shows. `told` gives the
    /// state that a socket's TCP is known to have told of next, in a later row; `acted` the one that a packet
    /// brought it into which it had sent by now, and which a later row shows.
    pub(super) fn advance(
        &mut self,
        row: &Row,
        (changes, unknown): (&[Change], &[Socket]),
        told: impl Fn(Socket) -> Option<TcpState>,
        acted: impl Fn(Socket) -> Option<TcpState>,
    ) -> Ends<Option<StateCell>> {
        let about = Ends {
            client: about(row, changes, Host::Client),
            server: about(row, changes, Host::Server),
        };
        let before = HOSTS.map(|host| self.before(about[host]?, changes));
        for host in HOSTS {
            self.replaced[host] = about[host].is_some_and(|socket| {
                let asks =
                    |it: &Change| it.told && it.socket == socket && it.to == TcpState::SynSent;
                changes.iter().any(asks) && replaces(self.get(socket))
            });
        }
        let mut through = Ends::default();
        for (at, change) in changes.iter().enumerate() {
            // What its TCP tells of next is in this row, perhaps: then a later row has nothing to do with it.
            let here = |socket| {
                let mut rest = changes[at + 1..].iter();
                let is_told = rest.any(|it| it.told && it.socket == socket);
                (!is_told).then(|| told(socket)).flatten()
            };
            let passed = self.take(change, here, &acted);
            if about[change.socket.host] == Some(change.socket) {
                let here = &mut through[change.socket.host];
                *here = passed.or(*here);
            }
        }
        for socket in unknown {
            if let Some(life) = self.known.get_mut(socket) {
                (life.shown, life.untold) = (None, Vec::new());
            }
        }
        let mut cells = Ends::default();
        for (host, before) in HOSTS.into_iter().zip(before) {
            cells[host] = about[host].and_then(|socket| self.cell(socket, before, through[host]));
            if let Some(cell) = cells[host].as_mut().filter(|cell| crosses(row, host, cell)) {
                cell.before = TcpState::SynSent;
            }
        }
        cells
    }

    fn cell(
        &self,
        socket: Socket,
        before: Option<(TcpState, Known)>,
        through: Option<TcpState>,
    ) -> Option<StateCell> {
        let (after, known) = self.get(socket)?;
        let before = match before {
            Some((before, _)) => before,
            None if known == Known::Kernel || known == Known::Simulated => TcpState::Closed,
            None => unseen(after),
        };
        Some(StateCell {
            before,
            through,
            after,
            known,
            connection: None,
        })
    }

    /// The state of a socket; of its listener, if it has none of its own yet.
    fn get(&self, socket: Socket) -> Option<(TcpState, Known)> {
        let own = self.known.get(&socket).and_then(|life| life.shown);
        own.or_else(|| {
            let listener = self.listener(socket.host, socket.ends.local)?;
            self.known.get(&listener)?.shown
        })
    }

    /// The state of a socket before these changes. One that was closed is no more: a SYN from the same port reaches its listener. And one
    /// that asks for a connection is a new one, whatever had its port before.
    fn before(&self, socket: Socket, changes: &[Change]) -> Option<(TcpState, Known)> {
        let before = self.get(socket);
        let asked = |it: &Change| it.socket == socket && it.to == TcpState::SynReceived;
        let asks = |it: &Change| it.socket == socket && it.to == TcpState::SynSent;
        let asks = changes.iter().any(asks);
        let is_new = changes.iter().any(asked);
        match before {
            Some((TcpState::Closed, _)) if is_new => {
                let listener = self.listener(socket.host, socket.ends.local);
                let listens = listener.and_then(|it| self.known.get(&it)?.shown);
                listens.or(before)
            }
            Some((_, known)) if asks && replaces(before) => Some((TcpState::Closed, known)),
            _ => before,
        }
    }

    /// The listener that takes what is for `local`: that of another address of the same host does not.
    fn listener(&self, host: Host, local: SocketAddr) -> Option<Socket> {
        let mut at_port = self.listeners_at_port(host, local);
        at_port.find(|it| {
            let ip = it.ends.local.ip();
            let any = ip.is_unspecified() && !(local.is_ipv4() && self.v6_only.contains(it));
            any || ip == local.ip()
        })
    }

    fn listeners_at_port(&self, host: Host, local: SocketAddr) -> impl Iterator<Item = Socket> {
        let fits = move |it: &Socket| it.host == host && it.ends.local.port() == local.port();
        self.listeners.iter().copied().filter(fits)
    }

    /// What is known beside the row, by what programs have `handled` and whose have `ended`. A row that shows how a program
    /// closes is told to here first.
    pub(super) fn around(&mut self, row: &Row, handled: &Handled, ended: &Ends<bool>) -> Around {
        let mut around = Around {
            replaced: self.replaced,
            ..Around::default()
        };
        let Some(arrow) = &row.arrow else {
            return around;
        };
        let segment = arrow.seen.segment();
        let has = |flag| segment.is_some_and(|segment| segment.has(flag));
        for host in HOSTS {
            let Some(socket) = of_packet(arrow, host) else {
                continue;
            };
            let sends = host == arrow.from;
            let ends = sends && has(Flags::FIN);
            let closes = ends && closes(row, arrow);
            let left_open = sends && handled.is_left_open(socket);
            let opens = has(Flags::SYN);
            if closes || opens || ends && left_open {
                let life = self.life(socket);
                (life.closed, life.left_open) = (closes, !closes && !opens);
            }
            if opens || ends {
                self.life(socket).finished = ends && !opens;
            }
            let life = self.known.get(&socket);
            let is_closed = handled.is_closed(socket, arrow.sent_ns);
            let nobodys = |life: &Life| {
                life.closed || life.left_open && ended[host] || life.finished && is_closed
            };
            around.closed[host] = life.is_some_and(nobodys);
            if sends {
                around.left_open = left_open && ended[host];
                around.closed_before = ends && !closes && handled.has_outlived_a_close(socket);
            }
            if sends && self.listener(host, socket.ends.local).is_none() {
                let elsewhere = self.listeners_at_port(host, socket.ends.local).next();
                around.elsewhere = elsewhere.map(|it| it.ends.local);
                let passive = life.is_some_and(|life| life.passive);
                around.untaken = passive && handled.was_never_taken(socket);
            }
        }
        around
    }

    /// Moves a socket on; gives the state that its TCP must have passed through without telling of it.
    fn take(
        &mut self,
        change: &Change,
        told: impl Fn(Socket) -> Option<TcpState>,
        acted: impl Fn(Socket) -> Option<TcpState>,
    ) -> Option<TcpState> {
        self.note_listener(change);
        let before = self.get(change.socket).map(|(state, _)| state);
        let is_new = change.to == TcpState::SynSent && before == Some(TcpState::TimeWait);
        let before = before.filter(|_| !is_new).unwrap_or(TcpState::Closed);
        let listener = self.listener(change.socket.host, change.socket.ends.local);
        let life = self.life(change.socket);
        life.passive = change.to == TcpState::SynReceived
            || life.passive && !matches!(change.to, TcpState::SynSent | TcpState::Listen);
        let gone = change.told && change.to == TcpState::Closed;
        if gone && (life.listens_again() || life.is_embryonic() && listener.is_some()) {
            // What is told of as gone was one of the listener's requests: it is in LISTEN again.
            *life = Life::default();
            return None;
        }
        if change.told || change.alone {
            let deduced = between(before, change.to, &life.untold);
            let skips = deduced.is_none() && change.told && !before.leads_to(change.to);
            let acted = skips.then(|| acted(change.socket)).flatten();
            let through = deduced.or_else(|| between(before, change.to, acted.as_slice()));
            life.untold.clear();
            life.shown = Some((change.to, change.known));
            return through;
        }
        if before == change.to {
            return None; // as was told
        }
        let next = told(change.socket);
        if next.is_some_and(|next| between(before, next, &[change.to]).is_some()) {
            life.shown = Some((change.to, Known::Passed));
        } else if life.untold.len() < UNTOLD {
            life.untold.push(change.to);
        }
        None
    }

    fn life(&mut self, socket: Socket) -> &mut Life {
        if !self.known.contains_key(&socket) {
            if self.oldest.len() == MEMORY
                && let Some(oldest) = self.oldest.pop_front()
            {
                self.known.remove(&oldest);
                self.listeners.retain(|listener| *listener != oldest);
            }
            self.oldest.push_back(socket);
        }
        self.known.entry(socket).or_default()
    }

    /// A listener has been made, and what is for an address of IPv4 may be for it or not.
    pub(super) fn takes_ipv4(&mut self, listener: Socket, takes: bool) {
        if takes {
            self.v6_only.remove(&listener);
        } else if self.v6_only.len() < MEMORY {
            self.v6_only.insert(listener);
        }
    }

    fn note_listener(&mut self, change: &Change) {
        let known = self.listeners.iter().position(|it| *it == change.socket);
        match (change.to, known) {
            (TcpState::Listen, None) => self.listeners.push(change.socket),
            (TcpState::Listen, Some(_)) | (_, None) => {}
            (_, Some(at)) => {
                self.listeners.remove(at);
            }
        }
    }
}

impl Life {
    /// Whether its packets say that it was a passive end that a reset has led back to LISTEN (RFC 9293
    /// §3.10.7.4).
    fn listens_again(&self) -> bool {
        self.is_embryonic() && self.untold.last() == Some(&TcpState::Listen)
    }

    fn is_embryonic(&self) -> bool {
        matches!(self.shown, Some((TcpState::SynReceived, _)))
    }
}

/// Whether a socket that asks for a connection is another than the one that was in this state: no way leads from there to SYN-SENT.
fn replaces(before: Option<(TcpState, Known)>) -> bool {
    matches!(before, Some((TcpState::TimeWait, _)))
}

/// The one state that was deduced between two that a TCP has told of, and that no step of the figure
/// joins.
fn between(from: TcpState, to: TcpState, deduced: &[TcpState]) -> Option<TcpState> {
    if from.leads_to(to) {
        return None;
    }
    let joins = |through: &&TcpState| from.leads_to(**through) && through.leads_to(to);
    deduced.iter().find(joins).copied()
}

/// Where a socket was whose packets are seen for the first time: only how it opens tells.
fn unseen(now: TcpState) -> TcpState {
    match now {
        TcpState::SynSent => TcpState::Closed,
        TcpState::SynReceived => TcpState::Listen,
        state => state,
    }
}

/// Whether an end whose state is deduced sends the SYN by which it asks to open, where the peer's has crossed that: it has
/// been no listener.
fn crosses(row: &Row, host: Host, cell: &StateCell) -> bool {
    let deduced = matches!(cell.known, Known::Deduced | Known::Contradicted);
    let opens = matches!(cell.before, TcpState::Closed | TcpState::Listen);
    let arrow = row.arrow.as_ref().filter(|arrow| arrow.from == host);
    let crossed = arrow.is_some_and(|it| it.label == Some(Label::SynCrossed));
    deduced && opens && crossed && cell.after == TcpState::SynReceived
}

/// The socket that a row is about: its packet's, else the one that changed.
pub(super) fn about(row: &Row, changes: &[Change], host: Host) -> Option<Socket> {
    row.arrow
        .as_ref()
        .and_then(|arrow| of_packet(arrow, host))
        .or_else(|| {
            let mut own = changes.iter().rev().map(|change| change.socket);
            own.find(|socket| socket.host == host)
        })
}

/// The socket at an end of a segment.
pub(super) fn of_packet(arrow: &Arrow, host: Host) -> Option<Socket> {
    arrow.seen.segment()?;
    if arrow.from != host && arrow.nobody.is_some() {
        return None;
    }
    let (from, to) = (arrow.seen.from?, arrow.seen.to?);
    let (local, remote) = if arrow.from == host {
        (from, to)
    } else {
        (to, from)
    };
    let ends = Endpoints {
        local,
        remote: Some(remote),
    };
    Some(Socket { host, ends })
}
