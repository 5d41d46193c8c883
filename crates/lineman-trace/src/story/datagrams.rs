//! The datagrams that have reached the hosts, until a call gets them: one that has room for less gets the beginning, and the rest is lost.

use std::collections::VecDeque;

use super::Ends;
use super::Saying;
use super::seen::Datagram;
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
    len: usize,
    beginning: Vec<u8>,
}

impl Datagrams {
    /// One has reached a host.
    pub(super) fn arrives(&mut self, host: Host, datagram: &Datagram) {
        if datagram.in_pieces {
            return;
        }
        let waiting = &mut self.waiting[host];
        waiting.truncate(MEMORY - 1);
        waiting.push_front(Waiting {
            len: datagram.len,
            beginning: datagram.preview.clone(),
        });
    }

    /// What there is to say of a call that has returned: that it has got less than all of a datagram.
    pub(super) fn got(&mut self, call: &Call) -> Option<Saying> {
        let receives = matches!(call.name.as_str(), "recv" | "recvfrom" | "read");
        // One that looks leaves it where it is; another option may tell how long it would be.
        let takes = !call.args.iter().any(|flags| flags.contains("MSG_"));
        let Answer::Value(answer) = call.answer.as_ref().filter(|_| receives && takes)? else {
            return None;
        };
        let (bytes, text) = answer.split_once(' ')?;
        let bytes: usize = bytes.parse().ok()?;
        let got = text.strip_prefix('"')?;
        let begins = |it: &Waiting| {
            let mut pairs = got.bytes().zip(&it.beginning).take(bytes.min(SHOWN));
            bytes > 0 && bytes <= it.len && pairs.all(|(got, sent)| got == *sent)
        };
        let waiting = &mut self.waiting[call.host];
        let first = waiting.iter().rposition(begins)?;
        let len = waiting.remove(first)?.len;
        (bytes < len).then(|| Saying::CallDatagramCut {
            who: call.host,
            name: call.name.clone(),
            bytes: bytes as u64,
            len: len as u64,
        })
    }
}
