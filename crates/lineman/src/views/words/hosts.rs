//! Sayings about calls and states.

use lineman_trace::log::Host;
use lineman_trace::log::TcpState;
use lineman_trace::story::Reason;
use lineman_trace::story::Saying;

use super::Cast;
use super::say;
use super::subject;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::wire_states::WireStates as States;

pub(super) fn of_call(saying: &Saying, lang: Lang) -> Option<String> {
    use Saying as S;
    Some(match saying {
        S::CallListens { who } => say!(lang, who, States::CallListens { who }),
        S::CallConnected { who } => say!(lang, who, States::CallConnected { who }),
        S::CallAccepted { who, answer } => say!(lang, who, States::CallAccepted { who, answer }),
        S::CallEnded { who } => say!(lang, who, States::CallEnded { who }),
        S::CallSent { who, name } => say!(lang, who, States::CallSent { who, name }),
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

pub(super) fn moved(
    who: Host,
    from: TcpState,
    to: TcpState,
    reason: Option<Reason>,
    lang: Lang,
) -> String {
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
