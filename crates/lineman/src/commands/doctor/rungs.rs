//! The ways to see what happens, from the best to the one that always works: a lab, live capture, a
//! helper that captures, lineman's own sockets, two simulated hosts. Each is tried, not looked up.

use std::process::Command;
use std::process::Stdio;

use lineman_lab::Lab;
use lineman_lab::LabError;
use lineman_lab::Options;
use lineman_lab::Program;
use lineman_lab::Refusal;
use lineman_lab::Rung;
use lineman_net::machine;

use super::checks::Check;
use super::checks::Speak;
use super::checks::State;
use crate::commands::trace::source::PROGRAM;
use crate::commands::trace::source::refusal;
use crate::failure::system_text;
use crate::lang::Message as _;
use crate::lang::doctor::Doctor;
use crate::programs;

/// What a package puts into `/etc/apparmor.d/lineman`; a link beside the sources, so that the crate has it too.
const PROFILE: &str = include_str!("../../../apparmor");

/// All of them.
pub fn all(speak: Speak) -> Vec<Check> {
    vec![
        lab(speak),
        capture(speak),
        dumpcap(speak),
        own_sockets(speak),
        speak
            .about("simulated", Doctor::Simulated {})
            .ok(Doctor::SimulatedWorks {}),
    ]
}

/// Starts a lab, and ends it.
fn lab(speak: Speak) -> Check {
    let check = speak.about("namespaces", Doctor::Namespaces {});
    let mut options = Options::default();
    options.client.textbook = true; // settings of TCP, which not every container lets be written
    let started = Lab::start(&Program::this(PROGRAM), &options, drop);
    match started.and_then(Lab::end) {
        Ok(()) => check.ok(Doctor::NamespacesWork {}),
        Err(LabError::Refused(refused)) => {
            let what = &refusal::rung(refused.rung).render(speak.0);
            let why = &refusal::said(&refused, speak.0);
            let found = Doctor::NamespacesFail { what, why };
            let state = match refused.rung {
                Rung::Settings => State::Limited,
                _ => State::Missing,
            };
            check.found(state, found, Some(remedy(&refused, speak)))
        }
        Err(error) => {
            let why = &match error {
                LabError::Process(error) => system_text(&error, speak.0),
                other => other.to_string(),
            };
            let found = Doctor::NamespacesBroken { why };
            check.lacks(State::Missing, found, Doctor::NamespacesReport {})
        }
    }
}

/// What helps depends on who refused.
fn remedy(refused: &Refusal, speak: Speak) -> String {
    let switch = machine::namespace_switch();
    match (refused.rung, switch) {
        (Rung::Settings, _) => Doctor::SettingsRemedy {}.render(speak.0),
        (Rung::PacketSocket | Rung::Diagnosis | Rung::Offload, _) => {
            Doctor::KernelRemedy {}.render(speak.0)
        }
        (_, Some((switch, _))) if switch.contains("apparmor") => apparmor(speak),
        // Namespaces, and nothing that may be done in them: that is AppArmor's way, whatever the
        // setting is called there.
        (Rung::UserMap | Rung::Veth, None) => apparmor(speak),
        (_, Some((switch, value))) => {
            let (switch, value) = (&switch, &value);
            Doctor::NamespacesRemedy { switch, value }.render(speak.0)
        }
        (_, None) => Doctor::NamespacesContainer {}.render(speak.0),
    }
}

fn apparmor(speak: Speak) -> String {
    let profile = &PROFILE
        .replace("/usr/bin/lineman", &programs::this())
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect::<Vec<_>>()
        .join("\n");
    Doctor::AppArmorRemedy {
        profile: &profile.trim(),
    }
    .render(speak.0)
}

fn capture(speak: Speak) -> Check {
    let check = speak.about("capture", Doctor::Capture {});
    match machine::capture() {
        Ok(()) => check.ok(Doctor::CaptureWorks {}),
        Err(error) => {
            let why = &speak.reason(&error);
            let found = Doctor::CaptureFails { why };
            let program = &programs::this();
            check.lacks(State::Limited, found, Doctor::CaptureRemedy { program })
        }
    }
}

/// dumpcap names the interfaces that it may open, and fails if there is none.
fn dumpcap(speak: Speak) -> Check {
    let check = speak.about("dumpcap", Doctor::Dumpcap {});
    let Some(path) = programs::on_path("dumpcap") else {
        let found = Doctor::DumpcapMissing {};
        return check.lacks(State::Limited, found, Doctor::DumpcapInstall {});
    };
    let listed = Command::new(&path)
        .arg("-D")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    let may = listed.is_ok_and(|listed| listed.status.success() && !listed.stdout.is_empty());
    let path = &path.display();
    match may {
        true => check.ok(Doctor::DumpcapWorks { path }),
        false => {
            let found = Doctor::DumpcapFails { path };
            check.lacks(State::Limited, found, Doctor::DumpcapRemedy {})
        }
    }
}

fn own_sockets(speak: Speak) -> Check {
    let check = speak.about("own-sockets", Doctor::OwnSockets {});
    match lineman_lab::figures_of_own_connection() {
        Ok(_) => check.ok(Doctor::OwnSocketsWork {}),
        Err(error) => {
            let why = &speak.reason(&error);
            let found = Doctor::OwnSocketsFail { why };
            check.lacks(State::Limited, found, Doctor::OwnSocketsRemedy {})
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::Lang;

    fn remedy_for(rung: Rung) -> String {
        let refused = Refusal {
            rung,
            errno: Some(1),
            said: String::new(),
        };
        remedy(&refused, Speak(Lang::En))
    }

    /// The machine of these tests forbids nothing by a setting.
    #[test]
    fn each_refusal_has_its_own_remedy() {
        if machine::namespace_switch().is_some() {
            return;
        }
        let profile = remedy_for(Rung::Veth);
        assert!(profile.contains("/etc/apparmor.d/lineman"), "{profile}");
        assert!(
            profile.contains("flags=(unconfined) {\n  userns,\n}"),
            "{profile}"
        );
        assert!(
            profile.contains(&format!("profile lineman {} ", programs::this())),
            "{profile}"
        );
        assert!(remedy_for(Rung::Unshare).contains("seccomp"));
        assert!(remedy_for(Rung::Settings).contains("/proc/sys"));
        assert!(remedy_for(Rung::Diagnosis).contains("inet_diag"));
    }
}
