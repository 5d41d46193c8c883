//! Sayings in words.

use lineman_lab::log::Host;
use lineman_lab::log::TcpState;
use lineman_lab::story::Reason;
use lineman_lab::story::Row;
use lineman_lab::story::Saying;

use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::scenarios;
use crate::lang::wire::Wire;
use crate::lang::wire_states::WireStates as States;
use crate::lang::wire_tftp::WireTftp as Tftp;
use crate::views::text::clean;

/// Everything that there is to say about a row, as one paragraph.
pub fn paragraph(row: &Row, lang: Lang) -> String {
    let all: Vec<String> = row
        .sayings
        .iter()
        .map(|saying| sentence(saying, lang))
        .collect();
    all.join(match lang {
        Lang::En => " ",
        Lang::Zh => "",
    })
}

/// A saying as a sentence. It has no control characters.
pub fn sentence(saying: &Saying, lang: Lang) -> String {
    clean(&worded(saying, lang))
}

/// A host in the middle of a sentence.
fn name(host: Host, lang: Lang) -> String {
    match host {
        Host::Client => Wire::Client {},
        Host::Server => Wire::Server {},
    }
    .render(lang)
}

/// A host at its beginning.
fn subject(host: Host, lang: Lang) -> String {
    let name = name(host, lang);
    let mut chars = name.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// A number of bytes.
fn amount(count: impl TryInto<u64>, lang: Lang) -> String {
    let count: &u64 = &count.try_into().unwrap_or(u64::MAX);
    let words = match count {
        1 => Wire::Byte { count },
        _ => Wire::Bytes { count },
    };
    words.render(lang)
}

/// The names in a sentence about what `host` does.
struct Cast {
    lang: Lang,
    who: String,
    peer: String,
}

impl Cast {
    fn of(host: Host, lang: Lang) -> Self {
        Self {
            lang,
            who: subject(host, lang),
            peer: name(host.other(), lang),
        }
    }
}

/// A sentence of a table whose fields `who` and `peer` are the names of `$host` and the other.
macro_rules! say {
    ($lang:expr, $host:expr, $table:ident :: $id:ident { who $(, $field:ident)* }) => {{
        let cast = Cast::of(*$host, $lang);
        $table::$id { who: &cast.who $(, $field)* }.render(cast.lang)
    }};
    ($lang:expr, $host:expr, $table:ident :: $id:ident { who + peer $(, $field:ident)* }) => {{
        let cast = Cast::of(*$host, $lang);
        $table::$id { who: &cast.who, peer: &cast.peer $(, $field)* }.render(cast.lang)
    }};
}

fn worded(saying: &Saying, lang: Lang) -> String {
    of_opening(saying, lang)
        .or_else(|| of_segment(saying, lang))
        .or_else(|| of_closing(saying, lang))
        .or_else(|| of_datagram(saying, lang))
        .or_else(|| of_tftp(saying, lang))
        .or_else(|| of_wire(saying, lang))
        .or_else(|| of_call(saying, lang))
        .unwrap_or_else(|| of_rest(saying, lang))
}

fn of_opening(saying: &Saying, lang: Lang) -> Option<String> {
    use Saying as S;
    Some(match saying {
        S::Syn { who, port, isn } => say!(lang, who, Wire::Syn { who + peer, port, isn }),
        S::SynCrossed { who, isn } => say!(lang, who, Wire::SynCrossed { who + peer, isn }),
        S::SynAck { who, isn, ack } => say!(lang, who, Wire::SynAck { who, isn, ack }),
        S::SynAckCrossed { who, ack } => say!(lang, who, Wire::SynAckCrossed { who, ack }),
        S::AckThird { who, ack } => say!(lang, who, Wire::AckThird { who + peer, ack }),
        _ => return None,
    })
}

fn of_segment(saying: &Saying, lang: Lang) -> Option<String> {
    use Saying as S;
    Some(match saying {
        S::Data {
            who,
            len,
            first,
            last,
        } => {
            let len = &amount(*len, lang);
            say!(
                lang,
                who,
                Wire::Data {
                    who,
                    len,
                    first,
                    last
                }
            )
        }
        S::DataHalf {
            who,
            len,
            first,
            last,
        } => {
            let len = &amount(*len, lang);
            say!(lang, who, Wire::DataHalf { who + peer, len, first, last })
        }
        S::Ack { who, bytes, next } => {
            let bytes = &amount(*bytes, lang);
            say!(lang, who, Wire::Ack { who, bytes, next })
        }
        S::AckDelayed {
            who,
            bytes,
            next,
            millis,
        } => {
            let bytes = &amount(*bytes, lang);
            say!(
                lang,
                who,
                Wire::AckDelayed {
                    who,
                    bytes,
                    next,
                    millis
                }
            )
        }
        S::AckDup { who, next, times } => say!(lang, who, Wire::AckDup { who, next, times }),
        S::AckAgain { who, next } => say!(lang, who, Wire::AckAgain { who, next }),
        S::Window { who, window } => {
            let window = &amount(*window, lang);
            say!(lang, who, Wire::Window { who, window })
        }
        S::WindowZero { who } => say!(lang, who, Wire::WindowZero { who + peer }),
        S::Probe { who } => say!(lang, who, Wire::Probe { who + peer }),
        S::KeepAlive { who } => say!(lang, who, Wire::KeepAlive { who + peer }),
        S::Resent { who, times, millis } => say!(lang, who, Wire::Resent { who, times, millis }),
        S::ResentNeedless { who, times, millis } => {
            say!(lang, who, Wire::ResentNeedless { who, times, millis })
        }
        S::ResentAsked { who } => say!(lang, who, Wire::ResentAsked { who }),
        S::ResentFast { who } => say!(lang, who, Wire::ResentFast { who }),
        S::Early { who } => say!(lang, who, Wire::Early { who }),
        S::Damaged { who } => {
            let who = &name(*who, lang);
            Wire::Damaged { who }.render(lang)
        }
        S::Known { who } => say!(lang, who, Wire::Known { who }),
        _ => return None,
    })
}

fn of_closing(saying: &Saying, lang: Lang) -> Option<String> {
    use Saying as S;
    Some(match saying {
        S::AckFin { who, next } => say!(lang, who, Wire::AckFin { who + peer, next }),
        S::AckFinDelayed { who, next, millis } => {
            say!(lang, who, Wire::AckFinDelayed { who + peer, next, millis })
        }
        S::AckFinLast { who, next } => say!(lang, who, Wire::AckFinLast { who + peer, next }),
        S::FinFirst { who, seq } => say!(lang, who, Wire::FinFirst { who + peer, seq }),
        S::FinSecond { who, seq } => say!(lang, who, Wire::FinSecond { who + peer, seq }),
        S::FinCombined { who, seq, ack } => {
            say!(lang, who, Wire::FinCombined { who + peer, seq, ack })
        }
        S::FinCrossed { who, seq } => say!(lang, who, Wire::FinCrossed { who + peer, seq }),
        S::RstRefused { who, port } => say!(lang, who, Wire::RstRefused { who, port }),
        S::RstUnread { who } => say!(lang, who, Wire::RstUnread { who + peer }),
        S::RstBroken { who } => say!(lang, who, Wire::RstBroken { who + peer }),
        S::RstLate { who } => say!(lang, who, Wire::RstLate { who }),
        _ => return None,
    })
}

fn of_datagram(saying: &Saying, lang: Lang) -> Option<String> {
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

fn of_tftp(saying: &Saying, lang: Lang) -> Option<String> {
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

fn of_wire(saying: &Saying, lang: Lang) -> Option<String> {
    use Saying as S;
    Some(match saying {
        S::Lost { rule } => Wire::Lost { rule }.render(lang),
        S::LostByHand {} => Wire::LostByHand {}.render(lang),
        S::Held {} => Wire::Held {}.render(lang),
        S::HeldAgain { who, times } => say!(lang, who, Wire::HeldAgain { who, times }),
        S::Released { millis } => Wire::Released { millis }.render(lang),
        S::Altered { who } => {
            let who = &name(*who, lang);
            Wire::Altered { who }.render(lang)
        }
        S::Forged { who } => {
            let who = &name(*who, lang);
            Wire::Forged { who }.render(lang)
        }
        S::Copied { of } => Wire::Copied { of }.render(lang),
        S::Crossing {} => Wire::Crossing {}.render(lang),
        _ => return None,
    })
}

fn of_call(saying: &Saying, lang: Lang) -> Option<String> {
    use Saying as S;
    Some(match saying {
        S::CallListens { who } => say!(lang, who, States::CallListens { who }),
        S::CallConnected { who } => say!(lang, who, States::CallConnected { who }),
        S::CallAccepted { who, answer } => say!(lang, who, States::CallAccepted { who, answer }),
        S::CallEnded { who } => say!(lang, who, States::CallEnded { who }),
        S::CallSent { who, answer } => say!(lang, who, States::CallSent { who, answer }),
        S::CallRefused { who, name } => say!(lang, who, States::CallRefused { who, name }),
        S::CallReset { who, name } => say!(lang, who, States::CallReset { who, name }),
        S::CallPipe { who, name } => say!(lang, who, States::CallPipe { who, name }),
        S::CallInUse { who } => say!(lang, who, States::CallInUse { who }),
        S::CallTimedOut { who, name } => say!(lang, who, States::CallTimedOut { who, name }),
        S::CallFailed { who, name, error } => {
            say!(lang, who, States::CallFailed { who, name, error })
        }
        _ => return None,
    })
}

fn of_rest(saying: &Saying, lang: Lang) -> String {
    use Saying as S;
    match saying {
        S::Moved {
            who,
            from,
            to,
            reason,
        } => moved(*who, *from, *to, Some(*reason), lang),
        S::MovedSomehow { who, from, to } => moved(*who, *from, *to, None, lang),
        S::TimeWait { who, seconds } => say!(lang, who, States::TimeWait { who, seconds }),
        S::Left { who, why } => say!(lang, who, Wire::Left { who, why }),
        S::Note { id, args } => {
            let name = id.strip_prefix("look.");
            if let Some(look) = name.and_then(|name| scenarios::look(name, lang)) {
                return look.to_owned();
            }
            let each: Vec<String> = args
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            let args = &each.join(" ");
            Wire::Note { id, args }.render(lang)
        }
        // A saying of a newer lineman-lab: its name is better than nothing.
        other => other.id().to_owned(),
    }
}

fn moved(who: Host, from: TcpState, to: TcpState, reason: Option<Reason>, lang: Lang) -> String {
    let (from, to) = (&from.name(), &to.name());
    let who = &subject(who, lang);
    let sentence = match reason {
        None => States::Somehow { who, from, to },
        Some(Reason::Listens) => States::Listens { who, from, to },
        Some(Reason::Asks) => States::Asks { who, from, to },
        Some(Reason::Asked) => States::Asked { who, from, to },
        Some(Reason::CrossedSyn) => States::CrossedSyn { who, from, to },
        Some(Reason::Answered) => States::Answered { who, from, to },
        Some(Reason::Confirmed) => States::Confirmed { who, from, to },
        Some(Reason::ClosesFirst) => States::ClosesFirst { who, from, to },
        Some(Reason::PeerCloses) => States::PeerCloses { who, from, to },
        Some(Reason::FinAcked) => States::FinAcked { who, from, to },
        Some(Reason::CrossedFin) => States::CrossedFin { who, from, to },
        Some(Reason::FinAndAck) => States::FinAndAck { who, from, to },
        Some(Reason::PeerFin) => States::PeerFin { who, from, to },
        Some(Reason::CrossedAcked) => States::CrossedAcked { who, from, to },
        Some(Reason::ClosesSecond) => States::ClosesSecond { who, from, to },
        Some(Reason::LastAcked) => States::LastAcked { who, from, to },
        Some(Reason::TimeOver) => States::TimeOver { who, from, to },
        Some(Reason::Broken) => States::Broken { who, from, to },
    };
    sentence.render(lang)
}
