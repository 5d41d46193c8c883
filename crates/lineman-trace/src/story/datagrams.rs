//! The datagrams that have reached the hosts, until a call gets them: one that has room for less gets the beginning, and the rest is lost.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::net::SocketAddr;

use lineman_proto::text::visible_bytes;

use super::Arrow;
use super::Ends;
use super::Saying;
use super::descriptor::Descriptor;
use super::seen::Datagram;
use super::seen::IcmpError;
use super::seen::Piece;
use super::seen::What;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Host;
use crate::log::unmapped;

/// So many are remembered for each host: a program that lags behind by more is not told of.
const MEMORY: usize = 64;
/// So many characters of what a call has got are held against a datagram, and against its neighbours: a log shows as many.
const SHOWN: usize = 8;

/// Datagrams that no call has got.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    /// Those that have come, the last first.
    waiting: Ends<VecDeque<Waiting>>,
    /// Those of which pieces are missing.
    partial: Ends<VecDeque<Partial>>,
}

#[derive(Clone, Debug)]
struct Waiting {
    /// The packet that has brought it; of one in pieces none alone has.
    packet: Option<u64>,
    from: Option<SocketAddr>,
    to: Option<SocketAddr>,
    len: usize,
    beginning: Vec<u8>,
}

/// The pieces of a datagram.
#[derive(Debug)]
struct Partial {
    ends: (Option<IpAddr>, Option<IpAddr>),
    id: u32,
    /// The first piece, which alone says what it is.
    first: Option<Waiting>,
    /// Where those begin that have come: the wire may have copied one.
    places: Vec<usize>,
    bytes: usize,
}

impl Datagrams {
    /// A packet has reached a host. If a datagram is whole with it: for whom that is, if that is known.
    pub(super) fn arrives(&mut self, host: Host, arrow: &Arrow) -> Option<Option<SocketAddr>> {
        let whole = match &arrow.seen.what {
            What::Udp(it) if !it.in_pieces => Some(Waiting::of(arrow, it)),
            What::Udp(it) => it.piece_of.and_then(|id| {
                let first = Some(Waiting::of(arrow, it));
                self.piece(host, arrow, (id, 0, it.here), first)
            }),
            What::Piece(Piece {
                id, offset, len, ..
            }) => self.piece(host, arrow, (*id, *offset, *len), None),
            _ => None,
        };
        let whole = whole?;
        let to = whole.to;
        let waiting = &mut self.waiting[host];
        waiting.truncate(MEMORY - 1);
        waiting.push_front(whole);
        Some(to)
    }

    /// A piece has come: the datagram, if it was the last that was missing.
    fn piece(
        &mut self,
        host: Host,
        arrow: &Arrow,
        (id, place, len): (u32, usize, usize),
        first: Option<Waiting>,
    ) -> Option<Waiting> {
        let ip = |end: Option<SocketAddr>| end.map(|end| end.ip());
        let ends = (ip(arrow.seen.from), ip(arrow.seen.to));
        let partial = &mut self.partial[host];
        let known = partial.iter().position(|it| it.id == id && it.ends == ends);
        let at = known.unwrap_or_else(|| {
            partial.truncate(MEMORY - 1);
            partial.push_front(Partial {
                ends,
                id,
                first: None,
                places: Vec::new(),
                bytes: 0,
            });
            0
        });
        let it = partial.get_mut(at)?;
        if !it.places.contains(&place) {
            it.places.push(place);
            it.bytes += len;
        }
        it.first = first.or_else(|| it.first.take());
        let is_whole = it.first.as_ref().is_some_and(|first| first.len == it.bytes);
        match is_whole {
            true => partial.remove(at)?.first,
            false => None,
        }
    }

    /// A host says by ICMP that no program receives what has come between two ends: none gets it.
    pub(super) fn refused(&mut self, host: Host, error: &IcmpError) {
        if error.closed_port().is_some() {
            let ends = (error.source, error.target);
            self.waiting[host].retain(|it| (it.from, it.to) != ends);
        }
    }

    /// A host has dropped the datagram that a packet has brought: no call gets it.
    pub(super) fn drops(&mut self, host: Host, packet: u64) {
        self.waiting[host].retain(|it| it.packet != Some(packet));
    }

    /// A call has got something that is `of_it`: where that is none of those that are whole, but one of which pieces are missing, they
    /// have come. A tracer's time may be a little before theirs.
    fn completes(&mut self, host: Host, of_it: impl Fn(&Waiting) -> bool) {
        let partial = &mut self.partial[host];
        if self.waiting[host].iter().any(&of_it) {
            return;
        }
        let begun = |it: &Partial| it.first.as_ref().is_some_and(&of_it);
        let first = partial.iter().rposition(begun);
        let whole = first.and_then(|first| partial.remove(first)?.first);
        self.waiting[host].extend(whole);
    }

    /// The packet whose datagram a call has got that has returned, on a socket of which this is known, as far as one packet alone has
    /// brought it; and what there is to say of that: that it has got less than all of it.
    pub(super) fn got(
        &mut self,
        call: &Call,
        socket: Option<&Descriptor>,
    ) -> Option<(Option<u64>, Option<Saying>)> {
        let it = Got::of(call)?;
        let of_it = |waiting: &Waiting| it.may_be_of(waiting) && waiting.may_come_to(socket);
        self.completes(call.host, of_it);
        let waiting = &mut self.waiting[call.host];
        let first = waiting.iter().rposition(of_it)?;
        // One that begins alike and has room enough may be what was received: a full buffer drops those before it.
        let is_alone = waiting[first].len <= it.bytes
            || !waiting
                .iter()
                .any(|other| of_it(other) && other.len == it.bytes);
        let whole = waiting.remove(first)?;
        // A socket gives datagrams in the order in which they have come: those before it were dropped.
        let mut place = 0;
        waiting.retain(|other| {
            let is_before = place >= first && (other.from, other.to) == (whole.from, whole.to);
            place += 1;
            !is_before
        });
        let (who, name) = (call.host, call.name.clone());
        let (bytes, len) = (it.bytes as u64, whole.len as u64);
        let cut = (is_alone && bytes < len).then_some(match it.tells_length {
            true => Saying::CallDatagramLength {
                who,
                name,
                bytes,
                len,
            },
            false => Saying::CallDatagramCut {
                who,
                name,
                bytes,
                len,
            },
        });
        Some((whole.packet.filter(|_| is_alone), cut))
    }
}

impl Waiting {
    fn of(arrow: &Arrow, datagram: &Datagram) -> Self {
        Self {
            packet: (!datagram.in_pieces).then_some(arrow.id),
            from: arrow.seen.from,
            to: arrow.seen.to,
            len: datagram.len,
            beginning: datagram.preview.clone(),
        }
    }

    /// Whether a socket may receive it, as far as is known of that.
    fn may_come_to(&self, socket: Option<&Descriptor>) -> bool {
        let port = socket.and_then(Descriptor::known_port);
        let peer = socket.and_then(|it| it.peer);
        let to = self.to.map(|to| to.port());
        port.is_none_or(|port| to.is_none_or(|to| to == port)) && self.may_be_from(peer)
    }

    fn may_be_from(&self, sender: Option<SocketAddr>) -> bool {
        sender.is_none_or(|sender| self.from.is_none_or(|from| from == unmapped(sender)))
    }
}

/// What a call has got of a datagram.
struct Got<'a> {
    /// How much it had room for, or less, if the datagram is shorter.
    bytes: usize,
    /// How long the datagram is, where the answer says that: there was room for more.
    whole: Option<usize>,
    /// What it was, as the log shows it.
    text: &'a str,
    /// Who has sent it.
    sender: Option<SocketAddr>,
    /// Whether it has returned the length of the datagram, whatever it had room for (MSG_TRUNC).
    tells_length: bool,
}

impl<'a> Got<'a> {
    /// Nothing, where a call only looks.
    fn of(call: &'a Call) -> Option<Self> {
        let Some(Answer::Value(answer)) = &call.answer else {
            return None;
        };
        let has = |flag: &str| call.args.iter().skip(1).any(|flags| flags.contains(flag));
        if has("MSG_PEEK") {
            return None;
        }
        let first = call.args.first();
        let (number, text) = match call.name.as_str() {
            "recv" | "recvfrom" | "read" => answer.split_once(' ')?,
            // What it has filled in stands among its arguments.
            "recvmsg" => (answer.as_str(), first?.split_once("iov_base=")?.1),
            _ => return None,
        };
        let (number, text): (usize, _) = (number.parse().ok()?, text.strip_prefix('"')?);
        let room = match call.name.as_str() {
            "recvmsg" => first.and_then(|message| vectors(message)),
            _ => first.and_then(|room| room.parse::<usize>().ok()),
        };
        let tells_length = has("MSG_TRUNC");
        // Where nobody knows for how much it asked, nothing says that it is cut.
        let is_less = room.is_none_or(|room| number < room);
        let sender = answer.rsplit_once(", ").map(|(_, sender)| sender);
        Some(Self {
            bytes: match (tells_length, room) {
                (true, room) => number.min(room?),
                (false, _) => number,
            },
            whole: (tells_length || is_less).then_some(number),
            text,
            sender: sender.and_then(|sender| sender.parse().ok()),
            tells_length,
        })
    }

    /// Whether it may be this datagram, or its beginning.
    fn may_be_of(&self, waiting: &Waiting) -> bool {
        let fits = match self.whole {
            Some(whole) => waiting.len == whole,
            None => waiting.len >= self.bytes,
        };
        let beginning = &waiting.beginning;
        let sent = visible_bytes(beginning.get(..self.bytes).unwrap_or(beginning));
        let mut pairs = self.text.chars().zip(sent.chars()).take(SHOWN);
        let begins = pairs.all(|(got, sent)| got == sent);
        self.bytes > 0 && fits && begins && waiting.may_be_from(self.sender)
    }
}

/// How many bytes the buffers of recvmsg() have together.
fn vectors(message: &str) -> Option<usize> {
    let lens = message.split("iov_len=").skip(1);
    let mut lens = lens.map(|rest| {
        let digits = rest.find(|it: char| !it.is_ascii_digit());
        rest[..digits.unwrap_or(rest.len())].parse::<usize>().ok()
    });
    lens.try_fold(0_usize, |sum, len| Some(sum.saturating_add(len?)))
        .filter(|sum| *sum > 0)
}
