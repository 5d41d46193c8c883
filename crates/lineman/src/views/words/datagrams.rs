//! Sayings about datagrams and TFTP.

use lineman_trace::story::Saying;

use super::Cast;
use super::amount;
use super::name;
use super::say;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::wire::Wire;
use crate::lang::wire_tftp::WireTftp as Tftp;

pub(super) fn of_datagram(saying: &Saying, lang: Lang) -> Option<String> {
    use Saying as S;
    Some(match saying {
        S::Udp { who, len, port } => {
            let len = &amount(*len, lang);
            say!(lang, who, Wire::Udp { who, len, port })
        }
        S::UdpPieces { who, len, port } => {
            let len = &amount(*len, lang);
            say!(lang, who, Wire::UdpPieces { who, len, port })
        }
        S::PieceLast { who, offset, len } => {
            let len = &amount(*len, lang);
            say!(lang, who, Wire::PieceLast { who, offset, len })
        }
        S::UdpEmpty { who, port } => say!(lang, who, Wire::UdpEmpty { who, port }),
        S::UdpRefused { who, port } => say!(lang, who, Wire::UdpRefused { who, port }),
        S::Unreachable { who } => say!(lang, who, Wire::Unreachable { who }),
        S::Other { who, line } if line.is_empty() => say!(lang, who, Wire::OtherUnknown { who }),
        S::Other { who, line } => say!(lang, who, Wire::Other { who, line }),
        _ => return None,
    })
}

pub(super) fn of_tftp(saying: &Saying, lang: Lang) -> Option<String> {
    use Saying as S;
    Some(match saying {
        S::TftpRead { who, file, mode } => say!(lang, who, Tftp::Read { who + peer, file, mode }),
        S::TftpWrite { who, file, mode } => {
            say!(lang, who, Tftp::Write { who + peer, file, mode })
        }
        S::TftpWishes { options } => Tftp::Wishes { options }.render(lang),
        S::TftpOack { who, options } => say!(lang, who, Tftp::Oack { who, options }),
        S::TftpTid { who, port } => {
            let who = &name(*who, lang);
            Tftp::Tid { who, port }.render(lang)
        }
        S::TftpData { who, block, len } => {
            let len = &amount(*len, lang);
            say!(lang, who, Tftp::Data { who, block, len })
        }
        S::TftpLast {
            who,
            block,
            len,
            blksize,
        } => {
            let len = &amount(*len, lang);
            say!(
                lang,
                who,
                Tftp::Last {
                    who,
                    block,
                    len,
                    blksize
                }
            )
        }
        S::TftpAck { who, block } => say!(lang, who, Tftp::Ack { who, block }),
        S::TftpAckOptions { who } => say!(lang, who, Tftp::AckOptions { who }),
        S::TftpReady { who } => say!(lang, who, Tftp::Ready { who }),
        S::TftpAckLast { who, block, bytes } => {
            let bytes = &amount(*bytes, lang);
            say!(lang, who, Tftp::AckLast { who, block, bytes })
        }
        S::TftpResent { who, times, millis } => {
            say!(lang, who, Tftp::Resent { who, times, millis })
        }
        S::TftpStray { who, port, tid } => say!(lang, who, Tftp::Stray { who, port, tid }),
        S::TftpStrayError { who, port, code } => {
            say!(lang, who, Tftp::StrayError { who, port, code })
        }
        S::TftpAnswered { who } => say!(lang, who, Tftp::Answered { who }),
        S::TftpError { who, code, message } => {
            say!(lang, who, Tftp::Error { who, code, message })
        }
        _ => return None,
    })
}
