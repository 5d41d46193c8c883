//! The datagrams that have reached the hosts, until a call gets them: one that has room for less gets the beginning, and the rest is lost.

use std::collections::VecDeque;

use super::Arrow;
use super::Ends;
use super::Saying;
use super::What;
use crate::log::Answer;
use crate::log::Call;
use crate::log::Host;

/// So many are remembered for each host: a program that lags behind by more is not told of.
const MEMORY: usize = 64;
/// So many bytes of what a call has got are held against a datagram, and against its neighbours: a log shows as many.
const SHOWN: usize = 8;

/// Datagrams that no call has got.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    waiting: Ends<VecDeque<Waiting>>,
}

#[derive(Debug)]
struct Waiting {
    packet: u64,
    /// For which port of the host.
    port: Option<u16>,
    len: usize,
    beginning: Vec<u8>,
}

impl Datagrams {
    /// One has reached a host.
    pub(super) fn arrives(&mut self, host: Host, arrow: &Arrow) {
        let What::Udp(datagram) = &arrow.seen.what else {
            return;
        };
        if datagram.in_pieces {
            return;
        }
        let waiting = &mut self.waiting[host];
        waiting.truncate(MEMORY - 1);
        waiting.push_front(Waiting {
            packet: arrow.id,
            port: arrow.seen.to.map(|to| to.port()),
            len: datagram.len,
            beginning: datagram.preview.clone(),
        });
    }

    /// The packet whose datagram a call has got that has returned, on a socket with this port, where it is known; and what there is to say
    /// of that: that it has got less than all of it.
    pub(super) fn got(&mut self, call: &Call, port: Option<u16>) -> Option<(u64, Option<Saying>)> {
        let it = Got::of(call)?;
        let its = |waiting: &Waiting| {
            let ports = waiting.port.zip(port);
            ports.is_none_or(|(to, own)| to == own)
        };
        let begins = |waiting: &Waiting| {
            let mut pairs = it
                .text
                .bytes()
                .zip(&waiting.beginning)
                .take(it.bytes.min(SHOWN));
            it.bytes > 0 && it.bytes <= waiting.len && pairs.all(|(got, sent)| got == *sent)
        };
        let waiting = &mut self.waiting[call.host];
        let first = waiting.iter().rposition(|it| its(it) && begins(it))?;
        let Waiting { packet, len, .. } = waiting.remove(first)?;
        let (who, name) = (call.host, call.name.clone());
        let (bytes, len) = (it.bytes as u64, len as u64);
        let cut = (bytes < len).then_some(match it.tells_length {
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
        Some((packet, cut))
    }
}

/// What a call has got of a datagram.
struct Got<'a> {
    /// How much it had room for, or less, if the datagram is shorter.
    bytes: usize,
    /// What it was, as the log shows it.
    text: &'a str,
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
        let room = first.and_then(|room| room.parse::<usize>().ok());
        let tells_length = has("MSG_TRUNC");
        Some(Self {
            bytes: match (tells_length, room) {
                (true, room) => number.min(room?),
                (false, _) => number,
            },
            text,
            tells_length,
        })
    }
}
