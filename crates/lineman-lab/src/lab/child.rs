//! The lab's own process.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write as _;
use std::os::fd::AsFd as _;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::Mutex;

use lineman_trace::log::Kind;
use rustix::process::Signal;
use rustix::process::set_parent_process_death_signal;

use crate::Refusal;
use crate::Rung;
use crate::namespace;
use crate::programs;
use crate::recorder::Recorder;
use crate::recorder::locked;

use super::Options;
use super::build::Parts;
use super::build::build;
use super::orders::Orders;
use super::protocol::Answer;
use super::protocol::Order;
use super::protocol::Report;
use super::sorter::Sorter;

/// Is the lab, until its owner wants no more or is gone. To be called by a program that finds that it
/// was started as one ([`Program`](super::Program)), before it starts any thread; standard input is
/// the socket to the owner.
pub fn serve() -> ExitCode {
    end_as_a_whole();
    let stdin = io::stdin();
    let socket = || stdin.as_fd().try_clone_to_owned();
    let (Ok(tells), Ok(hears)) = (socket(), socket()) else {
        return ExitCode::FAILURE;
    };
    let owner = Owner(Arc::new(Mutex::new(tells.into())));
    let mut orders = BufReader::new(Orders::new(hears));
    match begin(&owner, &mut orders) {
        Ok((parts, log)) => {
            obey(&parts, &log, &owner, orders);
            programs::end_all();
        }
        Err(refusal) => owner.report(&Report::Refused(refusal)),
    }
    ExitCode::SUCCESS
}

/// The log, and what puts it in order.
struct Log {
    recorder: Recorder,
    sorter: Sorter,
}

/// Ends the lab when one of its threads has panicked: a log that goes on without it would lack events.
fn end_as_a_whole() {
    let tell = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        tell(panic);
        std::process::abort();
    }));
}

fn begin(owner: &Owner, orders: &mut impl BufRead) -> Result<(Parts, Log), Refusal> {
    let mut line = String::new();
    orders
        .read_line(&mut line)
        .map_err(Rung::Resources.refused())?;
    let options: Options = serde_json::from_str(&line).map_err(Rung::Resources.refused())?;
    namespace::leave_the_system()?;
    // After the change of identity, which clears it. The socket's end would do; this is for a lab
    // that is stuck.
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    programs::adopt();
    let reporter = owner.clone();
    let sorter = Sorter::new(move |event| reporter.report(&Report::Event(event)));
    let sink = sorter.clone();
    let recorder = Recorder::new(move |event| sink.push(event));
    let parts = build(&options, &recorder, sorter.tracers())?;
    Ok((parts, Log { recorder, sorter }))
}

fn obey(parts: &Parts, log: &Log, owner: &Owner, mut orders: BufReader<Orders>) {
    loop {
        let mut line = String::new();
        if !orders.read_line(&mut line).is_ok_and(|len| len > 0) {
            return;
        }
        // An order that is not understood comes from another version of the owner.
        let Ok(order) = serde_json::from_str(&line) else {
            return;
        };
        match order {
            Order::Call { ticket, host, call } => {
                let owner = owner.clone();
                parts.actor(host).ask(call, move |outcome| {
                    owner.answer(ticket, Answer::Outcome(outcome));
                });
            }
            Order::Figures {
                ticket,
                host,
                socket,
            } => {
                let figures = locked(&parts.sampler).figures(host, &socket);
                owner.answer(ticket, Answer::Figures(figures.ok().flatten()));
            }
            Order::Sockets { ticket, host } => {
                let mut sampler = locked(&parts.sampler);
                let sockets = parts.table(host).inspect(host, &mut sampler);
                owner.answer(ticket, Answer::Sockets(sockets));
            }
            Order::Run { ticket, request } => {
                let Some(streams) = orders.get_mut().streams() else {
                    return;
                };
                log.sorter.wait();
                let (owner, recorder) = (owner.clone(), parts.call_recorder.clone());
                let namespace = parts.namespace(request.host);
                programs::run(request, streams, namespace, recorder, move |ended| {
                    owner.answer(ticket, Answer::Ended(ended));
                });
            }
            Order::Wire(command) => parts.wire.command(command),
            Order::Tell(note) => drop(log.recorder.record(Kind::Note(note))),
            Order::End => {
                programs::end_all();
                log.recorder.record(Kind::End);
                log.sorter.flush();
                return;
            }
        }
    }
}

/// The way to the owner.
#[derive(Clone)]
struct Owner(Arc<Mutex<File>>);

impl Owner {
    fn answer(&self, ticket: u64, answer: Answer) {
        self.report(&Report::Answer { ticket, answer });
    }

    fn report(&self, report: &Report) {
        let mut line = serde_json::to_vec(report).unwrap_or_default();
        line.push(b'\n');
        if locked(&self.0).write_all(&line).is_err() {
            std::process::exit(0); // nobody hears any more
        }
    }
}
