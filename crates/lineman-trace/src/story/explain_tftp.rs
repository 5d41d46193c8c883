//! What there is to say about a TFTP packet.

use lineman_proto::tftp::Fault;
use lineman_proto::wire::flow::Again;
use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::TftpEnd;
use lineman_proto::wire::flow::TftpStep;

use super::Arrow;
use super::Ask;
use super::Flaw;
use super::Saying;
use super::Tftp;
use super::explain::copied;
use super::millis;
use crate::log::Host;

/// How many numbers there are for blocks (RFC 1350 §5).
const BLOCK_NUMBERS: u64 = 1 << 16;

/// No program of TFTP has a shorter timeout, in nanoseconds: they have tenths of a second, and RFC 2349 whole seconds. On a busy
/// machine a packet may leave long after the call that has sent it, and right before the next one.
pub(super) const SHORTEST_TIMEOUT_NS: u64 = 50_000_000;

pub(super) fn of_tftp(arrow: &Arrow, packet: &Tftp, step: TftpStep, out: &mut Vec<Saying>) {
    let who = arrow.from;
    if let Some(tid) = step.stray
        && !step.is_second
    {
        return out.extend(stray(arrow, packet, (tid, step.to_stray)));
    }
    if let Some(again) = arrow.again {
        out.push(match again.cause {
            Cause::Asked if matches!(packet, Tftp::Data { .. }) && !step.answers_request => {
                Saying::TftpApprentice { who }
            }
            Cause::Asked => match step.answers_ns {
                Some(ns) => Saying::TftpAnsweredLate {
                    who,
                    millis: millis(ns),
                },
                None => Saying::TftpAnswered { who },
            },
            Cause::Gap => Saying::TftpGap { who },
            Cause::Resumed => Saying::TftpResumed { who },
            // Of what it says nothing has to be told again.
            Cause::Doubled => return out.push(copied(arrow, again)),
            Cause::Timer(_) if again.wait_ns < SHORTEST_TIMEOUT_NS => somehow(who, again),
            Cause::Silence => somehow(who, again),
            _ => Saying::TftpResent {
                who,
                times: again.times,
                millis: millis(again.wait_ns),
            },
        });
    }
    if let Some(tid) = step.stray {
        return out.extend(second(arrow, packet, step, tid));
    }
    match packet {
        Tftp::Request(ask) => request(arrow, ask, out),
        Tftp::Oack(options) => {
            let size = size(options).filter(|_| !step.upload);
            out.push(Saying::TftpOack {
                who,
                options: options.clone(),
            });
            out.extend(size.map(|bytes| Saying::TftpSize { bytes }));
        }
        Tftp::Data { block, len } => out.push(data(arrow, *block, *len, step)),
        Tftp::Ack { block } => out.push(ack(arrow, *block, step)),
        Tftp::Error { code, message } => {
            let (code, message) = (*code, message.clone());
            out.push(match step.ended {
                None => Saying::TftpError { who, code, message },
                Some(TftpEnd::Acknowledged) => Saying::TftpErrorLate { who, code, message },
                Some(TftpEnd::Failed) => Saying::TftpErrorAgain { who, code, message },
            });
        }
    }
    if step.from_zero {
        out.push(Saying::TftpFromZero {});
    }
    // Nothing follows an ERROR.
    if let Some(port) = step
        .new_tid
        .filter(|_| !matches!(packet, Tftp::Error { .. }))
    {
        out.push(Saying::TftpTid { who, port });
    }
}

/// Nothing tells why.
fn somehow(who: Host, again: Again) -> Saying {
    Saying::ResentSomehow {
        who,
        times: again.times,
        millis: millis(again.wait_ns),
    }
}

/// What is asked for. The option `tsize` is no wish: to read, it asks for the file's size; to write, it
/// tells it (RFC 2349 §3).
fn request(arrow: &Arrow, ask: &Ask, out: &mut Vec<Saying>) {
    let who = arrow.from;
    let (file, mode) = (ask.file.clone(), ask.mode.clone());
    out.push(match ask.write {
        true => Saying::TftpWrite { who, file, mode },
        false => Saying::TftpRead { who, file, mode },
    });
    let told = size(&ask.options).filter(|size| ask.write || *size == 0);
    let wishes = ask.options.iter();
    let wishes = wishes.filter(|(name, _)| told.is_none() || !is_size(name));
    let options: Vec<_> = wishes.cloned().collect();
    if !options.is_empty() {
        out.push(Saying::TftpWishes { options });
    }
    out.extend(told.map(|bytes| match ask.write {
        true => Saying::TftpSizeTold { bytes },
        false => Saying::TftpSizeAsked {},
    }));
}

/// What is wrong with a request.
pub(super) fn malformed(flaw: &Flaw) -> Saying {
    let request = if flaw.write { "WRQ" } else { "RRQ" }.to_owned();
    let (file, about) = (flaw.file.clone(), flaw.about.clone());
    match flaw.fault {
        Fault::NoFile => Saying::TftpNoFile { request },
        Fault::FileEnd => Saying::TftpFileEnd { request, file },
        Fault::NoMode => Saying::TftpNoMode { request, file },
        Fault::UnknownMode => Saying::TftpUnknownMode {
            request,
            file,
            mode: about,
        },
        Fault::ModeEnd => Saying::TftpModeEnd {
            request,
            mode: about,
        },
        Fault::NoName => Saying::TftpNoOptionName { request },
        Fault::NoValue => Saying::TftpNoValue {
            request,
            option: about,
        },
        Fault::ValueEnd => Saying::TftpValueEnd {
            request,
            option: about,
        },
    }
}

/// The file's size, as the option `tsize` has it.
fn size(options: &[(String, String)]) -> Option<u64> {
    let (_, value) = options.iter().find(|(name, _)| is_size(name))?;
    value.parse().ok()
}

fn is_size(option: &str) -> bool {
    option.eq_ignore_ascii_case("tsize")
}

/// A packet from a port (TID) that is not the peer's.
fn stray(arrow: &Arrow, packet: &Tftp, (tid, to_stray): (u16, bool)) -> Option<Saying> {
    let who = arrow.from;
    Some(match packet {
        Tftp::Error { code, .. } if to_stray => Saying::TftpStrayError {
            who,
            port: arrow.seen.to?.port(),
            code: *code,
        },
        _ if to_stray => Saying::TftpMisdirected {
            who,
            port: arrow.seen.to?.port(),
            tid,
        },
        _ => Saying::TftpStray {
            who,
            port: arrow.seen.from?.port(),
            tid,
        },
    })
}

/// A packet of a transfer that the server has begun because the request had come more than once.
fn second(arrow: &Arrow, packet: &Tftp, step: TftpStep, tid: u16) -> Option<Saying> {
    let who = arrow.from;
    let server = if step.to_stray {
        arrow.seen.to
    } else {
        arrow.seen.from
    };
    let port = server?.port();
    Some(match *packet {
        Tftp::Error { code, .. } if step.to_stray => Saying::TftpSecondRejected {
            who,
            port,
            code,
            tid,
        },
        Tftp::Error { code, .. } => Saying::TftpSecondEnded {
            who,
            port,
            code,
            tid,
        },
        _ if step.to_stray => Saying::TftpSecondAnswered { who, port, tid },
        _ if step.new_tid.is_some() => Saying::TftpSecond { who, port },
        _ => Saying::TftpSecondMore { who, port, tid },
    })
}

fn data(arrow: &Arrow, block: u16, len: usize, step: TftpStep) -> Saying {
    let (who, len, blksize) = (arrow.from, len as u64, step.blksize);
    let windowsize = step.window;
    match () {
        () if step.last => Saying::TftpLast {
            who,
            block,
            len,
            blksize,
        },
        () if windowsize <= 1 => Saying::TftpData { who, block, len },
        () if step.fills_window => Saying::TftpDataFull {
            who,
            block,
            len,
            windowsize,
        },
        () => Saying::TftpDataMore {
            who,
            block,
            len,
            windowsize,
        },
    }
}

fn ack(arrow: &Arrow, block: u16, step: TftpStep) -> Saying {
    let (who, bytes) = (arrow.from, step.bytes);
    // Numbers have 16 bits: the block behind 65535 is number 0, too.
    let goes_round = bytes >= step.blksize.saturating_mul(BLOCK_NUMBERS);
    match block {
        _ if step.unseen => Saying::TftpAckUnseen { who, block },
        _ if step.last => Saying::TftpAckLast { who, block, bytes },
        0 if step.from_zero => Saying::TftpAck { who, block },
        0 if !goes_round && step.upload => Saying::TftpReady { who },
        0 if !goes_round => Saying::TftpAckOptions { who },
        _ if step.window > 1 => Saying::TftpAckWindow { who, block },
        _ => Saying::TftpAck { who, block },
    }
}
