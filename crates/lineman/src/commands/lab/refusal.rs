//! Why there is no lab.

use lineman_lab::LabError;
use lineman_lab::Refusal;
use lineman_lab::Rung;

use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;
use crate::lang::rungs::Rungs;

/// There is no lab.
pub fn no_lab(error: &LabError, console: Console) -> Failure {
    let lang = console.lang;
    match error {
        LabError::Refused(refusal) => {
            let what = &rung(refusal.rung, lang);
            let said = &said(refusal, lang);
            Failure::new(Exit::NotPermitted, &Words::NoLab { what, said }, lang)
        }
        LabError::Process(why) => {
            let why = &system_text(why, lang);
            Failure::new(Exit::NotPermitted, &Words::NotStarted { why }, lang)
        }
        _ => Failure::new(Exit::Internal, &Words::Ended {}, lang),
    }
}

/// The system's answer in words.
pub fn said(refusal: &Refusal, lang: Lang) -> String {
    match refusal.errno {
        Some(errno) => system_text(&std::io::Error::from_raw_os_error(errno), lang),
        None => refusal.said.clone(),
    }
}

/// What was refused.
pub fn rung(rung: Rung, lang: Lang) -> String {
    match rung {
        Rung::Unshare => Rungs::Unshare {},
        Rung::UserMap => Rungs::UserMap {},
        Rung::ChildNamespace => Rungs::ChildNamespace {},
        Rung::Veth => Rungs::Veth {},
        Rung::Configure => Rungs::Configure {},
        Rung::Offload => Rungs::Offload {},
        Rung::Settings => Rungs::Settings {},
        Rung::PacketSocket => Rungs::PacketSocket {},
        Rung::Diagnosis => Rungs::Diagnosis {},
        _ => Rungs::Resources {},
    }
    .render(lang)
}
