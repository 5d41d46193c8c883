//! `--capture`: a command records the packets of its own conversations while it does its work.

use std::path::Path;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use super::CaptureFile;
use super::Heard;
use super::Live;
use super::Request;
use super::Stop;
use super::Traffic;
use super::begin;
use super::open::Opened;
use super::open::open;
use super::traffic::Keep;
use crate::args::capture::Capture;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::watch::Watch;

/// A capture that a thread writes to a file.
#[derive(Debug)]
pub struct Own {
    stop: Stop,
    writer: JoinHandle<Result<Written, Failure>>,
    console: Console,
}

/// What was written.
#[derive(Debug, Default)]
struct Written {
    packets: u64,
    lost: u64,
    why: Option<String>,
}

/// How long the last packets may take: the acknowledgment of what was sent last comes when the command is done.
const LAST: Duration = Duration::from_millis(100);

impl Own {
    /// Records what a command does, if a file was named. From the beginning on nothing is missed. Where capturing is
    /// not permitted, that is said, and the command does its work without.
    ///
    /// # Errors
    /// Those of the command; else when the file cannot be made or written.
    pub fn around(
        asked: &Capture,
        traffic: impl FnOnce() -> Option<Traffic>,
        console: Console,
        work: impl FnOnce() -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let own = match &asked.capture {
            Some(path) => traffic().map(|traffic| Self::begin(path, traffic, console)),
            None => None,
        };
        let own = own.transpose()?.flatten();
        Self::finish(own, work())
    }

    fn begin(path: &Path, traffic: Traffic, console: Console) -> Result<Option<Self>, Failure> {
        let Traffic { filter, keep } = traffic;
        let request = Request::new(super::request::ANY, &filter, console)?;
        let Some(live) = permitted(begin(&request, console), console)? else {
            return Ok(None);
        };
        let file = CaptureFile::create(path, live.link, &live.interface, console)?;
        Self::write(live, move |live| write(live, file, keep), console).map(Some)
    }

    fn write(
        live: Live,
        work: impl FnOnce(Live) -> Result<Written, Failure> + Send + 'static,
        console: Console,
    ) -> Result<Self, Failure> {
        let stop = live.stop();
        let writer = thread::Builder::new()
            .name("record".to_owned())
            .spawn(move || work(live))
            .map_err(|error| Failure::internal(&error, console.lang))?;
        Ok(Self {
            stop,
            writer,
            console,
        })
    }

    /// The command is done: the file gets its name. `result` is the command's own, which goes first.
    ///
    /// # Errors
    /// That of the command; else when the file could not be written.
    pub fn finish(own: Option<Self>, result: Result<(), Failure>) -> Result<(), Failure> {
        let Some(own) = own else { return result };
        thread::sleep(LAST);
        own.stop.ask();
        let console = own.console;
        let written = own.writer.join();
        let written = written.unwrap_or_else(|_| Err(Failure::said(Exit::Internal)));
        match written {
            Ok(written) => {
                let (packets, lost) = (&written.packets, &written.lost);
                console.note(&Watch::Recorded { packets });
                if written.lost > 0 {
                    console.warn(&Watch::Lost { lost });
                }
                if let Some(why) = &written.why {
                    console.warn(&Watch::Broken { why });
                }
                result
            }
            Err(failure) => result.and(Err(failure)),
        }
    }
}

/// What a server that runs for long records: begun while it has the rights for that, written when it has none any more.
pub struct Prepared {
    socket: Opened,
    file: CaptureFile,
    keep: Keep,
}

impl Prepared {
    /// Opens what is needed, if a file was named; it appears at once, and grows. Where capturing is not permitted, that
    /// is said.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn open(
        asked: &Capture,
        traffic: impl FnOnce() -> Traffic,
        console: Console,
    ) -> Result<Option<Self>, Failure> {
        let Some(path) = &asked.capture else {
            return Ok(None);
        };
        let Traffic { filter, keep } = traffic();
        let request = Request::new(super::request::ANY, &filter, console)?;
        let Some(socket) = permitted(open(&request, console), console)? else {
            return Ok(None);
        };
        let (link, interface) = (socket.link(), socket.interface());
        let file = CaptureFile::create_growing(path, link, interface, console)?;
        Ok(Some(Self { socket, file, keep }))
    }

    /// Has threads write it, with the rights that are left.
    ///
    /// # Errors
    /// When the system allows no thread.
    pub fn start(self, console: Console) -> Result<Own, Failure> {
        let Self { socket, file, keep } = self;
        let live = socket.start();
        let live = live.map_err(|error| Failure::internal(&error, console.lang))?;
        let work = move |live| {
            let written = write(live, file, keep);
            // A server goes on for long: it is said when it happens.
            let why = match &written {
                Ok(written) => written.why.clone(),
                Err(failure) => Some(failure.text.clone()),
            };
            if let Some(why) = &why {
                console.warn(&Watch::Broken { why });
            }
            written.map(|written| Written {
                why: None,
                ..written
            })
        };
        Own::write(live, work, console)
    }
}

/// Nothing is captured where that is not permitted: that is said, and no failure.
fn permitted<T>(begun: Result<T, Failure>, console: Console) -> Result<Option<T>, Failure> {
    match begun {
        Err(failure) if failure.exit == Exit::NotPermitted => {
            let why = &failure.text;
            console.warn(&Watch::NothingRecorded { why });
            Ok(None)
        }
        begun => begun.map(Some),
    }
}

fn write(mut live: Live, mut file: CaptureFile, mut keep: Keep) -> Result<Written, Failure> {
    let mut written = Written::default();
    let mut received = 0;
    while let Some(heard) = live.next_blocking() {
        match heard {
            Heard::Packets(packets) => {
                received += packets.len() as u64;
                for packet in packets.into_iter().filter(|packet| keep(packet)) {
                    file.append(packet)?;
                    written.packets += 1;
                }
                file.flush()?;
            }
            Heard::Lost(lost) => written.lost = lost,
            Heard::Ended(why) => {
                written.why = why;
                break;
            }
        }
    }
    file.finish(received, written.lost)?;
    Ok(written)
}
