//! `lineman tftp serve`: the server's log and its end.

use std::net::SocketAddr;
use std::path::Display;
use std::sync::Arc;
use std::time::Duration;

use lineman_net::Confinement;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::tftp::Ending;
use lineman_net::tftp::Report;
use lineman_net::tftp::Server;
use lineman_net::tftp::ServerConfig;
use lineman_net::tftp::ServerEvent;
use lineman_objects::Location;
use lineman_proto::text::visible_bytes;
use lineman_proto::text::visible_lines;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::MAX_BLKSIZE;
use lineman_proto::tftp::Rollover;
use lineman_proto::tftp::machines::Outcome;
use serde_json::Value;
use serde_json::json;
use tokio::sync::mpsc;

use super::eyes;
use super::eyes::Seen;
use super::files;
use super::guard;
use super::json;
use super::launch;
use super::launch::Launch;
use super::proxydhcp;
use super::route;
use super::words;
use super::words::Side;
use crate::args::parse::MOST_THREADS;
use crate::args::tftp::Pipeline;
use crate::args::tftp::Serve;
use crate::args::tftp::Write;
use crate::commands::capture::Own;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::common::Common;
use crate::lang::tftp::Tftp;
use crate::log::Level;
use crate::log::Log;
use crate::log::LogConfig;
use crate::runtime;
use crate::runtime::Signals;

/// Serves until a signal comes.
pub fn run(args: &Serve, console: Console) -> Result<(), Failure> {
    guard::raise_open_files();
    let config = LogConfig {
        events: console.json,
        format: args.log_format,
        least: args.log_level,
    };
    let log: &Log = Box::leak(Box::new(Log::new(console.lang, config)));
    let logged = Console {
        log: Some(log),
        ..console
    };
    let launch = launch::prepare(args, logged);
    let writing = log.start();
    let served = launch.and_then(|mut launch| {
        writing
            .map_err(SystemError::new(Operation::Create, "a thread"))
            .map_err(|error| Failure::system(&error, console.lang))?;
        log.take_panics();
        let recording = launch.recording.take();
        let recording = recording.map(|it| it.start(logged)).transpose()?;
        let served = runtime::block_on_this_thread(logged, serve(args, launch, logged));
        Own::finish(recording, served)
    });
    let served = match served {
        // The last line is one too.
        Err(failure) if log.is_json() && !console.json && !failure.text.is_empty() => {
            let text = visible_lines(&failure.text);
            log.record(Level::Error, "failed", &text, Value::Null);
            Err(Failure::said(failure.exit))
        }
        other => other,
    };
    log.finish();
    served
}

async fn serve(args: &Serve, launch: Launch, console: Console) -> Result<(), Failure> {
    let mut signals = Signals::watch(console.lang)?;
    let config = ServerConfig {
        routing: launch.routing,
        tell_begun: launch.http.is_some() || args.log_level == Level::Debug,
        ..config(args, launch.workers)
    };
    let (server, mut events) = Server::on(launch.ports, launch.store, config)
        .map_err(|error| Failure::system(&error, console.lang))?;
    announce(
        args,
        &server,
        launch.confinement,
        &launch.store_ports,
        &launch.sources,
        console,
    );
    let mut proxy = proxydhcp::start(args, launch.proxydhcp, &server.addresses(), console)?;
    let seen = launch
        .http
        .map(|taken| eyes::start(taken, args, &server, launch.counts, console));
    let supervisor = launch.supervisor.as_ref();
    let ready = serving(args, &addresses(&server), console.lang);
    supervisor.inspect(|line| line.ready(&ready));
    let mut tally = Tally {
        seen: seen.transpose()?,
        ..Tally::default()
    };
    let ended = tokio::select! {
        result = server.run() => result.map(|()| Exit::Done),
        () = tally.take_all(&mut events, console) => Ok(Exit::Done),
        error = proxy.tell_all(console) => Err(error),
        exit = signals.next() => Ok(exit),
    };
    let grace = match &ended {
        Ok(_) => GRACE,
        Err(error) => {
            // What is left of the server cannot be relied on: the transfers are told.
            let failure = Failure::system(error, console.lang);
            console.say(&(Common::ErrorPrefix {}.render(console.lang) + &failure.text));
            Duration::ZERO
        }
    };
    let running = &server.unfinished();
    let stopping = Tftp::Stopping { running };
    supervisor.inspect(|line| line.stopping(&stopping.render(console.lang)));
    if *running > 0 && !grace.is_zero() {
        console.note(&stopping);
    }
    tokio::select! {
        () = server.finish(grace) => {}
        _ = signals.next() => {}
    }
    while let Ok(event) = events.try_recv() {
        tally.take(&event, console);
    }
    tally.finish(&server, console);
    proxy.finish(console);
    match ended {
        Ok(Exit::Done) => Ok(()),
        Ok(exit) => Err(Failure::said(exit)),
        Err(error) => Err(Failure::said(Failure::system(&error, console.lang).exit)),
    }
}

fn config(args: &Serve, workers: usize) -> ServerConfig {
    ServerConfig {
        allow: guard::allowed(&args.allow),
        trust: guard::trusted(&args.trust),
        max_transfers: args.max_transfers,
        max_transfers_per_client: args.max_transfers_per_client,
        max_unconfirmed: args.max_unconfirmed,
        max_blksize: args.max_blksize,
        max_windowsize: args.max_windowsize,
        rollover: rollover(args.rollover),
        client_rules: args.client.clone(),
        single_port: args.single_port,
        threads: args.threads.unwrap_or_else(|| workers.min(MOST_THREADS)),
        busy_poll: args.busy_poll,
        sync_uploads: !args.no_sync,
        congestion_control: !args.no_congestion_control,
        pipeline: args.pipeline == Pipeline::Auto,
        ..ServerConfig::default()
    }
}

/// What follows block 65535, from the number typed.
pub fn rollover(to: u8) -> Rollover {
    if to == 1 {
        Rollover::ToOne
    } else {
        Rollover::ToZero
    }
}

fn addresses(server: &Server) -> Vec<String> {
    server.addresses().iter().map(ToString::to_string).collect()
}

fn serving(args: &Serve, addresses: &[String], lang: Lang) -> String {
    Tftp::Serving {
        root: &args.root.display(),
        addresses: &addresses.join(", "),
    }
    .render(lang)
}

fn announce(
    args: &Serve,
    server: &Server,
    confinement: Option<Confinement>,
    ports: &[u16],
    sources: &[Arc<str>],
    console: Console,
) {
    let addresses = addresses(server);
    let ports: Vec<_> = ports.iter().map(ToString::to_string).collect();
    let ports = &ports.join(", ");
    let serving = serving(args, &addresses, console.lang);
    let root = &args.root.display();
    let (id, in_words) = confined(root, confinement.as_ref(), ports);
    let fields = json!({
        "root": root.to_string(),
        "addresses": addresses,
        "sources": sources.iter().map(|it| &**it).collect::<Vec<_>>(),
        "user": args.user,
        "confinement": id,
    });
    console.record(Level::Info, "serving", &serving, fields);
    let named = &sources.join(", ");
    if !sources.is_empty() {
        console.note(&Tftp::AlsoFrom { sources: named });
    }
    if let Some(user) = &args.user {
        console.note(&Tftp::RunningAs { user });
    }
    console.note(&in_words);
    let is_store = Location::is_address(&root.to_string());
    let is_confined = id != "off" && id != "none";
    if is_confined && !sources.is_empty() {
        console.note(&Tftp::ConfinedSources { sources: named });
    }
    if !is_store && !ports.is_empty() && is_confined {
        console.note(&Tftp::ConfinedControllers { ports });
    }
    if let Some(write) = args.write {
        let what = match write {
            Write::Create => Tftp::UploadsCreate {},
            Write::Overwrite => Tftp::UploadsOverwrite {},
        };
        console.note(&Tftp::Uploads {
            what: &what.render(console.lang),
        });
    }
}

/// What keeps it to what it serves: the name for programs, and the sentence.
fn confined<'a>(
    root: &'a Display<'a>,
    confinement: Option<&'a Confinement>,
    ports: &'a String,
) -> (&'static str, Tftp<'a>) {
    let is_store = Location::is_address(&root.to_string());
    match confinement {
        None => ("off", Tftp::NotConfinedAsked {}),
        Some(Confinement::None) => ("none", Tftp::NotConfined {}),
        Some(Confinement::Partial { abi }) if is_store => {
            ("partial", Tftp::ConfinedStorePartly { ports, abi })
        }
        Some(Confinement::Full { .. }) if is_store => ("full", Tftp::ConfinedStore { ports }),
        Some(Confinement::Partial { abi }) => ("partial", Tftp::ConfinedPartly { root, abi }),
        Some(Confinement::Full { .. }) => ("full", Tftp::Confined { root }),
    }
}

/// Counts what the server reports, and says it.
#[derive(Default)]
struct Tally {
    complete: u64,
    failed: u64,
    /// What is shown by HTTP of it.
    seen: Option<Arc<Seen>>,
}

impl Tally {
    async fn take_all(&mut self, events: &mut mpsc::Receiver<ServerEvent>, console: Console) {
        while let Some(event) = events.recv().await {
            self.take(&event, console);
        }
    }

    fn take(&mut self, event: &ServerEvent, console: Console) {
        if let Some(seen) = &self.seen {
            seen.take(event);
        }
        let report = match event {
            ServerEvent::Report(report) => report,
            ServerEvent::Ignored { prefix, why } => return guard::ignored(prefix, *why, console),
            ServerEvent::TooManyBlocks {
                peer,
                filename,
                agreed,
                blksize,
            } => return too_many_blocks(peer, filename, *agreed, *blksize, console),
            ServerEvent::FellBack {
                peer,
                fallback,
                why,
            } => return route::fell_back(peer, fallback, why, console),
            ServerEvent::Cleared { parts } => {
                let sentence = Tftp::Cleared { parts }.render(console.lang);
                let fields = json!({ "parts": parts });
                return console.record(Level::Info, "cleared", &sentence, fields);
            }
            ServerEvent::Slowed { prefix } => return guard::slowed(prefix, console),
            ServerEvent::Http(report) => return files::tell(report, console),
            ServerEvent::Begun {
                peer,
                filename,
                direction,
                ..
            } => return begun(peer, filename, *direction, console),
            _ => return,
        };
        match report.ending {
            Ending::Complete { .. } => self.complete += 1,
            // A probe is a client's habit and did what it should.
            _ if words::reason_id(report) == "size-probe" => {}
            _ => self.failed += 1,
        }
        let fields = json::transfer(report, Side::Server, console.lang);
        let sentence = sentence(report, console.lang);
        let level = eyes::outcome(report).map_or(Level::Warning, level);
        console.record(level, "transfer", &sentence, fields);
        if let Some(seen) = &self.seen {
            seen.note_large(report, console);
        }
    }

    fn finish(&self, server: &Server, console: Console) {
        let ignored = server.ignored();
        let served = Tftp::Served {
            transfers: &self.complete,
            failed: &self.failed,
            ignored: &ignored,
        };
        let refused = server.refused();
        let fields = json!({
            "complete": self.complete,
            "failed": self.failed,
            "ignored": ignored,
            "refused": guard::counts(&refused),
        });
        if let Some(log) = console.log {
            log.ends();
        }
        console.record(Level::Info, "ended", &served.render(console.lang), fields);
        guard::summary(&refused, console);
    }
}

/// A client begins what it cannot finish.
fn too_many_blocks(peer: &SocketAddr, filename: &[u8], agreed: u16, enough: u64, console: Console) {
    let file = &visible_bytes(filename);
    let is_possible = enough <= MAX_BLKSIZE.into();
    let message = if is_possible {
        Tftp::TooManyBlocks {
            peer,
            file,
            agreed: &agreed,
            blksize: &enough,
        }
    } else {
        Tftp::TooManyBlocksOfAnySize { peer, file }
    };
    let sentence = message.render(console.lang);
    let fields = json!({
        "peer": peer.to_string(),
        "file": file,
        "blksize": agreed,
        "enough": is_possible.then_some(enough),
    });
    console.record(Level::Warning, "too-many-blocks", &sentence, fields);
}

/// A client has answered for the first time.
fn begun(peer: &SocketAddr, filename: &[u8], direction: Direction, console: Console) {
    let file = &visible_bytes(filename);
    let (way, message) = match direction {
        Direction::Read => ("read", Tftp::GetBegins { peer, file }),
        Direction::Write => ("write", Tftp::PutBegins { peer, file }),
    };
    let sentence = message.render(console.lang);
    // Under --json it would be an event that was not asked for.
    if console.log.is_some_and(|log| log.takes(Level::Debug)) {
        let fields = json!({ "peer": peer.to_string(), "file": file, "direction": way });
        console.record(Level::Debug, "begun", &sentence, fields);
    }
}

/// How much the end of a request counts. What boot programs do by habit is no fault that an operator has to see to.
pub fn level(outcome: Outcome) -> Level {
    match outcome {
        Outcome::ServerFault => Level::Error,
        Outcome::Complete | Outcome::Missing | Outcome::ServerStopped => Level::Info,
        outcome if outcome.is_habit() => Level::Info,
        _ => Level::Warning,
    }
}

/// One line for each transfer.
fn sentence(report: &Report, lang: Lang) -> String {
    let (peer, file) = (&report.peer, &visible_bytes(&report.filename));
    let details = &words::details(report, lang);
    if !words::is_complete(report) {
        let reason = words::reason(report, Side::Server, lang);
        // A request that was refused at once has agreed on nothing.
        let reason = &match report.elapsed {
            Duration::ZERO => match &report.routed {
                None => reason,
                Some(routed) => Tftp::ByRoute {
                    reason: &reason,
                    route: &route::led_to(routed, lang),
                }
                .render(lang),
            },
            _ => Tftp::Agreed {
                reason: &reason,
                details,
            }
            .render(lang),
        };
        return match report.direction {
            Direction::Read => Tftp::GetFailed { peer, file, reason },
            Direction::Write => Tftp::PutFailed { peer, file, reason },
        }
        .render(lang);
    }
    let size = &words::size(report.bytes as f64);
    let seconds = &words::seconds(report);
    let rate = &words::size(words::rate(report));
    match report.direction {
        Direction::Read => Tftp::Sent {
            peer,
            file,
            size,
            seconds,
            rate,
            details,
        },
        Direction::Write => Tftp::Stored {
            peer,
            file,
            size,
            seconds,
            rate,
            details,
        },
    }
    .render(lang)
}

/// How long transfers may go on after the signal to stop.
const GRACE: Duration = Duration::from_secs(5);
