//! What there is to say about a TFTP packet.

use lineman_proto::wire::flow::Cause;
use lineman_proto::wire::flow::TftpStep;

use super::Arrow;
use super::Saying;
use super::Tftp;

pub(super) fn of_tftp(arrow: &Arrow, packet: &Tftp, step: TftpStep, out: &mut Vec<Saying>) {
    let who = arrow.from;
    if let Some(tid) = step.stray {
        return out.extend(stray(arrow, packet, tid));
    }
    if let Some(again) = arrow.again {
        out.push(match again.cause {
            Cause::Asked => Saying::TftpAnswered { who },
            _ => Saying::TftpResent {
                who,
                times: again.times,
                millis: again.wait_ns / 1_000_000,
            },
        });
    }
    match packet {
        Tftp::Request(ask) => {
            let (file, mode) = (ask.file.clone(), ask.mode.clone());
            out.push(match ask.write {
                true => Saying::TftpWrite { who, file, mode },
                false => Saying::TftpRead { who, file, mode },
            });
            if !ask.options.is_empty() {
                let options = ask.options.clone();
                out.push(Saying::TftpWishes { options });
            }
        }
        Tftp::Oack(options) => out.push(Saying::TftpOack {
            who,
            options: options.clone(),
        }),
        Tftp::Data { block, len } => out.push(data(arrow, *block, *len, step)),
        Tftp::Ack { block } => out.push(ack(arrow, *block, step)),
        Tftp::Error { code, message } => out.push(Saying::TftpError {
            who,
            code: *code,
            message: message.clone(),
        }),
    }
    if let Some(port) = step.new_tid {
        out.push(Saying::TftpTid { who, port });
    }
}

/// A packet of somebody else.
fn stray(arrow: &Arrow, packet: &Tftp, tid: u16) -> Option<Saying> {
    let who = arrow.from;
    Some(match packet {
        Tftp::Error { code, .. } => Saying::TftpStrayError {
            who,
            port: arrow.seen.to?.port(),
            code: *code,
        },
        _ => Saying::TftpStray {
            who,
            port: arrow.seen.from?.port(),
            tid,
        },
    })
}

fn data(arrow: &Arrow, block: u16, len: usize, step: TftpStep) -> Saying {
    let (who, len, blksize) = (arrow.from, len as u64, step.blksize);
    if step.last {
        Saying::TftpLast {
            who,
            block,
            len,
            blksize,
        }
    } else {
        Saying::TftpData { who, block, len }
    }
}

fn ack(arrow: &Arrow, block: u16, step: TftpStep) -> Saying {
    let (who, bytes) = (arrow.from, step.bytes);
    match block {
        _ if step.last => Saying::TftpAckLast { who, block, bytes },
        0 if bytes == 0 && step.upload => Saying::TftpReady { who },
        0 if bytes == 0 => Saying::TftpAckOptions { who },
        _ => Saying::TftpAck { who, block },
    }
}
