//! Everything that can be said about a row. Names and numbers only; the words are the view's.

use std::collections::BTreeMap;

use super::Reason;
use crate::log::Host;
use crate::log::TcpState;

/// Declares the sayings: each with its name for programs and what goes into it.
macro_rules! sayings {
    ($( $(#[$doc:meta])* $variant:ident $id:literal { $($field:ident: $type:ty),* } )+) => {
        /// Something to say about a row, with its numbers.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "the fields are what the sentence needs")]
        pub enum Saying {
            $( $(#[$doc])* $variant { $($field: $type),* }, )+
        }

        impl Saying {
            /// The names of all sayings.
            pub const IDS: &[&str] = &[$($id),+];

            /// Its name.
            pub fn id(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $id, )+
                }
            }
        }
    };
}

sayings! {
    /// The first SYN.
    Syn "syn.first" { who: Host, port: u16, isn: u32 }
    /// A SYN that crosses the peer's.
    SynCrossed "syn.crossed" { who: Host, isn: u32 }
    /// SYN+ACK; `ack` is the number it acknowledges, as it stands in the header.
    SynAck "synack.reply" { who: Host, isn: u32, ack: u32 }
    /// SYN+ACK after SYNs that crossed.
    SynAckCrossed "synack.crossed" { who: Host, ack: u32 }
    /// The third segment of the handshake.
    AckThird "ack.third" { who: Host, ack: u32 }
    /// Bytes `first` to `last`.
    Data "data" { who: Host, len: u32, first: i64, last: i64 }
    /// Bytes into a half-closed connection.
    DataHalf "data.half" { who: Host, len: u32, first: i64, last: i64 }
    /// An acknowledgment of more bytes.
    Ack "ack" { who: Host, bytes: i64, next: i64 }
    /// The same, held back for a while.
    AckDelayed "ack.delayed" { who: Host, bytes: i64, next: i64, millis: u64 }
    /// The peer's FIN is acknowledged apart.
    AckFin "ack.fin" { who: Host, next: i64 }
    /// The same, held back for a while.
    AckFinDelayed "ack.fin.delayed" { who: Host, next: i64, millis: u64 }
    /// The last segment of a close.
    AckFinLast "ack.fin.last" { who: Host, next: i64 }
    /// The same number again, while bytes are under way.
    AckDup "ack.dup" { who: Host, times: u32, next: i64 }
    /// The same number again.
    AckAgain "ack.again" { who: Host, next: i64 }
    /// Another window.
    Window "window" { who: Host, window: u32 }
    /// No room.
    WindowZero "window.zero" { who: Host }
    /// Is there room again?
    Probe "window.probe" { who: Host }
    /// Are you still there?
    KeepAlive "keepalive" { who: Host }
    /// The first end.
    FinFirst "fin.first" { who: Host, seq: i64 }
    /// The second end.
    FinSecond "fin.second" { who: Host, seq: i64 }
    /// The second end, which acknowledges the first.
    FinCombined "fin.combined" { who: Host, seq: i64, ack: i64 }
    /// Ends that cross.
    FinCrossed "fin.crossed" { who: Host, seq: i64 }
    /// Nobody listens.
    RstRefused "rst.refused" { who: Host, port: u16 }
    /// Closed with unread bytes.
    RstUnread "rst.unread" { who: Host }
    /// Broken off.
    RstBroken "rst.broken" { who: Host }
    /// To a socket that is gone.
    RstLate "rst.late" { who: Host }
    /// Sent again because a clock ran out.
    Resent "again.clock" { who: Host, times: u32, millis: u64 }
    /// Answered again because it was asked again.
    ResentAsked "again.asked" { who: Host }
    /// Sent again although the earlier one arrived.
    ResentNeedless "again.needless" { who: Host, times: u32, millis: u64 }
    /// Sent again because three equal acknowledgments came.
    ResentFast "again.fast" { who: Host }
    /// Arrived before something that is missing.
    Early "arrival.early" { who: Host }
    /// Arrived with a wrong checksum.
    Damaged "arrival.damaged" { who: Host }
    /// Arrived though it was there already.
    Known "arrival.known" { who: Host }
    /// A datagram.
    Udp "udp" { who: Host, len: usize, port: u16 }
    /// A datagram without bytes.
    UdpEmpty "udp.empty" { who: Host, port: u16 }
    /// The first piece of a datagram that is too large for one frame.
    UdpPieces "udp.pieces" { who: Host, len: usize, port: u16 }
    /// The last piece of a packet.
    PieceLast "ip.piece.last" { who: Host, offset: usize, len: usize }
    /// Nobody receives at a port.
    UdpRefused "icmp.port" { who: Host, port: u16 }
    /// Something is unreachable.
    Unreachable "icmp.unreachable" { who: Host }
    /// RRQ.
    TftpRead "tftp.rrq" { who: Host, file: String, mode: String }
    /// WRQ.
    TftpWrite "tftp.wrq" { who: Host, file: String, mode: String }
    /// The request's options.
    TftpWishes "tftp.options" { options: String }
    /// OACK.
    TftpOack "tftp.oack" { who: Host, options: String }
    /// The server's new port.
    TftpTid "tftp.tid" { who: Host, port: u16 }
    /// DATA.
    TftpData "tftp.data" { who: Host, block: u16, len: usize }
    /// The last DATA.
    TftpLast "tftp.last" { who: Host, block: u16, len: usize, blksize: u64 }
    /// ACK.
    TftpAck "tftp.ack" { who: Host, block: u16 }
    /// ACK 0 of a client.
    TftpAckOptions "tftp.ack.options" { who: Host }
    /// ACK 0 of a server.
    TftpReady "tftp.ack.ready" { who: Host }
    /// The last ACK.
    TftpAckLast "tftp.ack.last" { who: Host, block: u16, bytes: u64 }
    /// The same packet again.
    TftpResent "tftp.again" { who: Host, times: u32, millis: u64 }
    /// An ACK again, for a block that came again.
    TftpAnswered "tftp.again.asked" { who: Host }
    /// ERROR.
    TftpError "tftp.error" { who: Host, code: u16, message: String }
    /// DATA or ACK from a port that is not the peer's.
    TftpStray "tftp.stray" { who: Host, port: u16, tid: u16 }
    /// ERROR to such a port.
    TftpStrayError "tftp.stray.error" { who: Host, port: u16, code: u16 }
    /// The lab put it on the wire, not its sender.
    Forged "wire.forged" { who: Host }
    /// A rule dropped it.
    Lost "wire.lost" { rule: String }
    /// A person dropped it, or nobody says why.
    LostByHand "wire.lost.hand" { }
    /// It waits.
    Held "wire.held" { }
    /// The same, by a rule.
    HeldBy "wire.held.rule" { rule: String }
    /// Its sender sends it again meanwhile.
    HeldAgain "wire.held.again" { who: Host, times: u32 }
    /// It goes on.
    Released "wire.released" { millis: u64 }
    /// It was changed on the way.
    Altered "wire.altered" { who: Host }
    /// The wire doubled it.
    Copied "wire.copied" { of: u64 }
    /// The log ends before its fate.
    Crossing "wire.crossing" { }
    /// Something else.
    Other "packet.other" { who: Host, line: String }
    /// A state and why.
    Moved "state.moved" { who: Host, from: TcpState, to: TcpState, reason: Reason }
    /// A state, and no reason known.
    MovedSomehow "state.moved.somehow" { who: Host, from: TcpState, to: TcpState }
    /// TIME-WAIT begins.
    TimeWait "time_wait" { who: Host, seconds: u64 }
    /// `listen()`.
    CallListens "call.listen" { who: Host }
    /// `connect()` returned.
    CallConnected "call.connect" { who: Host }
    /// `accept()` returned.
    CallAccepted "call.accept" { who: Host, answer: String }
    /// `recv()` returned nothing.
    CallEnded "call.recv.end" { who: Host }
    /// `send()` returned.
    CallSent "call.send" { who: Host, name: String }
    /// A call was refused.
    CallRefused "call.refused" { who: Host, name: String }
    /// A call met a reset.
    CallReset "call.reset" { who: Host, name: String }
    /// A write after the end.
    CallPipe "call.pipe" { who: Host, name: String }
    /// The port is taken.
    CallInUse "call.inuse" { who: Host }
    /// A call took too long.
    CallTimedOut "call.timeout" { who: Host, name: String }
    /// A call failed otherwise.
    CallFailed "call.failed" { who: Host, name: String, error: String }
    /// A host is gone.
    Left "host.left" { who: Host, why: String }
    /// What a scenario says, by its own name.
    Note "note" { id: String, args: BTreeMap<String, String> }
}

impl Saying {
    /// Its name and whose call it is about, if saying it once is enough: a call that does what it
    /// always does.
    pub(super) fn lesson(&self) -> Option<(&'static str, Host)> {
        match self {
            Self::CallListens { who }
            | Self::CallConnected { who }
            | Self::CallAccepted { who, .. }
            | Self::CallEnded { who }
            | Self::CallSent { who, .. } => Some((self.id(), *who)),
            _ => None,
        }
    }
}
