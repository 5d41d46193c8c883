//! A transfer of a capture, followed past the port that was asked.

use std::net::SocketAddr;

use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Packet;
use lineman_proto::wire;
use lineman_proto::wire::Frame;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::TftpFlow;

use super::Conversation;
use super::Ending;
use super::Kind;
use super::Trouble;
use crate::log::Host;

/// The most characters of a file's name that are kept: paths have 4096 bytes, and nobody reads so many.
const LONGEST_NAME: usize = 256;

/// What a transfer moves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transfer {
    /// Whether the file goes from the client to the server.
    pub upload: bool,
    /// The file's name as it was asked for, made safe to show.
    pub file: String,
    /// How many bytes of the file were sent, each counted once.
    pub bytes: u64,
}

/// What is remembered of a transfer while its packets come.
#[derive(Debug)]
pub(super) struct Following {
    /// Whether it goes on as it began: not all that begins with a request is TFTP.
    talk: wire::Conversations,
    flow: TftpFlow,
    is_tftp: bool,
}

/// Whether a frame asks for a file: one that begins with a request's opcode is looked at more closely.
pub(super) fn is_request(frame: &Frame<'_>) -> bool {
    let payload = frame.udp().map(|udp| udp.payload().bytes());
    if !matches!(payload, Some([0, 1 | 2, ..])) {
        return false;
    }
    let read = wire::Conversations::new().follow(*frame);
    matches!(read.tftp(), Some(Packet::Request(_)))
}

impl Following {
    /// One that begins with this frame, if it is a request; tell it that frame too.
    pub(super) fn new(frame: &Frame<'_>) -> Option<Self> {
        let mut talk = wire::Conversations::new();
        let flow = TftpFlow::new(&talk.follow(*frame))?;
        Some(Self {
            talk,
            flow,
            is_tftp: true,
        })
    }

    /// Whether the last block is acknowledged, or an error was sent: a request begins another.
    pub(super) fn is_over(&self) -> bool {
        self.flow.is_over() || !self.is_tftp
    }

    /// Takes a packet, and notes in `known` what it tells. Gives its sender.
    pub(super) fn take(
        &mut self,
        id: u64,
        now_ns: u64,
        frame: &Frame<'_>,
        known: &mut Conversation,
    ) -> Host {
        let from = sender(frame, known.ends.client);
        let frame = self.talk.follow(*frame);
        if self.talk.left_tftp(&frame) {
            self.is_tftp = false;
            (known.kind, known.ending) = (Kind::Udp, Ending::Open);
        }
        if let Some(step) = self
            .flow
            .sent(id, now_ns, &frame, None)
            .filter(|_| self.is_tftp)
        {
            if step.stray.is_some() {
                known.troubles.add(Trouble::Stray);
                return from;
            }
            let cause = step.again.map(|again| again.cause);
            match cause {
                Some(Cause::Doubled) => known.troubles.add(Trouble::Duplicate),
                Some(_) => known.troubles.add(Trouble::Retransmission),
                None => {}
            }
            if matches!(cause, Some(Cause::Timer(_))) {
                known.troubles.add(Trouble::TimeOut);
            }
            self.note(&frame, step.bytes, from, known);
        }
        from
    }

    fn note(&self, frame: &Frame<'_>, bytes: u64, from: Host, known: &mut Conversation) {
        let transfer = known.transfer.get_or_insert_default();
        transfer.bytes = transfer.bytes.max(bytes);
        match frame.tftp() {
            Some(Packet::Request(request)) if transfer.file.is_empty() => {
                transfer.upload = request.direction == Direction::Write;
                let name = visible_bytes(request.filename);
                transfer.file = name.chars().take(LONGEST_NAME).collect();
            }
            // GRUB's ERROR 0 in place of the last ACK comes when all has been sent: it fails nothing that is over.
            Some(Packet::Error { code, .. }) if known.ending != Ending::Closed => {
                known.ending = Ending::Failed(from, code.0);
            }
            Some(Packet::Ack { .. }) if self.flow.is_over() && known.ending == Ending::Open => {
                known.ending = Ending::Closed;
            }
            _ => {}
        }
    }

    /// What is known in the end.
    pub(super) fn conclude(&self, known: &mut Conversation) {
        if self.is_tftp && known.ending == Ending::Open && known.packets.server == 0 {
            known.ending = Ending::Unanswered;
        }
    }
}

fn sender(frame: &Frame<'_>, client: SocketAddr) -> Host {
    match frame.endpoints() {
        Some((from, _)) if from == client => Host::Client,
        _ => Host::Server,
    }
}
