//! What is shown while programs run.

use std::io;
use std::io::Write as _;
use std::time::Duration;

use lineman_lab::Ended;
use lineman_lab::Lab;
use lineman_proto::text::visible;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use serde_json::json;
use tokio::sync::mpsc;

use super::Follower;
use super::Job;
use super::start::Heard;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;
use crate::runtime::Signals;

/// What goes on until everything has ended.
pub(super) struct Showing<'a> {
    pub(super) lab: &'a Lab,
    pub(super) follower: &'a mut Follower,
    pub(super) jobs: &'a [Job],
    /// The first exit code that is not 0, or the program's that has the terminal.
    pub(super) exit: Option<Failure>,
    pub(super) console: Console,
}

impl Showing<'_> {
    /// Shows it all.
    ///
    /// # Errors
    /// As the programs have ended, or with a signal.
    pub(super) async fn go(
        mut self,
        mut events: mpsc::UnboundedReceiver<Event>,
        mut heard: mpsc::UnboundedReceiver<Heard>,
        mut signals: Signals,
    ) -> Result<(), Failure> {
        let mut running = self.jobs.len();
        let mut asked = false;
        loop {
            tokio::select! {
                event = events.recv() => match event {
                    Some(event) => show(&self.follower.push(&event)?, self.console),
                    None => break,
                },
                Some(heard) = heard.recv() => {
                    let ended = usize::from(matches!(heard, Heard::Ended(..)));
                    running = running.saturating_sub(ended); // after ^C nobody is waited for
                    self.hear(heard)?;
                }
                exit = signals.next(), if !asked => {
                    // The program hears ^C as well, and may want to say goodbye.
                    tokio::time::sleep(GOODBYE).await;
                    self.exit = Some(Failure::said(exit));
                    running = 0;
                }
                () = tokio::time::sleep(TICK) => show(&self.follower.idle(), self.console),
            }
            if running == 0 && !asked {
                asked = true;
                tokio::time::sleep(REST).await; // the last packets
                let _ = self.lab.finish(); // it may have ended
            }
        }
        while let Ok(heard) = heard.try_recv() {
            self.hear(heard)?;
        }
        match self.exit {
            Some(failure) if failure.exit != Exit::Done => Err(failure),
            _ => Ok(()),
        }
    }

    fn hear(&mut self, heard: Heard) -> Result<(), Failure> {
        let console = self.console;
        match heard {
            Heard::Line(host, text) => {
                let name = match host {
                    Host::Client => Words::Client {},
                    Host::Server => Words::Server {},
                };
                let text = visible(text.trim_end_matches(['\n', '\r'])).into_owned();
                let written = match console.json {
                    true => console.event("output", json!({ "host": host, "text": text })),
                    false => writeln!(io::stdout(), "{}: {text}", name.render(console.lang)),
                };
                written.map_err(|error| Failure::stdout(error, console.lang))
            }
            Heard::Ended(host, ended) => {
                self.ended(host, &ended);
                Ok(())
            }
        }
    }

    /// A program that failed makes us fail, in a way that scripts can tell.
    fn ended(&mut self, host: Host, ended: &Ended) {
        let lang = self.console.lang;
        let job = self.jobs.iter().find(|job| job.host == host);
        let program = &job.map_or("", |job| job.words[0].as_str());
        let failure = match ended {
            Ended::Exited(0) => return,
            Ended::Exited(code) => {
                Failure::new(Exit::Incomplete, &Words::Exited { program, code }, lang)
            }
            Ended::Killed(signal) => {
                Failure::new(Exit::Incomplete, &Words::Killed { program, signal }, lang)
            }
            Ended::Refused(errno, said) => {
                let why = &match errno {
                    Some(errno) => system_text(&io::Error::from_raw_os_error(*errno), lang),
                    None => said.clone(),
                };
                Failure::new(Exit::Usage, &Words::NotRun { program, why }, lang)
            }
        };
        self.exit.get_or_insert(failure);
    }
}

/// The ladder is about the program, not of it: stderr. As JSON it is what was asked for.
pub(super) fn show(lines: &[String], console: Console) {
    for line in lines {
        let _ = match console.json {
            true => writeln!(io::stdout(), "{line}"),
            false if console.quiet => Ok(()),
            false => writeln!(io::stderr(), "{line}"),
        };
    }
}

const TICK: Duration = Duration::from_millis(50);
/// What the kernel still says when both programs have ended.
const REST: Duration = Duration::from_millis(150);
/// How long a program may take to end after ^C.
const GOODBYE: Duration = Duration::from_millis(500);
