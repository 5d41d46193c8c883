//! Packets from dumpcap, where that has the right to capture and this program has not. It gets no filter: ours
//! decides here, so that both ways mean the same.

use std::io;
use std::io::BufRead as _;
use std::io::BufReader;
use std::process::Child;
use std::process::ChildStderr;
use std::process::ChildStdout;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc as std_mpsc;
use std::thread;
use std::time::Duration;

use lineman_proto::wire::filter::Filter;
use lineman_proto::wire::filter::Program;
use lineman_trace::files::LinkType;
use lineman_trace::files::Reader;
use nix::sys::signal::Signal;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use tokio::sync::mpsc;

use super::Caught;
use super::Heard;
use super::Live;
use super::PORTIONS;
use super::Request;
use super::Rung;
use super::Stop;
use crate::failure::system_text;
use crate::lang::Lang;
use crate::programs;

/// Why dumpcap does not capture.
#[derive(Debug)]
pub enum Refused {
    /// It is not installed.
    Absent,
    /// It may not be started, or does not capture; in its words.
    Said(String),
}

/// What dumpcap says once it captures: the file that it writes.
const BEGUN: &str = "File: ";
/// How long it may take to begin: it looks at the interfaces of the machine first.
const PATIENCE: Duration = Duration::from_secs(10);

/// Has dumpcap begin to capture.
///
/// # Errors
/// When it does not.
pub fn begin(request: &Request, lang: Lang) -> Result<Live, Refused> {
    let path = programs::on_path("dumpcap").ok_or(Refused::Absent)?;
    let mut command = Command::new(path);
    command.args(["-q", "-P", "-s", "262144", "-w", "-", "-i", request.name()]);
    if !request.promiscuous {
        command.arg("-p");
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let said = |error: io::Error| Refused::Said(system_text(&error, lang));
    let mut child = command.spawn().map_err(said)?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(Refused::Said(String::new()));
    };
    let (first, begun) = std_mpsc::channel();
    thread::spawn(move || listen(stderr, &first));
    let words = loop {
        match begun.recv_timeout(PATIENCE) {
            Ok(Said::Begun) => break None,
            Ok(Said::Lost(_)) => {}
            Ok(Said::Ended(words)) => break Some(words),
            Err(_) => break Some(String::new()),
        }
    };
    match words {
        None => stream(child, stdout, begun, request),
        Some(words) => {
            let _ = child.kill(); // it has ended, or says nothing
            let _ = child.wait();
            Err(Refused::Said(words))
        }
    }
}

/// What is read from its stderr.
enum Said {
    Begun,
    Lost(u64),
    /// It says no more; what it has said.
    Ended(String),
}

fn listen(stderr: ChildStderr, tell: &std_mpsc::Sender<Said>) {
    let mut words = String::new();
    for line in BufReader::new(stderr).lines().map_while(Result::ok) {
        if line.starts_with(BEGUN) {
            let _ = tell.send(Said::Begun); // nobody waits for it any more
        } else if let Some(lost) = lost(&line) {
            let _ = tell.send(Said::Lost(lost));
        } else if !line.starts_with("Capturing on ") && words.is_empty() {
            words = line.trim_start_matches("dumpcap: ").to_owned();
        }
    }
    let _ = tell.send(Said::Ended(words));
}

/// `Packets received/dropped on interface 'lo': 12/3 (pcap:3/…`
fn lost(line: &str) -> Option<u64> {
    let counts = line.strip_prefix("Packets received/dropped on interface ")?;
    let (_, counts) = counts.rsplit_once("': ")?;
    let (_, dropped) = counts.split_once('/')?;
    dropped.split_whitespace().next()?.parse().ok()
}

fn stream(
    mut child: Child,
    stdout: ChildStdout,
    said: std_mpsc::Receiver<Said>,
    request: &Request,
) -> Result<Live, Refused> {
    let words = |error: &dyn std::fmt::Display| Refused::Said(error.to_string());
    let reader = Reader::new(stdout).map_err(|error| words(&error))?;
    let link = reader
        .interfaces()
        .first()
        .map_or_else(LinkType::default, |it| it.link);
    let program = program(&request.filter, link)?;
    let interface = request.interface.as_ref().map_or(0, |device| device.index);
    let (tell, heard) = mpsc::channel(PORTIONS);
    let stop = Stop::new().map_err(|error| words(&error))?;
    let (pid, waker) = (Pid::from_raw(child.id() as i32), stop.clone());
    let ended = stop.clone();
    thread::spawn(move || {
        let why = read(reader, program.as_ref(), interface, &tell);
        ended.ask();
        let _ = child.wait();
        for said in said.iter() {
            if let Said::Lost(lost @ 1..) = said {
                let _ = tell.blocking_send(Heard::Lost(lost));
            }
        }
        let _ = tell.blocking_send(Heard::Ended(why));
    });
    thread::spawn(move || {
        waker.wait();
        // What it has captured it still writes. If it has ended, nobody else has its number yet: only
        // the thread above takes it.
        let _ = kill(pid, Signal::SIGINT);
    });
    Ok(Live {
        heard,
        stop,
        rung: Rung::Dumpcap,
        link,
        interface: request.name().to_owned(),
    })
}

fn program(filter: &Filter, link: LinkType) -> Result<Option<Program>, Refused> {
    match filter.is_empty() {
        true => Ok(None),
        false => filter
            .compile(link)
            .map(Some)
            .map_err(|error| Refused::Said(error.to_string())),
    }
}

fn read(
    mut reader: Reader<ChildStdout>,
    program: Option<&Program>,
    interface: u32,
    tell: &mpsc::Sender<Heard>,
) -> Option<String> {
    let link = reader
        .interfaces()
        .first()
        .map_or_else(LinkType::default, |it| it.link);
    for record in reader.by_ref() {
        let record = match record {
            Ok(record) => record,
            Err(error) => return Some(error.to_string()),
        };
        let (bytes, wire_len) = (record.bytes, record.wire_len);
        if program.is_some_and(|program| !program.accepts(&bytes, wire_len as usize)) {
            continue;
        }
        let caught = Caught {
            link,
            interface,
            utc_ns: record.utc_ns,
            wire_len,
            bytes,
            outbound: record.outbound,
            checksum_pending: false, // dumpcap does not say
            super_segment: None,
        };
        if tell.blocking_send(Heard::Packets(vec![caught])).is_err() {
            break;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_dumpcap_has_lost_is_read_from_its_last_words() {
        let line = "Packets received/dropped on interface 'Loopback: lo': 12/3 (pcap:3/dumpcap:0/flushed:0/ps_ifdrop:0) (80.0%)";
        assert_eq!(lost(line), Some(3));
        assert_eq!(lost("Capturing on 'lo'"), None);
    }
}
