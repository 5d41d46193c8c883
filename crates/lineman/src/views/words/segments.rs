//! Sayings about segments of TCP.

use lineman_trace::story::Saying;

use super::Cast;
use super::amount;
use super::name;
use super::say;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::wire::Wire;

pub(super) fn of_opening(saying: &Saying, lang: Lang) -> Option<String> {
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

pub(super) fn of_segment(saying: &Saying, lang: Lang) -> Option<String> {
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

pub(super) fn of_closing(saying: &Saying, lang: Lang) -> Option<String> {
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
