//! One machine as JSON, and in words of both languages.

use std::net::IpAddr;
use std::time::Instant;
use std::time::SystemTime;

use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::machines::Machine;
use lineman_proto::tftp::machines::Outcome;
use lineman_proto::tftp::machines::Progress;
use lineman_proto::tftp::machines::Role;
use lineman_proto::tftp::machines::Step;
use serde_json::Value;
use serde_json::json;

use super::seen::Note;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::machines::Machines as Words;
use crate::log;

pub(super) fn row(ip: IpAddr, machine: &Machine<Note>, now: Instant, clock: SystemTime) -> Value {
    let boot = machine.boot();
    let progress = boot.progress(now);
    let steps: Vec<_> = boot.steps(now).collect();
    let mut firmware: Vec<&str> = Vec::new();
    for name in steps.iter().filter_map(|step| step.firmware.name()) {
        if firmware.last() != Some(&name) {
            firmware.push(name);
        }
    }
    let (state, stopped_at) = match progress {
        Progress::GoesOn => ("goes-on", None),
        Progress::Complete => ("complete", None),
        Progress::Quiet => ("quiet", None),
        Progress::Stopped(nth) => ("stopped", Some(nth)),
    };
    let note = boot.note().filter(|_| stopped_at.is_some());
    let text = |lang| told(progress, &steps, note, lang);
    let began = clock.checked_sub(now.saturating_duration_since(boot.began()));
    let requests = steps.iter().map(|step| {
        json!({
            "file": visible_bytes(step.name),
            "role": step.role.id(),
            "firmware": step.firmware.name(),
            "protocol": step.protocol.id(),
            "direction": match step.direction {
                Direction::Read => "read",
                Direction::Write => "write",
            },
            "outcome": step.outcome.id(),
            "bytes": step.bytes,
            "at": step.at.as_secs_f64(),
            "seconds": step.took.as_secs_f64(),
        })
    });
    json!({
        "address": ip.to_string(),
        "mac": machine.mac().map(|mac| mac.to_string()),
        "firmware": firmware,
        "boots": machine.boots(),
        "began": began.map(log::at),
        "heard_seconds_ago": now.saturating_duration_since(boot.heard()).as_secs_f64(),
        "state": state,
        "stopped_at": stopped_at,
        "reason": note.map(|it| it.reason),
        "text": { "en": text(Lang::En), "zh": text(Lang::Zh) },
        "left_out": boot.left_out(),
        "requests": requests.collect::<Vec<_>>(),
    })
}

/// How far a boot has come, in a sentence.
fn told(progress: Progress, steps: &[Step<'_>], note: Option<&Note>, lang: Lang) -> String {
    let name = |step: &Step<'_>| visible_bytes(step.name);
    let last = steps.last().map(name).unwrap_or_default();
    let file = &last;
    match progress {
        Progress::GoesOn => {
            let runs = |step: &&Step<'_>| step.outcome == Outcome::Running;
            match steps.iter().rev().find(runs).map(name) {
                Some(file) => Words::Loading { file: &file }.render(lang),
                None => Words::GoesOn { file }.render(lang),
            }
        }
        Progress::Complete => {
            let is_complete = |step: &&Step<'_>| step.outcome == Outcome::Complete;
            let arrived = steps.iter().rev().find(is_complete).map(name);
            let file = &arrived.unwrap_or(last);
            Words::Complete { file }.render(lang)
        }
        Progress::Quiet => Words::Quiet { file }.render(lang),
        Progress::Stopped(nth) => {
            let file = &steps.get(nth).map(name).unwrap_or_default();
            let why = &match (note, steps.get(nth)) {
                (Some(note), _) => match lang {
                    Lang::En => note.en.to_string(),
                    Lang::Zh => note.zh.to_string(),
                },
                (None, Some(step)) => outcome_words(step.outcome, lang),
                (None, None) => String::new(),
            };
            Words::Stopped { file, why }.render(lang)
        }
    }
}

/// How a request ended, in a word or two.
pub fn outcome_words(outcome: Outcome, lang: Lang) -> String {
    match outcome {
        Outcome::Running => Words::Running {},
        Outcome::Complete => Words::Arrived {},
        Outcome::SizeProbe => Words::SizeProbe {},
        Outcome::Closed => Words::Closed {},
        Outcome::Repeated => Words::Repeated {},
        Outcome::ServerStopped => Words::ServerStopped {},
        Outcome::Missing => Words::Missing {},
        Outcome::Refused => Words::Refused {},
        Outcome::ServerFault => Words::ServerFault {},
        Outcome::Aborted => Words::Aborted {},
        Outcome::Silent => Words::Silent {},
        Outcome::Unanswered => Words::Unanswered {},
        Outcome::Broken => Words::Broken {},
        Outcome::Untold => Words::Untold {},
    }
    .render(lang)
}

/// What a file is to a boot; nothing where no name says it.
pub fn role_words(role: Role, lang: Lang) -> String {
    match role {
        Role::Loader => Words::RoleLoader {},
        Role::Config => Words::RoleConfig {},
        Role::Kernel => Words::RoleKernel {},
        Role::Initrd => Words::RoleInitrd {},
        Role::Other => return String::new(),
    }
    .render(lang)
}

pub(super) fn page_words(lang: Lang) -> Value {
    let say = |message: &dyn Message| message.render(lang);
    let roles = ROLES.map(|role| (role.id().to_owned(), role_words(role, lang).into()));
    let outcomes = OUTCOMES.map(|it| (it.id().to_owned(), outcome_words(it, lang).into()));
    json!({
        "title": say(&Words::Title {}),
        "head": [
            say(&Words::HeadMachine {}),
            say(&Words::HeadFirmware {}),
            say(&Words::HeadRequests {}),
            say(&Words::HeadState {}),
        ],
        "boots": say(&Words::Boots {}),
        "ago": say(&Words::Ago {}),
        "note": say(&Words::Note {}),
        "shown": say(&Words::PageShown { shown: &"{shown}", total: &"{total}" }),
        "gone": say(&Words::Gone {}),
        "roles": Value::Object(roles.into_iter().collect()),
        "outcomes": Value::Object(outcomes.into_iter().collect()),
    })
}

/// The words for everything that a page may have to name.
pub const ROLES: [Role; 5] = [
    Role::Loader,
    Role::Config,
    Role::Kernel,
    Role::Initrd,
    Role::Other,
];
/// The same.
pub const OUTCOMES: [Outcome; 14] = [
    Outcome::Running,
    Outcome::Complete,
    Outcome::SizeProbe,
    Outcome::Closed,
    Outcome::Repeated,
    Outcome::ServerStopped,
    Outcome::Missing,
    Outcome::Refused,
    Outcome::ServerFault,
    Outcome::Aborted,
    Outcome::Silent,
    Outcome::Unanswered,
    Outcome::Broken,
    Outcome::Untold,
];
