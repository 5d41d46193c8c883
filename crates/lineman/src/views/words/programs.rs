//! Notes about programs on hosts.

use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;

/// The sentence of a note that the lab writes about a program; `None` for other notes.
pub(super) fn of_note(id: &str, args: &[(String, String)], lang: Lang) -> Option<String> {
    let arg = |key: &str| Some(&args.iter().find(|(name, _)| name == key)?.1);
    let (host, program, how) = (arg("host")?, arg("program")?, arg("how")?);
    let host = &match host.as_str() {
        "client" => Words::Client {},
        _ => Words::Server {},
    }
    .render(lang);
    let words = match id {
        "program.exited" => Words::ExitedOn { program, host, how },
        "program.killed" => Words::KilledOn { program, host, how },
        "program.stopped" => Words::StoppedOn { program, host },
        "program.refused" => Words::RefusedOn { program, host, how },
        _ => return None,
    };
    Some(words.render(lang))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_of_programs_are_sentences_and_others_are_not_ours() {
        let args = [("host", "server"), ("program", "nc"), ("how", "0")];
        let args = args.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let note = |id| of_note(id, &args, Lang::En);
        let said = note("program.exited");
        assert_eq!(
            said.as_deref(),
            Some("nc on the server has ended with exit code 0.")
        );
        // "Was ended by signal 9", as if something had gone wrong: `--until` had ended it.
        let said = note("program.stopped");
        assert_eq!(
            said.as_deref(),
            Some("nc on the server was still running when the lab ended, and was ended with it.")
        );
        assert_eq!(note("look.handshake"), None);
        assert_eq!(of_note("program.exited", &[], Lang::En), None);
    }
}
