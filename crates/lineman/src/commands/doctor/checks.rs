//! What is examined, and what each answer means.

use std::io;
use std::io::ErrorKind;

use lineman_net::Confinement;
use lineman_net::machine;

use super::rungs;
use crate::commands::trace::source::refusal;
use crate::failure::system_text;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::doctor::Doctor;
use crate::programs;

/// One thing that was tried.
pub struct Check {
    /// Its name for programs.
    pub id: &'static str,
    /// Its name for people.
    pub name: String,
    /// How it went.
    pub state: State,
    /// What that means.
    pub finding: String,
    /// How to get more.
    pub remedy: Option<String>,
}

/// How something went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything works.
    Ok,
    /// lineman works, with less than it could.
    Limited,
    /// Something of lineman does not work.
    Missing,
}

impl State {
    /// The state for programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Limited => "limited",
            Self::Missing => "missing",
        }
    }

    /// The state for people.
    pub fn word(self, lang: Lang) -> String {
        match self {
            Self::Ok => Doctor::Ok {},
            Self::Limited => Doctor::Limited {},
            Self::Missing => Doctor::Missing {},
        }
        .render(lang)
    }
}

/// Tries everything.
pub fn all(lang: Lang) -> Vec<Check> {
    let speak = Speak(lang);
    let mut all = vec![
        low_ports(speak),
        beneath(speak),
        landlock(speak),
        ipv6(speak),
        segmentation(speak),
    ];
    all.extend(rungs::all(speak));
    all.push(strace(speak));
    all
}

fn low_ports(speak: Speak) -> Check {
    let check = speak.about("low-ports", Doctor::LowPorts {});
    match machine::low_port() {
        Ok(()) => check.ok(Doctor::PortFree {}),
        // The system asks for the privilege first.
        Err(error) if error.kind() == ErrorKind::AddrInUse => check.ok(Doctor::PortTaken {}),
        Err(error) => {
            let why = &speak.reason(&error);
            let program = &programs::this();
            let remedy = match machine::first_free_port() {
                Some(first) => Doctor::PortRemedy {
                    program,
                    first: &first,
                }
                .render(speak.0),
                None => Doctor::PortRemedyBlind { program }.render(speak.0),
            };
            let found = Doctor::PortRefused { why };
            check.found(State::Limited, found, Some(remedy))
        }
    }
}

fn beneath(speak: Speak) -> Check {
    let check = speak.about("openat2", Doctor::Beneath {});
    match machine::open_beneath() {
        Ok(()) => check.ok(Doctor::BeneathWorks {}),
        Err(error) => {
            let why = &speak.reason(&error);
            let found = Doctor::BeneathFails { why };
            check.lacks(State::Missing, found, Doctor::BeneathRemedy {})
        }
    }
}

fn landlock(speak: Speak) -> Check {
    let check = speak.about("landlock", Doctor::Landlock {});
    match machine::confinement() {
        Ok(Confinement::Full { abi }) => check.ok(Doctor::LandlockFull { abi: &abi }),
        Ok(Confinement::Partial { abi }) => {
            let found = Doctor::LandlockPartial { abi: &abi };
            check.lacks(State::Limited, found, Doctor::LandlockNewer {})
        }
        Ok(Confinement::None) => {
            let found = Doctor::LandlockNone {};
            check.lacks(State::Limited, found, Doctor::LandlockRemedy {})
        }
        Err(error) => {
            let why = &speak.reason(&error);
            let found = Doctor::LandlockFails { why };
            check.lacks(State::Missing, found, Doctor::LandlockOff {})
        }
    }
}

fn ipv6(speak: Speak) -> Check {
    let check = speak.about("ipv6", Doctor::Ipv6 {});
    match machine::ipv6() {
        Ok(()) => check.ok(Doctor::Ipv6Works {}),
        Err(error) => {
            let why = &speak.reason(&error);
            let found = Doctor::Ipv6Fails { why };
            check.lacks(State::Limited, found, Doctor::Ipv6Remedy {})
        }
    }
}

fn segmentation(speak: Speak) -> Check {
    let check = speak.about("udp-gso", Doctor::Segmentation {});
    match machine::segmentation() {
        Ok(()) => check.ok(Doctor::SegmentationWorks {}),
        Err(error) => {
            let why = &speak.reason(&error);
            let found = Doctor::SegmentationFails { why };
            check.lacks(State::Limited, found, Doctor::SegmentationRemedy {})
        }
    }
}

fn strace(speak: Speak) -> Check {
    let check = speak.about("strace", Doctor::Strace {});
    let Some(path) = programs::on_path("strace") else {
        let found = Doctor::StraceMissing {};
        return check.lacks(State::Limited, found, Doctor::StraceRemedy {});
    };
    let tried = lineman_lab::try_tracing(&path);
    let path = &path.display();
    match tried {
        Ok(()) => check.ok(Doctor::StraceFound { path }),
        Err(error) => {
            let why = &refusal::untraceable(&error, speak.0);
            let found = Doctor::StraceFails { path, why };
            let scope = machine::ptrace_scope().unwrap_or_default();
            let remedy = match scope {
                2.. => Doctor::StraceScope { scope: &scope },
                _ => Doctor::StraceContainer {},
            };
            check.lacks(State::Limited, found, remedy)
        }
    }
}

/// The language in which is answered.
#[derive(Clone, Copy)]
pub struct Speak(pub Lang);

impl Speak {
    /// Begins a check.
    pub fn about(self, id: &'static str, name: Doctor<'_>) -> Begun {
        let name = name.render(self.0);
        Begun {
            id,
            name,
            lang: self.0,
        }
    }

    /// What the system said.
    pub fn reason(self, error: &io::Error) -> String {
        system_text(error, self.0)
    }
}

/// A check without its answer.
pub struct Begun {
    id: &'static str,
    name: String,
    lang: Lang,
}

impl Begun {
    /// It works.
    pub fn ok(self, finding: Doctor<'_>) -> Check {
        self.found(State::Ok, finding, None)
    }

    /// It does not, and this helps.
    pub fn lacks(self, state: State, finding: Doctor<'_>, remedy: Doctor<'_>) -> Check {
        let remedy = remedy.render(self.lang);
        self.found(state, finding, Some(remedy))
    }

    /// Whatever was found.
    pub fn found(self, state: State, finding: Doctor<'_>, remedy: Option<String>) -> Check {
        Check {
            id: self.id,
            name: self.name,
            state,
            finding: finding.render(self.lang),
            remedy,
        }
    }
}
