//! `lineman tftp serve`: the server's log and its end.

use std::io;
use std::net::Ipv4Addr;
use std::net::Ipv6Addr;
use std::net::SocketAddr;
use std::time::Duration;

use lineman_net::SystemError;
use lineman_net::tftp::Ending;
use lineman_net::tftp::Report;
use lineman_net::tftp::Server;
use lineman_net::tftp::ServerConfig;
use lineman_net::tftp::ServerEvent;
use lineman_net::tftp::Store;
use lineman_net::tftp::WritePolicy;
use lineman_proto::text::visible_bytes;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::PORT;
use lineman_proto::tftp::Rollover;
use serde_json::json;
use tokio::sync::mpsc;

use super::guard;
use super::json;
use super::words;
use super::words::Side;
use crate::args::tftp::Serve;
use crate::args::tftp::Write;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tftp::Tftp;
use crate::runtime;
use crate::runtime::Signals;

/// Serves until a signal comes.
pub async fn run(args: &Serve, console: Console) -> Result<(), Failure> {
    let mut signals = Signals::watch(console.lang)?;
    guard::raise_open_files();
    let (server, mut events) = bind(args, console).await?;
    announce(args, &server, console)?;
    let mut tally = Tally::default();
    let exit = tokio::select! {
        result = server.run() => return result.map_err(|error| Failure::system(&error, console.lang)),
        result = tally.take_all(&mut events, console) => return result,
        exit = signals.next() => exit,
    };
    if server.unfinished() > 0 {
        console.note(&Tftp::Stopping {
            running: &server.unfinished(),
        });
    }
    tokio::select! {
        () = server.finish(GRACE) => {}
        _ = signals.next() => {}
    }
    while let Ok(event) = events.try_recv() {
        tally.take(&event, console)?;
    }
    tally.finish(&server, console)?;
    match exit {
        Exit::Done => Ok(()),
        exit => Err(Failure::said(exit)),
    }
}

async fn bind(
    args: &Serve,
    console: Console,
) -> Result<(Server, mpsc::Receiver<ServerEvent>), Failure> {
    let explicit = addresses(&args.listen, console.lang).await?;
    if !explicit.is_empty() {
        return open(args, &explicit, console);
    }
    match open(args, &[any(PORT)], console) {
        Err(failure) if failure.exit == Exit::NotPermitted => {
            let bound = open(args, &[any(UNPRIVILEGED_PORT)], console)?;
            console.note(&Tftp::LowPortRefused {});
            Ok(bound)
        }
        other => other,
    }
}

/// All addresses of both families; of the one there is where IPv6 is off.
fn any(port: u16) -> SocketAddr {
    match std::net::UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 0)) {
        Ok(_) => (Ipv6Addr::UNSPECIFIED, port).into(),
        Err(_) => (Ipv4Addr::UNSPECIFIED, port).into(),
    }
}

async fn addresses(listen: &[String], lang: Lang) -> Result<Vec<SocketAddr>, Failure> {
    let mut all = Vec::new();
    for text in listen {
        let typed = runtime::host_port(text, lang)?;
        let port = typed.port.unwrap_or(PORT);
        match typed.host {
            None => all.push(any(port)),
            Some(host) => all.extend(runtime::resolve(&host, port, lang).await?),
        }
    }
    Ok(all)
}

fn open(
    args: &Serve,
    addrs: &[SocketAddr],
    console: Console,
) -> Result<(Server, mpsc::Receiver<ServerEvent>), Failure> {
    let store = Store::open(
        &args.root,
        policy(args.write),
        args.max_upload,
        args.ignore_case,
    )
    .map_err(|error| root_failure(&error, args, console.lang))?;
    let config = ServerConfig {
        allow: guard::allowed(&args.allow),
        max_transfers: args.max_transfers,
        max_transfers_per_client: args.max_transfers_per_client,
        max_unconfirmed: args.max_unconfirmed,
        max_blksize: args.max_blksize,
        max_windowsize: args.max_windowsize,
        rollover: rollover(args.rollover),
        ..ServerConfig::default()
    };
    Server::bind(addrs, store, config).map_err(|error| Failure::system(&error, console.lang))
}

fn root_failure(error: &SystemError, args: &Serve, lang: Lang) -> Failure {
    let mut failure = Failure::system(error, lang);
    if error.source.kind() == io::ErrorKind::NotFound {
        failure.text = Tftp::RootHint {
            error: &failure.text,
            root: &args.root.display(),
        }
        .render(lang);
    }
    failure
}

fn policy(write: Option<Write>) -> WritePolicy {
    match write {
        None => WritePolicy::Refuse,
        Some(Write::Create) => WritePolicy::Create,
        Some(Write::Overwrite) => WritePolicy::Overwrite,
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

fn announce(args: &Serve, server: &Server, console: Console) -> Result<(), Failure> {
    let addresses: Vec<String> = server.addresses().iter().map(ToString::to_string).collect();
    console.note(&Tftp::Serving {
        root: &args.root.display(),
        addresses: &addresses.join(", "),
    });
    if let Some(write) = args.write {
        let what = match write {
            Write::Create => Tftp::UploadsCreate {},
            Write::Overwrite => Tftp::UploadsOverwrite {},
        };
        console.note(&Tftp::Uploads {
            what: &what.render(console.lang),
        });
    }
    let fields = json!({ "root": args.root.display().to_string(), "addresses": addresses });
    console
        .event("serving", fields)
        .map_err(|error| Failure::stdout(error, console.lang))
}

/// Counts what the server reports, and says it.
#[derive(Default)]
struct Tally {
    complete: u64,
    failed: u64,
}

impl Tally {
    async fn take_all(
        &mut self,
        events: &mut mpsc::Receiver<ServerEvent>,
        console: Console,
    ) -> Result<(), Failure> {
        while let Some(event) = events.recv().await {
            self.take(&event, console)?;
        }
        Ok(())
    }

    fn take(&mut self, event: &ServerEvent, console: Console) -> Result<(), Failure> {
        let report = match event {
            ServerEvent::Report(report) => report,
            ServerEvent::Ignored { prefix, why } => return guard::ignored(prefix, *why, console),
            _ => return Ok(()),
        };
        match report.ending {
            Ending::Complete { .. } => self.complete += 1,
            // A probe is a client's habit and did what it should.
            _ if words::reason_id(report) == "size-probe" => {}
            _ => self.failed += 1,
        }
        say(report, console);
        console
            .event(
                "transfer",
                json::transfer(report, Side::Server, console.lang),
            )
            .map_err(|error| Failure::stdout(error, console.lang))
    }

    fn finish(&self, server: &Server, console: Console) -> Result<(), Failure> {
        let ignored = server.ignored();
        console.note(&Tftp::Served {
            transfers: &self.complete,
            failed: &self.failed,
            ignored: &ignored,
        });
        let refused = server.refused();
        guard::summary(&refused, console);
        let fields = json!({
            "complete": self.complete,
            "failed": self.failed,
            "ignored": ignored,
            "refused": guard::counts(&refused),
        });
        console
            .event("ended", fields)
            .map_err(|error| Failure::stdout(error, console.lang))
    }
}

/// One line for each transfer.
fn say(report: &Report, console: Console) {
    let lang = console.lang;
    let (peer, file) = (&report.peer, &visible_bytes(&report.filename));
    let details = &words::details(report, lang);
    if !words::is_complete(report) {
        let reason = words::reason(report, Side::Server, lang);
        // A request that was refused at once has agreed on nothing.
        let reason = &match report.elapsed {
            Duration::ZERO => reason,
            _ => Tftp::Agreed {
                reason: &reason,
                details,
            }
            .render(lang),
        };
        return match report.direction {
            Direction::Read => console.note(&Tftp::GetFailed { peer, file, reason }),
            Direction::Write => console.note(&Tftp::PutFailed { peer, file, reason }),
        };
    }
    let size = &words::size(report.bytes as f64);
    let seconds = &words::seconds(report);
    let rate = &words::size(words::rate(report));
    match report.direction {
        Direction::Read => console.note(&Tftp::Sent {
            peer,
            file,
            size,
            seconds,
            rate,
            details,
        }),
        Direction::Write => console.note(&Tftp::Stored {
            peer,
            file,
            size,
            seconds,
            rate,
            details,
        }),
    }
}

const UNPRIVILEGED_PORT: u16 = 6969;
const GRACE: Duration = Duration::from_secs(5);
