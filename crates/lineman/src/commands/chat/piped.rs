//! `lineman chat` with stdin or stdout not a terminal: a byte-exact pipe.

use std::io;
use std::io::IsTerminal as _;
use std::io::Write;
use std::time::Instant;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::chat::PipeConfig;
use lineman_net::chat::PipeEnd;
use lineman_net::chat::PipeError;
use lineman_net::chat::PipeInput;
use lineman_net::chat::PipeNotice;
use lineman_net::chat::PipeTotals;
use lineman_net::chat::pipe;
use lineman_proto::chat::Screen;
use lineman_proto::chat::Until;

use super::connections::Connections;
use super::each_call;
use super::seconds;
use crate::args::chat::Talk;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::chat::Chat as Words;

pub(super) async fn run(
    connections: Connections,
    talk: &Talk,
    console: Console,
) -> Result<(), Failure> {
    let config = PipeConfig {
        until: talk.until(Until::Both),
        linger: talk.linger,
        calling: connections.is_calling(),
    };
    let notice = |notice| match notice {
        PipeNotice::Unheard(time) => console.note(&Words::NotTaken {
            seconds: &time.as_secs(),
        }),
    };
    let mut input =
        PipeInput::new(io::stdin()).map_err(|error| Failure::internal(&error, console.lang))?;
    each_call(connections, console, async |stream, address| {
        console.note(&Words::Connected { address: &address });
        let begun = Instant::now();
        match pipe(stream, &mut input, output(), config, notice).await {
            Ok(PipeEnd::Finished(PipeTotals { sent, received })) => {
                console.note(&Words::PipeSummary {
                    out: &sent,
                    in_: &received,
                    seconds: &seconds(begun.elapsed()),
                });
                Ok(())
            }
            Ok(PipeEnd::TurnedAway(_)) => {
                let busy = Words::Busy { address: &address };
                Err(Failure::new(Exit::Refused, &busy, console.lang))
            }
            Ok(PipeEnd::OutputClosed(_)) => Err(Failure::said(Exit::Done)),
            Err(error) => Err(failure(&error, console)),
        }
    })
    .await
}

fn failure(error: &PipeError, console: Console) -> Failure {
    let lang = console.lang;
    let (operation, target, source) = match error {
        PipeError::Broken {
            undelivered: 0,
            source,
        } => {
            let why = &system_text(source, lang);
            let words = Words::PipeBrokenDelivered { why };
            return Failure::new(Exit::Incomplete, &words, lang);
        }
        PipeError::Broken {
            undelivered: bytes,
            source,
        } => {
            let why = &system_text(source, lang);
            let words = Words::PipeBroken { why, bytes };
            return Failure::new(Exit::Incomplete, &words, lang);
        }
        PipeError::Stalled { undelivered: bytes } => {
            return Failure::new(Exit::Incomplete, &Words::PipeStalled { bytes }, lang);
        }
        PipeError::Input(source) => (Operation::Read, "stdin", source),
        PipeError::Output(source) => (Operation::Write, "stdout", source),
    };
    let again = io::Error::new(source.kind(), source.to_string());
    Failure::system(&SystemError::new(operation, target)(again), lang)
}

/// Stdout; if it is a terminal after all (only stdin is a pipe), controls are made visible.
fn output() -> Box<dyn Write + Send> {
    let stdout = io::stdout();
    if stdout.is_terminal() {
        Box::new(Shown {
            screen: Screen::default(),
            stdout,
        })
    } else {
        Box::new(stdout)
    }
}

/// Writes to a terminal what may be shown on one.
struct Shown {
    screen: Screen,
    stdout: io::Stdout,
}

impl Write for Shown {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = self.screen.push(bytes);
        self.stdout.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdout.flush()
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        let rest = self.screen.finish();
        let _ = self.stdout.write_all(rest.as_bytes());
        let _ = self.stdout.flush();
    }
}
