//! Why there is no lab, or why a scenario was not played to its end.

use std::io;
use std::io::ErrorKind;

use lineman_lab::LabError;
use lineman_lab::Refusal;
use lineman_lab::Rung;
use lineman_lab::Untraceable;
use lineman_lab::scenarios::Stop;

use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bench::Bench;
use crate::lang::lab::Lab as Words;
use crate::lang::waits;

/// Whether the system does not let us have a lab; what was not refused has another cause.
pub fn is_refusal(error: &LabError) -> bool {
    matches!(error, LabError::Refused(_) | LabError::Process(_))
}

/// What was refused, as a part of a sentence.
pub fn why(error: &LabError, lang: Lang) -> String {
    match error {
        LabError::Refused(refusal) => {
            let what = &rung(refusal.rung).render(lang);
            let said = &said(refusal, lang);
            Words::Refused { what, said }.render(lang)
        }
        LabError::Process(why) => {
            let why = &system_text(why, lang);
            Words::NotStarted { why }.render(lang)
        }
        _ => Words::Ended {}.render(lang),
    }
}

/// There is no lab.
pub fn no_lab(error: &LabError, console: Console) -> Failure {
    let lang = console.lang;
    let why = &why(error, lang);
    match is_refusal(error) {
        true => Failure::new(Exit::NotPermitted, &Words::NotBuilt { why }, lang),
        false => Failure::new(Exit::Internal, &Words::Ended {}, lang),
    }
}

/// There is no lab for programs.
pub fn no_programs(error: &LabError, console: Console) -> Failure {
    if !is_refusal(error) {
        return no_lab(error, console);
    }
    let why = &why(error, console.lang);
    let words = Bench::NotWithoutKernel { why };
    Failure::new(Exit::NotPermitted, &words, console.lang)
}

/// The scenario has not come to its end.
pub fn stopped(stop: &Stop, console: Console) -> Failure {
    let lang = console.lang;
    match stop {
        Stop::Lab(error) => no_lab(error, console),
        Stop::Outcome { call, outcome } => {
            let outcome = &match outcome.answer() {
                lineman_trace::log::Answer::Value(text) => text,
                lineman_trace::log::Answer::Error(name) => name,
            };
            Failure::new(Exit::Incomplete, &Words::CallFailed { call, outcome }, lang)
        }
        Stop::Late(what) => {
            let what = &waits::awaited(what, lang);
            Failure::new(Exit::TimeOut, &Words::Late { what }, lang)
        }
        other => Failure::internal(other, lang),
    }
}

/// The system's answer in words.
pub fn said(refusal: &Refusal, lang: Lang) -> String {
    match refusal.errno.map(io::Error::from_raw_os_error) {
        // The system speaks of space where it means the limit of their number: user.max_net_namespaces.
        Some(error) if error.kind() == ErrorKind::StorageFull => {
            Words::NumberLimited {}.render(lang)
        }
        Some(error) => system_text(&error, lang),
        None => refusal.said.clone(),
    }
}

/// What was refused.
pub fn rung(rung: Rung) -> Words<'static> {
    match rung {
        Rung::Unshare => Words::Unshare {},
        Rung::UserMap => Words::UserMap {},
        Rung::ChildNamespace => Words::ChildNamespace {},
        Rung::Veth => Words::Veth {},
        Rung::Configure => Words::Configure {},
        Rung::Offload => Words::Offload {},
        Rung::Settings => Words::Settings {},
        Rung::PacketSocket => Words::PacketSocket {},
        Rung::Diagnosis => Words::Diagnosis {},
        _ => Words::Resources {},
    }
}

/// Why strace cannot trace, in words.
pub fn untraceable(error: &Untraceable, lang: Lang) -> String {
    match error {
        Untraceable::Start(error) => system_text(error, lang),
        // strace has the system's words, which are English.
        Untraceable::Refused(said) if said == "Operation not permitted" => {
            system_text(&ErrorKind::PermissionDenied.into(), lang)
        }
        other => other.to_string(),
    }
}
