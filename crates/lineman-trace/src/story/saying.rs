//! Everything that can be said about a row. Names and values only; the words are the view's.
//!
//! A saying is added here, and its words to the table of the view (`lang/sayings/` of the program), by the
//! same id. Its fields are what the words have room for: each of them, by its name, and no other.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeStruct as _;

use super::Reason;
use super::Value;
use super::value::kind;
use crate::log::Host;
use crate::log::TcpState;

/// Declares the sayings: each with its id and its fields, each of these with the kind of its value.
macro_rules! sayings {
    ($( $(#[$doc:meta])* $variant:ident $id:literal { $($field:ident: $kind:ident),* } )+) => {
        /// Something to say about a row, with its values.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        #[allow(missing_docs, reason = "the fields are what the sentence needs")]
        pub enum Saying {
            $( $(#[$doc])* $variant { $($field: kind::$kind),* }, )+
            /// A state has changed, and why: a saying for each reason.
            Moved { who: Host, from: TcpState, to: TcpState, reason: Reason },
        }

        impl Saying {
            /// Its name: the key of its words.
            pub fn id(&self) -> &'static str {
                match self {
                    $( Self::$variant { .. } => $id, )+
                    Self::Moved { reason, .. } => reason.id(),
                }
            }

            /// Its fields, by their names.
            pub fn fields(&self) -> Vec<(&'static str, Value)> {
                match self {
                    $( Self::$variant { $($field),* } => vec![
                        $( (stringify!($field), Value::$kind($field.to_owned())) ),*
                    ], )+
                    Self::Moved { who, from, to, .. } => vec![
                        ("who", Value::Host(*who)),
                        ("from", Value::State(*from)),
                        ("to", Value::State(*to)),
                    ],
                }
            }

            /// The ids of all sayings, each with the names of its fields.
            pub fn forms() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
                const FORMS: &[(&str, &[&str])] = &[ $( ($id, &[$(stringify!($field)),*]) ),+ ];
                const MOVED: &[&str] = &["who", "from", "to"];
                let reasons = Reason::ALL.iter().map(|reason| (reason.id(), MOVED));
                FORMS.iter().copied().chain(reasons)
            }
        }
    };
}

sayings! {
    /// The log has more than one connection now, and rows say which one they are about.
    Connections "connections" { connection: Text }
    /// The first SYN.
    Syn "syn.first" { who: Host, port: Port, isn: Seq }
    /// The same, to an address that nobody has.
    SynElsewhere "syn.elsewhere" { who: Host, address: Text, port: Port, isn: Seq }
    /// A SYN that crosses the peer's.
    SynCrossed "syn.crossed" { who: Host, isn: Seq }
    /// SYN+ACK.
    SynAck "synack.reply" { who: Host, isn: Seq, ack: Seq, next: RelativeSeq }
    /// SYN+ACK after SYNs that crossed.
    SynAckCrossed "synack.crossed" { who: Host, ack: Seq }
    /// The third segment of the handshake.
    AckThird "ack.third" { who: Host, seq: RelativeSeq, ack: Seq, next: RelativeSeq }
    /// It is ignored, because data must come first.
    AckDeferred "ack.deferred" { who: Host }
    /// The acknowledgment of an answer to a SYN that its sender had sent, too.
    AckSyn "ack.syn" { who: Host, ack: Seq }
    /// Bytes `first` to `last`.
    Data "data" { who: Host, len: Bytes, first: RelativeSeq, last: RelativeSeq }
    /// Of an end that is closed by what was captured before.
    DataClosed "data.closed" { who: Host, len: Bytes, first: RelativeSeq, last: RelativeSeq }
    /// They have waited until what had left before was acknowledged (Nagle).
    KeptBack "data.kept" { who: Host, millis: Millis }
    /// Bytes into a half-closed connection.
    DataHalf "data.half" { who: Host, len: Bytes, first: RelativeSeq, last: RelativeSeq }
    /// Bytes for a program that has closed its socket.
    DataUnheard "data.unheard" { who: Host, len: Bytes, first: RelativeSeq, last: RelativeSeq }
    /// Bytes for a program that has shut down receiving.
    DataUnheardShut "data.unheard.shut" { who: Host, len: Bytes, first: RelativeSeq, last: RelativeSeq }
    /// An acknowledgment of more bytes.
    Ack "ack" { who: Host, bytes: Bytes, next: RelativeSeq }
    /// The same, held back for a while.
    AckDelayed "ack.delayed" { who: Host, bytes: Bytes, next: RelativeSeq, millis: Millis }
    /// The peer's FIN is acknowledged apart.
    AckFin "ack.fin" { who: Host, next: RelativeSeq }
    /// The same, held back for a while.
    AckFinDelayed "ack.fin.delayed" { who: Host, next: RelativeSeq, millis: Millis }
    /// A FIN that crossed its own is acknowledged.
    AckFinCrossed "ack.fin.crossed" { who: Host, next: RelativeSeq }
    /// The last segment of a close.
    AckFinLast "ack.fin.last" { who: Host, next: RelativeSeq }
    /// An ACK of a FIN covers bytes before it, too.
    AckFinBytes "ack.fin.bytes" { bytes: Bytes }
    /// An ACK that looks delayed answers what has come again.
    AckForced "ack.forced" { who: Host }
    /// The same number again, while bytes are under way.
    AckDup "ack.dup" { who: Host, times: Times, next: RelativeSeq }
    /// The same number again, because of a segment that it had already.
    AckAgain "ack.again" { who: Host, next: RelativeSeq }
    /// The same number again, because the peer's SYN has come again with the acknowledgment of its own.
    AckCrossed "ack.again.crossed" { who: Host, next: RelativeSeq }
    /// The same number again, because of an empty segment with an old number.
    AckPassed "ack.again.old" { who: Host, next: RelativeSeq }
    /// The same number again, in answer to a probe.
    AckProbe "ack.again.probe" { who: Host, next: RelativeSeq, window: Bytes }
    /// The same number again, and nothing tells why.
    AckSame "ack.again.same" { who: Host, next: RelativeSeq }
    /// The first ACK that was seen.
    AckFirst "ack.first" { who: Host, next: RelativeSeq }
    /// An acknowledgment of what was not seen.
    AckUnseen "ack.unseen" { who: Host, next: RelativeSeq }
    /// Neither SYN nor ACK nor RST.
    NoAck "flags.no_ack" { who: Host }
    /// A SYN+ACK that is no answer to the SYN.
    SynAckWrong "synack.wrong" { who: Host, isn: Seq, ack: Seq }
    /// A SYN that is a FIN as well.
    SynFin "syn.fin" { who: Host }
    /// A SYN in the middle of the connection.
    SynInside "syn.inside" { who: Host, seq: RelativeSeq }
    /// A number of a connection before this one, in answer to a SYN.
    AckEarlier "ack.earlier" { who: Host, ack: Seq }
    /// Another window, of a connection whose SYNs were not seen.
    WindowUnscaled "window.unscaled" { who: Host, field: Count }
    /// Another window.
    Window "window" { who: Host, window: Bytes }
    /// No room.
    WindowZero "window.zero" { who: Host }
    /// A window probe: it asks whether there is room again.
    Probe "window.probe" { who: Host }
    /// A window probe with a byte for which there is no room.
    ProbeByte "window.probe.byte" { who: Host, first: RelativeSeq }
    /// Bytes of which the first was in the probe.
    DataProbed "data.probed" { first: RelativeSeq }
    /// The persist timer has had it sent.
    ProbeTimer "window.probe.timer" { who: Host, millis: Millis }
    /// A keep-alive probe: it asks whether the peer is still there.
    KeepAlive "keepalive" { who: Host, seq: RelativeSeq }
    /// The first FIN.
    FinFirst "fin.first" { who: Host, seq: RelativeSeq }
    /// The first that was seen; the other end may have sent one before.
    FinSeen "fin.seen" { who: Host, seq: RelativeSeq }
    /// The second FIN.
    FinSecond "fin.second" { who: Host, seq: RelativeSeq }
    /// The second FIN, which acknowledges the first.
    FinAnswers "fin.answers" { who: Host, seq: RelativeSeq, ack: RelativeSeq }
    /// The same, right after the first.
    FinCombined "fin.combined" { who: Host, seq: RelativeSeq, ack: RelativeSeq }
    /// FINs that cross.
    FinCrossed "fin.crossed" { who: Host, seq: RelativeSeq }
    /// A FIN that waits behind nothing but a full congestion window.
    FinCwnd "fin.cwnd" { who: Host, window: Count }
    /// Its program has ended, and has ended the connection by no call.
    KernelCloses "end.kernel" { who: Host }
    /// A close() has returned before, and the FIN leaves with the last descriptor.
    LastDescriptor "end.descriptor" { who: Host }
    /// Nobody listens.
    RstRefused "rst.refused" { who: Host, port: Port }
    /// The same in a capture: a firewall answers like that, too.
    RstRefusedSomehow "rst.refused.captured" { who: Host, port: Port }
    /// What becomes of a call that has not waited for the answer.
    RstRefusedLater "rst.refused.later" { who: Host }
    /// What becomes of a call that the log does not have.
    RstRefusedUnseen "rst.refused.unseen" { who: Host }
    /// Nothing is listening at this address, but something is at another.
    RstElsewhere "rst.refused.elsewhere" { who: Host, port: Port, address: Text, listens: Text, any: Text }
    /// Reset by connect() with AF_UNSPEC.
    RstDissolved "rst.dissolved" { who: Host }
    /// Closed with unread bytes.
    RstUnread "rst.unread" { who: Host }
    /// Closed with `SO_LINGER` 0.
    RstLinger "rst.linger" { who: Host }
    /// Closed, with one or the other.
    RstClosed "rst.closed" { who: Host }
    /// Reset with its listener, before accept() has returned it.
    RstUntaken "rst.unaccepted" { who: Host }
    /// A reset in a capture whose number lies outside of the window.
    RstOutside "rst.outside" { who: Host, seq: RelativeSeq, due: RelativeSeq }
    /// A reset in a capture whose number is not the one that is due.
    RstNotDue "rst.not_due" { who: Host, seq: RelativeSeq, due: RelativeSeq }
    /// Reset for a reason that is not known.
    RstBroken "rst.broken" { who: Host }
    /// Of an end of which nothing else was captured.
    RstSomehow "rst.somehow" { who: Host }
    /// To a socket that is gone.
    RstLate "rst.late" { who: Host }
    /// To what is no answer to its SYN.
    RstWaiting "rst.waiting" { who: Host }
    /// In answer to bytes for a program that has closed.
    RstUnheard "rst.unheard" { who: Host }
    /// The same, where the program has its socket still, and has shut down both directions.
    RstUnheardShut "rst.unheard.shut" { who: Host }
    /// What the program at the other end notices of a reset.
    RstNoticed "rst.noticed" { who: Host }
    /// The same, of one that has received a FIN before.
    RstNoticedAfterFin "rst.noticed.after.fin" { who: Host }
    /// Retransmitted because the retransmission timer has expired.
    Resent "again.timeout" { who: Host, times: Times, millis: Millis }
    /// The same, of a SYN.
    ResentSyn "again.timeout.syn" { who: Host, times: Times, millis: Millis }
    /// The same, twice as late as the time before.
    ResentDoubled "again.timeout.doubled" { who: Host, times: Times, millis: Millis, before: Millis }
    /// The same, of a SYN, as late as the time before.
    ResentLinear "again.timeout.linear" { who: Host, times: Times, millis: Millis }
    /// The same, as far as the times tell.
    ResentDeduced "again.timeout.deduced" { who: Host, times: Times, millis: Millis }
    /// Retransmitted because one timer or another has expired, as far as the times tell.
    ResentTimer "again.timer.deduced" { who: Host, times: Times, millis: Millis }
    /// The timer was started anew by an acknowledgment.
    TimerAcknowledged "again.timer.acknowledged" { millis: Millis, since: Millis }
    /// The timer was started anew by a tail loss probe.
    TimerProbe "again.timer.probe" { who: Host, millis: Millis, since: Millis }
    /// The timer was started anew when the last segment was sent again.
    TimerTail "again.timer.tail" { who: Host, millis: Millis, since: Millis }
    /// A SYN+ACK that is sent again by its timer, or because the SYN has come again.
    ResentOrAsked "again.synack.either" { who: Host, times: Times, millis: Millis }
    /// Retransmitted as a tail loss probe.
    LossProbe "again.probe" { who: Host, millis: Millis }
    /// Sent as a tail loss probe, though it is new.
    LossProbeNew "probe.new" { who: Host, millis: Millis }
    /// Sent after a time-out although older bytes are missing.
    TriesNew "data.frto" { who: Host }
    /// What came was no answer to its SYN.
    ResentRejected "again.rejected" { who: Host, times: Times, millis: Millis }
    /// Answered again because it was asked again.
    ResentAsked "again.asked" { who: Host }
    /// An acknowledgment of it was captured before.
    ResentAcknowledged "again.acknowledged" { who: Host, times: Times, millis: Millis }
    /// In smaller segments, because of an ICMP error.
    ResentSmaller "again.smaller" { who: Host, times: Times, millis: Millis, icmp: Text }
    /// Retransmitted although the earlier one arrived.
    ResentNeedless "again.needless" { who: Host, times: Times, millis: Millis }
    /// Retransmitted because three duplicate ACKs came.
    ResentFast "again.fast" { who: Host, acks: Times }
    /// Retransmitted because a SACK says that what follows has arrived.
    ResentSack "again.sack" { who: Host, acks: Times }
    /// The same, after a wait for packets that might only have been reordered.
    ResentRack "again.rack" { who: Host, millis: Millis }
    /// Retransmitted because only a part of what was in flight is acknowledged.
    ResentPartial "again.partial" { who: Host }
    /// Retransmitted because only a part of what was in flight at a time-out is acknowledged.
    ResentSlowStart "again.slow_start" { who: Host }
    /// Sent again because there is room now, which there was not before.
    ResentOpened "again.opened" { who: Host, times: Times }
    /// Retransmitted, and nothing tells why.
    ResentSomehow "again.somehow" { who: Host, times: Times, millis: Millis }
    /// What congestion control has come to.
    Congestion "congestion" { who: Host, algorithm: Text, window: Count, threshold: Count }
    /// What the book says of that; said once.
    CongestionRule "congestion.rule" { who: Host }
    /// What it says where a SYN was lost.
    CongestionSyn "congestion.rule.syn" { who: Host }
    /// The same of an algorithm without a threshold.
    CongestionWindow "congestion.window" { who: Host, algorithm: Text, window: Count }
    /// A simulated TCP sends more than what was lost.
    ResentFilled "again.more.simulated" { first: RelativeSeq, last: RelativeSeq, had: RelativeSeq }
    /// It carries more than what was lost.
    ResentMore "again.more" { first: RelativeSeq, last: RelativeSeq, had: RelativeSeq }
    /// Arrived before something that is missing.
    Early "arrival.early" { who: Host }
    /// A FIN arrived before something that is missing, and is not kept.
    FinTooEarly "arrival.fin.early" { who: Host }
    /// What of a segment is new has no room.
    NoRoom "arrival.no_room" { who: Host }
    /// Arrived in TIME-WAIT with an older timestamp than one before it.
    StaleTimeWait "arrival.stale.time_wait" { who: Host }
    /// Arrived with a timestamp that is older than one that had arrived (RFC 7323 §5).
    Stale "arrival.stale" { who: Host }
    /// Arrived with an acknowledgment that is too old (RFC 5961 §5.2).
    OldAck "arrival.ack.old" { who: Host }
    /// Arrived in TIME-WAIT, empty, with a number that its receiver has passed.
    PassedByTimeWait "arrival.passed.time_wait" { who: Host, seq: RelativeSeq, due: RelativeSeq }
    /// Arrived empty, with a number that its receiver has passed.
    PassedBy "arrival.passed" { who: Host, seq: RelativeSeq, due: RelativeSeq }
    /// A reset with a number outside of the window.
    ResetOutside "arrival.rst.outside" { who: Host, seq: RelativeSeq, due: RelativeSeq }
    /// A reset with a number in the window that is not due.
    ResetNotDue "arrival.rst.not_due" { who: Host, seq: RelativeSeq, due: RelativeSeq }
    /// A reset that acknowledges no SYN, for an end that waits for the answer to one.
    ResetNoAnswer "arrival.rst.no_answer" { who: Host }
    /// A reset, for an end that is closed.
    ResetGone "arrival.rst.gone" { who: Host }
    /// Arrived with a wrong checksum.
    Damaged "arrival.damaged" { who: Host }
    /// Arrived though it was there already.
    Known "arrival.known" { who: Host }
    /// A SYN arrived that was there already.
    KnownSyn "arrival.known.syn" { who: Host }
    /// The same at a simulated host, which may say nothing.
    KnownSynSimulated "arrival.known.syn.simulated" { who: Host }
    /// A FIN arrived in TIME-WAIT that was there already.
    KnownFin "arrival.known.fin" { who: Host }
    /// It arrived, and the queue of the listener had no room.
    QueueFull "listen.full" { who: Host, waiting: Times, backlog: Times }
    /// A datagram.
    Udp "udp" { who: Host, len: Bytes, port: Port }
    /// It arrived, and the receive buffer of its socket had no room.
    UdpNoRoom "udp.no_room" { who: Host }
    /// A datagram without bytes.
    UdpEmpty "udp.empty" { who: Host, port: Port }
    /// The first piece of a datagram that is too large for one frame.
    UdpPieces "udp.pieces" { who: Host, len: Bytes, port: Port }
    /// The last piece of a packet.
    PieceLast "ip.piece.last" { who: Host, offset: Offset, len: Bytes }
    /// Nothing receives at a port.
    UdpRefused "icmp.port" { who: Host, port: Port, icmp: Text }
    /// Nothing receives at this address, but something does at another.
    UdpElsewhere "icmp.port.elsewhere" { who: Host, port: Port, address: Text, listens: Text, any: Text, icmp: Text }
    /// The same in a capture: a firewall answers like that, too.
    UdpRefusedSomehow "icmp.port.captured" { who: Host, port: Port, icmp: Text }
    /// A call that waits is told of it.
    UdpRefusedWaits "icmp.port.waits" { who: Host, name: Text }
    /// A later call is.
    UdpRefusedLater "icmp.port.later" { who: Host }
    /// The program is not told.
    UdpRefusedUnheard "icmp.port.unheard" { who: Host }
    /// The program is not told, because its socket is connected to another end.
    UdpRefusedOther "icmp.port.other" { who: Host, address: Text }
    /// The program is not told, because it has closed its socket.
    UdpRefusedGone "icmp.port.gone" { who: Host }
    /// The program is not told, because it has ended.
    UdpRefusedEnded "icmp.port.ended" { who: Host }
    /// No program is told, because the lab has made the datagram itself.
    UdpRefusedForged "icmp.port.forged" { who: Host }
    /// A socket has the port, and is connected to another end.
    UdpRefusedByConnected "icmp.port.connected" { who: Host, port: Port, address: Text, icmp: Text }
    /// The log does not tell whether its socket is connected.
    UdpRefusedUnseen "icmp.port.unseen" { who: Host }
    /// A router between the two, or a firewall, says that a port is unreachable.
    UdpRefusedBetween "icmp.port.between" { address: Text, port: Port, host: Text, icmp: Text }
    /// ICMP: network unreachable.
    NetworkUnreachable "icmp.network" { address: Text, icmp: Text }
    /// ICMP: host unreachable.
    HostUnreachable "icmp.host" { address: Text, icmp: Text }
    /// ICMP: protocol unreachable.
    ProtocolUnreachable "icmp.protocol" { address: Text, icmp: Text }
    /// ICMP: prohibited.
    Prohibited "icmp.prohibited" { address: Text, icmp: Text }
    /// ICMP: unreachable for another reason.
    Undelivered "icmp.unreachable" { address: Text, icmp: Text }
    /// ICMP: packet too big, and how many bytes may be.
    TooBigFor "icmp.too_big" { address: Text, mtu: Bytes, icmp: Text }
    /// ICMP: packet too big, of a router that does not say for what.
    TooBig "icmp.too_big.unknown" { address: Text, icmp: Text }
    /// ICMP: source quench.
    SourceQuench "icmp.quench" { address: Text, icmp: Text }
    /// ICMP: redirect.
    Redirected "icmp.redirect" { address: Text, icmp: Text }
    /// ICMP: time to live exceeded.
    TimeToLiveExceeded "icmp.ttl" { address: Text, icmp: Text }
    /// ICMP: reassembly time exceeded.
    ReassemblyTimeExceeded "icmp.reassembly" { address: Text, icmp: Text }
    /// ICMP: parameter problem.
    ParameterProblem "icmp.parameter" { address: Text, icmp: Text }
    /// RRQ.
    TftpRead "tftp.rrq" { who: Host, file: Text, mode: Text }
    /// WRQ.
    TftpWrite "tftp.wrq" { who: Host, file: Text, mode: Text }
    /// The request's options.
    TftpWishes "tftp.options" { options: Pairs }
    /// A request to read asks how large the file is (RFC 2349).
    TftpSizeAsked "tftp.size.asked" { }
    /// A request to write says how large the file will be.
    TftpSizeTold "tftp.size.told" { bytes: Bytes }
    /// The answer to it.
    TftpSize "tftp.size" { bytes: Bytes }
    /// A request without a file's name.
    TftpNoFile "tftp.malformed.file" { request: Text }
    /// A request that ends within that.
    TftpFileEnd "tftp.malformed.file.end" { request: Text, file: Text }
    /// A request without a mode.
    TftpNoMode "tftp.malformed.mode" { request: Text, file: Text }
    /// A request with a mode that no RFC knows.
    TftpUnknownMode "tftp.malformed.mode.unknown" { request: Text, file: Text, mode: Text }
    /// A request that ends within the mode.
    TftpModeEnd "tftp.malformed.mode.end" { request: Text, mode: Text }
    /// A request with an option without a name.
    TftpNoOptionName "tftp.malformed.option" { request: Text }
    /// A request whose last option has no value.
    TftpNoValue "tftp.malformed.value" { request: Text, option: Text }
    /// A request that ends within the last option's value.
    TftpValueEnd "tftp.malformed.value.end" { request: Text, option: Text }
    /// OACK.
    TftpOack "tftp.oack" { who: Host, options: Pairs }
    /// A datagram after a request that is no packet of TFTP.
    TftpNot "tftp.not" { who: Host, begins: Text }
    /// The server's new port.
    TftpTid "tftp.tid" { who: Host, port: Port }
    /// DATA.
    TftpData "tftp.data" { who: Host, block: Block, len: Bytes }
    /// DATA that more may follow before an ACK (RFC 7440).
    TftpDataMore "tftp.data.more" { who: Host, block: Block, len: Bytes, windowsize: Count }
    /// DATA that fills the window.
    TftpDataFull "tftp.data.full" { who: Host, block: Block, len: Bytes, windowsize: Count }
    /// The last DATA.
    TftpLast "tftp.last" { who: Host, block: Block, len: Bytes, blksize: Bytes }
    /// ACK.
    TftpAck "tftp.ack" { who: Host, block: Block }
    /// ACK of all blocks so far (RFC 7440).
    TftpAckWindow "tftp.ack.window" { who: Host, block: Block }
    /// ACK 0 of a client.
    TftpAckOptions "tftp.ack.options" { who: Host }
    /// ACK 0 of a server.
    TftpReady "tftp.ack.ready" { who: Host }
    /// The last ACK.
    TftpAckLast "tftp.ack.last" { who: Host, block: Block, bytes: Bytes }
    /// The same packet again.
    TftpResent "tftp.again" { who: Host, times: Times, millis: Millis }
    /// An ACK again, because a block is missing (RFC 7440).
    TftpGap "tftp.again.gap" { who: Host }
    /// A block again, because an ACK names one before it (RFC 7440).
    TftpResumed "tftp.again.window" { who: Host }
    /// An ACK again, for a block that came again.
    TftpAnswered "tftp.again.asked" { who: Host }
    /// The same, far from where packets are seen.
    TftpAnsweredLate "tftp.again.late" { who: Host, millis: Millis }
    /// A block was sent again because the ACK before it came again.
    TftpApprentice "tftp.again.apprentice" { who: Host }
    /// ERROR.
    TftpError "tftp.error" { who: Host, code: Code, message: Text }
    /// The same, behind the last ACK.
    TftpErrorLate "tftp.error.late" { who: Host, code: Code, message: Text }
    /// The same, behind another ERROR.
    TftpErrorAgain "tftp.error.again" { who: Host, code: Code, message: Text }
    /// To another port than the TID of the server.
    TftpMisdirected "tftp.misdirected" { who: Host, port: Port, tid: Port }
    /// A file whose first block, or its ACK, has number 0.
    TftpFromZero "tftp.from_zero" { }
    /// An ACK of a block that has not been seen.
    TftpAckUnseen "tftp.ack.unseen" { who: Host, block: Block }
    /// DATA or ACK from a port that is not the peer's.
    TftpStray "tftp.stray" { who: Host, port: Port, tid: Port }
    /// ERROR to such a port.
    TftpStrayError "tftp.stray.error" { who: Host, port: Port, code: Code }
    /// The server answers another copy of the request, from a port of its own.
    TftpSecond "tftp.second" { who: Host, port: Port }
    /// A later packet from there.
    TftpSecondMore "tftp.second.more" { who: Host, port: Port, tid: Port }
    /// An ERROR from there.
    TftpSecondEnded "tftp.second.ended" { who: Host, port: Port, code: Code, tid: Port }
    /// The client's ERROR to there.
    TftpSecondRejected "tftp.second.rejected" { who: Host, port: Port, code: Code, tid: Port }
    /// Another packet of the client to there.
    TftpSecondAnswered "tftp.second.answered" { who: Host, port: Port, tid: Port }
    /// The lab put it on the wire, not its sender.
    Forged "wire.forged" { who: Host }
    /// A rule dropped it.
    Lost "wire.lost" { rule: Text }
    /// A person dropped it, or the log does not say why.
    LostByHand "wire.lost.hand" { }
    /// No host has the address that it is for.
    Nobody "wire.nobody" { address: Text }
    /// Nobody says so, either; said once.
    NobodyTells "wire.nobody.tells" { who: Host, resolution: Text }
    /// The same, of a SYN: how long `connect()` waits.
    NobodyConnects "wire.nobody.connect" { who: Host }
    /// It waits.
    Held "wire.held" { }
    /// The same, by a rule.
    HeldBy "wire.held.rule" { rule: Text }
    /// A rule has it arrive later.
    Delayed "wire.delayed" { rule: Text }
    /// It arrives so late.
    CameLate "wire.delayed.over" { millis: Millis }
    /// The lab itself has delivered it late.
    LabLate "wire.late" { millis: Millis }
    /// Its sender sends it again meanwhile.
    HeldAgain "wire.held.again" { who: Host, times: Times }
    /// It goes on.
    Released "wire.released" { millis: Millis }
    /// It goes on, because a person says so: how long that took says nothing about the wire.
    LetThrough "wire.released.hand" { }
    /// It goes on, because others came behind it that have not overtaken it.
    ReleasedPassed "wire.released.passed" { millis: Millis }
    /// It goes on although it was to be overtaken.
    ReleasedAtLimit "wire.released.limit" { millis: Millis }
    /// It was changed on the way.
    Altered "wire.altered" { who: Host }
    /// The wire doubled it.
    Copied "wire.copied" { who: Host, at: Text }
    /// A capture has it twice.
    CapturedTwice "capture.copied" { who: Host, at: Text }
    /// The log ends before its fate.
    Crossing "wire.crossing" { }
    /// A capture has not seen what its sender must have sent before it.
    CapturedGap "capture.gap" { who: Host }
    /// A capture sees it behind what its sender has sent later, and has not seen it before.
    CapturedLate "capture.late" { who: Host }
    /// Its checksum was wrong where it was captured.
    CapturedDamaged "capture.damaged" { who: Host }
    /// The other capture has it so much later.
    PairCame "pair.came" { after: Micros }
    /// The same, much later than it could.
    PairLate "pair.late" { after: Micros, least: Micros }
    /// The other capture had to have it.
    PairLost "pair.lost" { who: Host }
    /// It was sent before others that have come earlier.
    PairOvertaken "pair.overtaken" { times: Times }
    /// It has come once more.
    PairCopy "pair.copy" { who: Host, at: Text }
    /// The capture nearer to its sender has it in a longer segment.
    PairCut "pair.cut" { who: Host, whole: Bytes }
    /// The capture nearer to its receiver has.
    PairJoined "pair.joined" { who: Host, whole: Bytes }
    /// The other capture does not go on then.
    PairOtherTime "pair.absent.time" { }
    /// It is there where it comes, and the one nearer to its sender does not go on then.
    PairEarlier "pair.absent.time.sender" { who: Host }
    /// The other one's capturing has lost packets.
    PairCaptureDropped "pair.absent.drops" { }
    /// The other one does not have it, and it came.
    PairAcknowledged "pair.absent.acknowledged" { who: Host }
    /// The one nearer to its sender does not have it.
    PairUnsent "pair.absent.unsent" { who: Host }
    /// It is not known why the other one does not have it.
    PairUnknown "pair.absent.unknown" { }
    /// The other capture has packets equal to it, and which of them it is, if any, nothing tells.
    PairAmbiguous "pair.absent.ambiguous" { }
    /// It comes from another address.
    PairSource "pair.source" { who: Host, from: Text, to: Text }
    /// It goes to another.
    PairDestination "pair.destination" { who: Host, from: Text, to: Text }
    /// Routers have taken of its TTL.
    PairTtl "pair.ttl" { who: Host, from: Text, to: Text }
    /// Something has changed the largest segment that its sender takes.
    PairMss "pair.mss" { from: Text, to: Text }
    /// A router has marked it.
    PairCongestion "pair.ecn" { from: Text }
    /// Something has changed what it carries.
    PairPayload "pair.payload" { }
    /// Something has taken a field out.
    PairGone "pair.field.gone" { field: Text, from: Text }
    /// Something has put a field in.
    PairNew "pair.field.new" { field: Text, to: Text }
    /// Something has taken an option out that has no value.
    PairOptionGone "pair.option.gone" { option: Text }
    /// Something has put in an option that has no value.
    PairOptionNew "pair.option.new" { option: Text }
    /// A field has another value.
    PairField "pair.field" { field: Text, from: Text, to: Text }
    /// A packet without bytes.
    Unknown "packet.unknown" { who: Host }
    /// Something that is neither TCP nor UDP.
    Other "packet.other" { who: Host, line: Text }
    /// A state, and no reason known.
    MovedSomehow "state.moved.somehow" { who: Host, from: State, to: State }
    /// A state was passed through that its TCP was not asked in.
    Passed "state.passed" { who: Host, state: State }
    /// A deduced state does not go with what was deduced before.
    Contradicted "state.contradicted" { who: Host, state: State }
    /// It sends something although a reset seemed to have ended it.
    GoesOn "state.goes_on" { who: Host, state: State }
    /// TIME-WAIT begins.
    TimeWait "time_wait" { who: Host, seconds: Seconds }
    /// A new socket takes the place of one in TIME-WAIT.
    TimeWaitReplaced "time_wait.replaced" { who: Host }
    /// Its time begins anew, and no FIN has come again.
    TimeWaitAnew "time_wait.anew" { who: Host, seconds: Seconds }
    /// `listen()`.
    CallListens "call.listen" { who: Host }
    /// `connect()` returned.
    CallConnected "call.connect" { who: Host }
    /// `accept()` returned.
    CallAccepted "call.accept" { who: Host, answer: Text }
    /// The same, where close() was called on the listener meanwhile: it is not known whether that listens on.
    CallAcceptedAlone "call.accept.alone" { who: Host, answer: Text }
    /// `send()` returned.
    CallSent "call.send" { who: Host, name: Text }
    /// Nothing is received: the peer has finished.
    CallEnded "call.recv.end" { who: Host, name: Text }
    /// Nothing is received: a RST came, of which an earlier call was told.
    CallEndedByReset "call.recv.reset" { who: Host, name: Text }
    /// Nothing received, because the peer had finished before it reset the connection.
    CallEndedBeforeReset "call.recv.reset.fin" { who: Host, name: Text }
    /// Nothing is received: the datagram is empty.
    CallEmptyDatagram "call.recv.empty" { who: Host, name: Text }
    /// A datagram is longer than what a call had room for.
    CallDatagramCut "call.recv.cut" { who: Host, name: Text, bytes: Bytes, len: Bytes }
    /// The same of a call that returns how long it is.
    CallDatagramLength "call.recv.trunc" { who: Host, name: Text, bytes: Bytes, len: Bytes }
    /// Nothing is received: its own program does not want anything.
    CallShutRead "call.recv.shut" { who: Host, name: Text }
    /// The same of a socket of UDP.
    CallShutReadUdp "call.recv.shut.udp" { who: Host, name: Text }
    /// Nothing is received: nothing was asked for.
    CallNothingAsked "call.recv.nothing" { who: Host, name: Text }
    /// Nothing is received, and the log does not tell why.
    CallEndedSomehow "call.recv.over" { who: Host, name: Text }
    /// The socket is closed, and a file keeps it open.
    CallFileOpen "call.close.file" { who: Host }
    /// `connect_ex()` returned the number of an error.
    CallNumber "call.connect_ex" { who: Host, number: Text, error: Text }
    /// The same of a handshake that goes on: that is no error.
    CallNumberBegun "call.connect_ex.inprogress" { who: Host, number: Text, error: Text }
    /// `getsockopt(SO_ERROR)` tells of an error.
    CallPending "call.so_error" { who: Host, error: Text, python: Text }
    /// A signal has interrupted a call.
    CallInterrupted "call.interrupted" { who: Host, name: Text }
    /// Nothing listens there.
    CallRefused "call.refused" { who: Host, name: Text, error: Text, python: Text }
    /// Nothing listens on the host itself.
    CallRefusedItself "call.refused.itself" { who: Host, name: Text, error: Text, python: Text, address: Text }
    /// ICMP has said that a port is unreachable.
    CallRefusedUdp "call.refused.udp" { who: Host, name: Text, error: Text, python: Text, icmp: Text }
    /// A RST came.
    CallReset "call.reset" { who: Host, name: Text, error: Text, python: Text }
    /// Nothing can be sent, and the log does not tell why.
    CallPipe "call.pipe" { who: Host, name: Text, error: Text, python: Text }
    /// Nothing can be sent without a connection.
    CallPipeUnconnected "call.pipe.unconnected" { who: Host, name: Text, error: Text, python: Text }
    /// Nothing can be sent by a listener.
    CallPipeListener "call.pipe.listener" { who: Host, name: Text, error: Text, python: Text }
    /// Nothing can be sent after `shutdown()`.
    CallPipeShut "call.pipe.shut" { who: Host, name: Text, error: Text, python: Text }
    /// Its own program has shut down both directions.
    CallPipeShutBoth "call.pipe.shut.both" { who: Host, name: Text, error: Text, python: Text }
    /// Nothing can be sent after a RST.
    CallPipeReset "call.pipe.reset" { who: Host, name: Text, error: Text, python: Text }
    /// SIGPIPE comes with it.
    CallSignal "call.pipe.signal" { who: Host }
    /// The port is taken.
    CallInUse "call.inuse" { who: Host, name: Text, error: Text, python: Text }
    /// By a listener.
    CallInUseListener "call.inuse.listener" { who: Host, name: Text, error: Text, python: Text, port: Port }
    /// By a socket that is bound to it.
    CallInUseBound "call.inuse.bound" { who: Host, name: Text, error: Text, python: Text, port: Port }
    /// By a connection whose socket had `SO_REUSEADDR`, which this one lacks.
    CallInUseOwn "call.inuse.own" { who: Host, name: Text, error: Text, python: Text, port: Port, state: State }
    /// By a connection whose socket lacked `SO_REUSEADDR`, which this one has.
    CallInUseFirst "call.inuse.first" { who: Host, name: Text, error: Text, python: Text, port: Port, state: State }
    /// By a connection whose socket lacked it, as this one does.
    CallInUseBoth "call.inuse.both" { who: Host, name: Text, error: Text, python: Text, port: Port, state: State }
    /// By a connection of which less is known.
    CallInUseState "call.inuse.state" { who: Host, name: Text, error: Text, python: Text, port: Port, state: State }
    /// The address is the other host's.
    CallNotOurs "call.notavail.peer" { who: Host, name: Text, error: Text, python: Text, address: Text, own: Text }
    /// The address is neither host's.
    CallNobodys "call.notavail" { who: Host, name: Text, error: Text, python: Text, address: Text, own: Text }
    /// The socket's own time-out expired.
    CallTimeout "call.timeout" { who: Host, name: Text, seconds: Text }
    /// The same, and the log does not tell how long it is.
    CallTimeoutUnseen "call.timeout.unseen" { who: Host, name: Text }
    /// TCP had no answer to its SYNs.
    CallUnanswered "call.timeout.syn" { who: Host, name: Text, error: Text, python: Text }
    /// TCP has given a connection up.
    CallUnacknowledged "call.timeout.ack" { who: Host, name: Text, error: Text, python: Text }
    /// A call would have to wait, or to wait for longer.
    CallWouldWait "call.again" { who: Host, name: Text, error: Text, python: Text }
    /// The socket does not wait.
    CallNonBlocking "call.again.nonblocking" { who: Host, name: Text, error: Text, python: Text }
    /// The call does not wait.
    CallDontWait "call.again.flag" { who: Host, name: Text, error: Text, python: Text }
    /// The kernel does not wait any longer.
    CallKernelTimeout "call.again.limit" { who: Host, name: Text, error: Text, python: Text }
    /// A handshake has begun.
    CallBegun "call.inprogress" { who: Host, name: Text, error: Text, python: Text }
    /// A handshake has begun, and the kernel waits for it no longer.
    CallBegunTimeout "call.inprogress.limit" { who: Host, name: Text, error: Text, python: Text }
    /// The same of Python, which waits by itself where its socket has a timeout.
    CallBegunPython "call.inprogress.python" { who: Host, name: Text, error: Text, python: Text }
    /// A handshake has begun before.
    CallUnderWay "call.already" { who: Host, name: Text, error: Text, python: Text }
    /// There is a connection.
    CallConnectedAlready "call.isconn" { who: Host, name: Text, error: Text, python: Text }
    /// The socket listens.
    CallListenerConnects "call.isconn.listener" { who: Host, name: Text, error: Text, python: Text }
    /// There is no connection.
    CallNotConnected "call.notconn" { who: Host, name: Text, error: Text, python: Text }
    /// There was none.
    CallUnconnected "call.notconn.never" { who: Host, name: Text, error: Text, python: Text }
    /// A UDP socket that names no peer.
    CallUdpHasNoPeer "call.notconn.udp" { who: Host, name: Text, error: Text, python: Text }
    /// It was refused.
    CallWasRefused "call.notconn.refused" { who: Host, name: Text, error: Text, python: Text }
    /// Its handshake is not complete.
    CallOpening "call.notconn.opening" { who: Host, name: Text, error: Text, python: Text }
    /// A listener to which no address was given.
    CallPortChosen "call.listen.port" { who: Host, port: Port }
    /// Both ends have finished.
    CallOver "call.notconn.over" { who: Host, name: Text, error: Text, python: Text }
    /// Python asks for a peer when it describes a socket.
    CallPythonDescribes "call.notconn.python" { who: Host }
    /// A listener has none.
    CallListenerHasNone "call.notconn.listener" { who: Host, name: Text, error: Text, python: Text }
    /// A RST has ended it.
    CallNoMore "call.notconn.reset" { who: Host, name: Text, error: Text, python: Text }
    /// Something makes no sense.
    CallInvalid "call.inval" { who: Host, name: Text, error: Text, python: Text }
    /// `accept()` of a listener that was shut down.
    CallListenerShut "call.inval.accept.shut" { who: Host, name: Text, error: Text, python: Text }
    /// `accept()` without `listen()`.
    CallNotListening "call.inval.accept" { who: Host, name: Text, error: Text, python: Text }
    /// `bind()` of a socket that has an address.
    CallBoundAlready "call.inval.bound" { who: Host, name: Text, error: Text, python: Text }
    /// `listen()` of a socket that was connected.
    CallListensConnected "call.inval.connected" { who: Host, name: Text, error: Text, python: Text }
    /// A datagram without an address.
    CallNoAddress "call.destaddr" { who: Host, name: Text, error: Text, python: Text }
    /// What UDP does not have.
    CallUdpHasNone "call.udp.none" { who: Host, name: Text, error: Text, python: Text }
    /// A descriptor that is not open.
    CallNotOpen "call.badf" { who: Host, name: Text, error: Text, python: Text }
    /// A datagram that is too large.
    CallTooLong "call.toolong" { who: Host, name: Text, error: Text, python: Text }
    /// An address of the other family.
    CallFamily "call.family" { who: Host, name: Text, error: Text, python: Text }
    /// A broadcast that was not asked for.
    CallBroadcast "call.broadcast" { who: Host, name: Text, error: Text, python: Text }
    /// TCP has no connections to a group or to all.
    CallNotOne "call.notone" { who: Host, name: Text, error: Text, python: Text }
    /// No way there.
    CallNoRoute "call.noroute" { who: Host, name: Text, error: Text, python: Text }
    /// A low port, which needs a right.
    CallLowPort "call.access.port" { who: Host, name: Text, error: Text, python: Text }
    /// A socket option that needs a right.
    CallNoRight "call.perm.right" { who: Host, name: Text, error: Text, python: Text }
    /// The system does not permit it.
    CallNotPermitted "call.perm" { who: Host, name: Text, error: Text, python: Text }
    /// A signal came.
    CallSignalled "call.intr" { who: Host, name: Text, error: Text, python: Text }
    /// Memory that is not the program's.
    CallBadMemory "call.fault" { who: Host, name: Text, error: Text, python: Text }
    /// The program has no descriptor left.
    CallNoDescriptor "call.mfile" { who: Host, name: Text, error: Text, python: Text }
    /// The system has none left.
    CallNoFile "call.nfile" { who: Host, name: Text, error: Text, python: Text }
    /// No memory for it.
    CallNoMemory "call.nomem" { who: Host, name: Text, error: Text, python: Text }
    /// The descriptor is no socket's.
    CallNoSocket "call.notsock" { who: Host, name: Text, error: Text, python: Text }
    /// The host does not answer for its address.
    CallHostUnreachable "call.nohost" { who: Host, name: Text, error: Text, python: Text }
    /// Its interface is down.
    CallNetDown "call.netdown" { who: Host, name: Text, error: Text, python: Text }
    /// An attempt to connect that is over.
    CallAttemptOver "call.aborted.connect" { who: Host, name: Text, error: Text, python: Text }
    /// A connection that was reset before `accept()`.
    CallAborted "call.aborted" { who: Host, name: Text, error: Text, python: Text }
    /// A socket that does not know the call or flag.
    CallUnsupported "call.opnotsupp" { who: Host, name: Text, error: Text, python: Text }
    /// No address or port of its own to connect from.
    CallNoSource "call.notavail.source" { who: Host, name: Text, error: Text, python: Text }
    /// Its address and port are used already, for the same peer.
    CallPairInUse "call.notavail.pair" { who: Host, name: Text, error: Text, python: Text }
    /// A call failed otherwise.
    CallFailed "call.failed" { who: Host, name: Text, error: Text, python: Text }
    /// A host is gone.
    Left "host.left" { who: Host, why: Text }
    /// What a scenario says, by its own name.
    Note "note" { note: Text, args: Pairs }
}

impl Saying {
    /// Its name and whom it is about, if saying it once is enough: a call that does what it always
    /// does, a program that does not speak TFTP, what does not change.
    pub(super) fn lesson(&self) -> Option<(&'static str, Host)> {
        match self {
            Self::CallListens { who }
            | Self::CallConnected { who }
            | Self::CallAccepted { who, .. }
            | Self::CallAcceptedAlone { who, .. }
            | Self::CallEnded { who, .. }
            | Self::CallSignal { who }
            | Self::CallPythonDescribes { who }
            | Self::TftpNot { who, .. }
            | Self::Contradicted { who, .. }
            | Self::GoesOn { who, .. }
            | Self::NobodyTells { who, .. }
            | Self::NobodyConnects { who }
            | Self::CongestionRule { who }
            | Self::CongestionSyn { who }
            | Self::CallSent { who, .. } => Some((self.id(), *who)),
            _ => None,
        }
    }
}

/// As an object of its `id` and its `fields`.
impl Serialize for Saying {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let fields: BTreeMap<&str, Value> = self.fields().into_iter().collect();
        let mut object = to.serialize_struct("Saying", 2)?;
        object.serialize_field("id", self.id())?;
        object.serialize_field("fields", &fields)?;
        object.end()
    }
}
