//! What the page may ask of the lab, as it writes it.

use std::time::Duration;

use lineman_lab::rules::ParseError;
use lineman_lab::rules::Rules;
use lineman_lab::scenarios::Scenario;
use lineman_lab::scenarios::Transfer;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Wish;
use lineman_trace::log::Host;
use serde::Deserialize;

use crate::commands::lab::bench::complaint::Complaint;
use crate::commands::trace::source::wrong_rules;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::page::Page as Words;

/// A command as the page writes it: one object of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Command {
    /// Deliver a held packet.
    Deliver { id: u64 },
    /// Drop it.
    Drop { id: u64 },
    /// Deliver it, and a copy of it.
    Duplicate { id: u64 },
    /// Deliver it later.
    Delay { id: u64, millis: u64 },
    /// Hold every packet from now on.
    Step {},
    /// Hold none any more.
    Run {},
    /// These rules hold from now on, and no others.
    Rules { rules: String },
    /// Lines of the socket bench, each obeyed when its time has come; a call is this host's where the line names none.
    Lines { host: Host, lines: Vec<String> },
    /// A file by TFTP, which the client gets from the server or puts there.
    Tftp(Tftp),
    /// Another lab, in which this scenario is played; without one, nothing is.
    Start {
        scenario: Option<String>,
        #[serde(default)]
        ipv6: bool,
        /// Whether its packets are held from the start.
        #[serde(default)]
        step: bool,
        /// The rules that its wire has from the start, in place of those that it would have by itself.
        #[serde(default)]
        rules: Option<String>,
    },
}

/// A transfer that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tftp {
    way: Way,
    /// How many bytes the file has.
    size: usize,
    #[serde(default)]
    blksize: Option<u16>,
    #[serde(default)]
    windowsize: Option<u16>,
    #[serde(default)]
    timeout: Option<u8>,
    #[serde(default)]
    tsize: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Way {
    Get,
    Put,
}

/// The lab that is to be next.
#[derive(Clone, Debug)]
pub struct Choice {
    /// What is played in it.
    pub scenario: Option<&'static Scenario>,
    /// Whether over IPv6.
    pub ipv6: bool,
    /// Whether its packets are held from the start.
    pub step: bool,
    /// The rules of its wire, if it is not to have those that it has by itself.
    pub rules: Option<Rules>,
}

impl Command {
    /// Reads a command, as far as it is right whatever the lab is doing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn read(body: &[u8]) -> Result<Self, Wrong> {
        let command = serde_json::from_slice(body);
        let command = command.map_err(|error| Wrong::Form(error.to_string()))?;
        match &command {
            Self::Delay { millis, .. } if *millis > LONGEST_DELAY => {
                Err(Wrong::Form(format!("millis: at most {LONGEST_DELAY}")))
            }
            Self::Lines { lines, .. } if lines.len() > MOST_LINES => {
                Err(Wrong::Form(format!("lines: at most {MOST_LINES}")))
            }
            Self::Tftp(tftp) => tftp.check().map(|()| command),
            _ => Ok(command),
        }
    }
}

impl Tftp {
    /// Whether RFC 2348, 2349 and 7440 allow its options, and a lab its size.
    fn check(&self) -> Result<(), Wrong> {
        let within = |name: &str, value: Option<usize>, least: usize, most: usize| match value {
            Some(value) if !(least..=most).contains(&value) => {
                Err(Wrong::Form(format!("{name}: from {least} to {most}")))
            }
            _ => Ok(()),
        };
        within("size", Some(self.size), 0, Transfer::LARGEST)?;
        within("blksize", self.blksize.map(usize::from), 8, 65464)?;
        within("windowsize", self.windowsize.map(usize::from), 1, 65535)?;
        within("timeout", self.timeout.map(usize::from), 1, 255)
    }

    pub(super) fn transfer(&self) -> Transfer {
        let direction = match self.way {
            Way::Get => Direction::Read,
            Way::Put => Direction::Write,
        };
        let length = match direction {
            Direction::Read => 0, // it is asked for
            Direction::Write => self.size as u64,
        };
        Transfer {
            direction,
            wish: Wish {
                blksize: self.blksize,
                windowsize: self.windowsize,
                timeout: self.timeout,
                tsize: self.tsize.then_some(length),
            },
            size: self.size,
        }
    }
}

/// Reads rules.
///
/// # Errors
/// With what is wrong with them.
pub(super) fn rules(text: &str) -> Result<Rules, Wrong> {
    text.parse()
        .map_err(|error| Wrong::Rules(text.to_owned(), error))
}

/// What is wrong with a command.
#[derive(Debug)]
pub(super) enum Wrong {
    /// It is none, in the words of the parser: the page's own script writes no such thing.
    Form(String),
    /// Rules that a person has typed.
    Rules(String, ParseError),
    /// A line that a person has typed; those behind it are not obeyed.
    Line(String, Complaint),
    /// There is no such scenario.
    NoScenario(String),
    /// A line that has no place on a page.
    NotHere(&'static str),
    /// Everything has happened.
    Recorded,
    /// The lab has ended.
    Ended,
    /// A script is being played.
    Playing,
    /// Too many wait.
    TooMany,
}

impl Wrong {
    /// Whether the command is right, and it is the lab that cannot obey it now.
    pub(super) fn is_untimely(&self) -> bool {
        match self {
            Self::Form(_) | Self::Rules(..) | Self::NoScenario(_) | Self::NotHere(_) => false,
            Self::Line(_, complaint) => *complaint == Complaint::Ended,
            Self::Recorded | Self::Ended | Self::Playing | Self::TooMany => true,
        }
    }
}

impl Message for Wrong {
    fn render(&self, lang: Lang) -> String {
        match self {
            Self::Form(why) => Words::NoCommand { why }.render(lang),
            Self::Rules(text, error) => wrong_rules(text, error, lang),
            Self::Line(line, complaint) => format!("{line}: {}", complaint.words(lang)),
            Self::NoScenario(name) => Words::NoScenario { name }.render(lang),
            Self::NotHere(word) => Words::NotHere { word }.render(lang),
            Self::Recorded => Words::Recorded {}.render(lang),
            Self::Ended => Words::LabEnded {}.render(lang),
            Self::Playing => Words::Playing {}.render(lang),
            Self::TooMany => Words::TooMany {}.render(lang),
        }
    }
}

/// Something said in answer, in both languages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) en: String,
    pub(super) zh: String,
}

impl Said {
    pub(super) fn with(words: impl Fn(Lang) -> String) -> Self {
        Self {
            en: words(Lang::En),
            zh: words(Lang::Zh),
        }
    }
}

/// What is answered to a command.
pub(super) type Answer = Result<Said, Wrong>;

/// How long a packet of that number is held back.
pub(super) fn time(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// The longest delay that the page may ask for, in milliseconds: as long as `--delay` allows.
const LONGEST_DELAY: u64 = 60_000;
/// The most lines of one command: no button has half as many.
const MOST_LINES: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_what_it_says_and_nothing_else() {
        let read = |text: &str| Command::read(text.as_bytes());
        assert_eq!(
            read(r#"{"do":"drop","id":7}"#).ok(),
            Some(Command::Drop { id: 7 })
        );
        let (id, millis) = (7, 200);
        assert_eq!(
            read(r#"{"do":"delay","id":7,"millis":200}"#).ok(),
            Some(Command::Delay { id, millis })
        );
        assert_eq!(read(r#"{"do":"run"}"#).ok(), Some(Command::Run {}));
        assert!(rules("loss 20%").is_ok() && rules("explode 20%").is_err());
        let lines =
            r#"{"do":"lines","host":"client","lines":["socket tcp","connect 10.0.0.2:8888"]}"#;
        assert!(matches!(read(lines), Ok(Command::Lines { lines, .. }) if lines.len() == 2));
        let put = r#"{"do":"tftp","way":"put","size":3000,"blksize":1024,"tsize":true}"#;
        let Ok(Command::Tftp(put)) = read(put) else {
            panic!("a transfer");
        };
        assert_eq!(put.transfer().wish.tsize, Some(3000));
        for wrong in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"do":"explode"}"#,
            r#"{"do":"drop"}"#,
            r#"{"do":"drop","id":-1}"#,
            r#"{"do":"drop","id":"7"}"#,
            r#"{"do":"drop","id":7,"force":true}"#,
            r#"{"do":"delay","id":7,"millis":18446744073709551615}"#,
            r#"{"do":"lines","host":"both","lines":[]}"#,
            r#"{"do":"lines","host":"client","lines":"socket"}"#,
            r#"{"do":"lines","lines":["socket tcp"]}"#,
            r#"{"do":"tftp","way":"get"}"#,
            r#"{"do":"tftp","way":"take","size":1}"#,
            r#"{"do":"tftp","way":"get","size":99999999999}"#,
            r#"{"do":"tftp","way":"get","size":1,"blksize":7}"#,
            r#"{"do":"tftp","way":"get","size":1,"blksize":65465}"#,
            r#"{"do":"tftp","way":"get","size":1,"windowsize":0}"#,
            r#"{"do":"tftp","way":"get","size":1,"timeout":0}"#,
            r#"{"do":"start","scenario":7}"#,
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let many = vec!["socket tcp"; MOST_LINES + 1];
        let many = serde_json::json!({ "do": "lines", "host": "server", "lines": many });
        assert!(read(&many.to_string()).is_err());
    }
}
