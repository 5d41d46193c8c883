//! `lineman chat`: who talks to whom, and in which of three ways.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use std::time::Instant;

use lineman_net::SystemError;
use lineman_net::chat::Attempt;
use lineman_net::chat::DialError;
use lineman_net::chat::Listener;
use lineman_proto::chat::Until;
use serde_json::json;
use tokio::net::TcpStream;

use self::connections::Connections;
use crate::args::chat::Call;
use crate::args::chat::Chat;
use crate::args::chat::ExitOn;
use crate::args::chat::Listen;
use crate::args::chat::Talk;
use crate::commands::capture::Own;
use crate::commands::capture::Traffic;
use crate::commands::signals::Signals;
use crate::commands::signals::cut_short;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::chat::Chat as Words;
use crate::runtime;
use crate::terminal::surface::is_a_person_there;

/// When nothing was received for this long, a caller is told that perhaps the peer's program has not accepted the call.
const UNHEARD_TIME: Duration = Duration::from_secs(10);

mod connections;
mod events;
mod interactive;
mod piped;

/// Where a listener listens and a caller calls when no port was given.
const PORT: u16 = 8888;

pub fn run(chat: Chat, console: Console) -> Result<(), Failure> {
    runtime::watch_stops(console)?;
    let recorded = match &chat {
        Chat::Listen(args) => args.talk.recorded.clone(),
        Chat::Call(args) => args.talk.recorded.clone(),
    };
    let traffic = match &chat {
        Chat::Listen(args) => Traffic::tcp(&args.address, None, PORT),
        Chat::Call(args) => Traffic::tcp(&args.host, args.port, PORT),
    };
    Own::around(
        &recorded,
        || traffic,
        console,
        || runtime::block_on(console, talk(chat, console)),
    )
}

async fn talk(chat: Chat, console: Console) -> Result<(), Failure> {
    let (connections, talk) = match chat {
        Chat::Listen(args) => (listen(&args, console).await?, args.talk),
        Chat::Call(args) => (call(&args, console).await?, args.talk),
    };
    if console.json {
        return events::run(connections, &talk, console).await;
    }
    if is_a_person_there() {
        interactive::run(connections, &talk, console).await
    } else {
        piped::run(connections, &talk, console).await
    }
}

/// Holds one call after the other; what went wrong in one of them is the result in the end.
async fn each_call(
    mut connections: Connections,
    console: Console,
    mut hold: impl AsyncFnMut(TcpStream, SocketAddr) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut signals = Signals::watch(console.lang)?;
    let mut result = Ok(());
    loop {
        let call = tokio::select! {
            call = connections.next() => call,
            asked = signals.next() => return left(asked, result),
        };
        let Some((stream, address)) = call else { break };
        let held = tokio::select! {
            held = hold(stream, address) => held,
            refused = turn_away(&connections, console) => refused,
            asked = signals.next() => {
                if asked == Exit::Done {
                    console.warn(&Words::CutShort {});
                }
                return Err(Failure::said(cut_short(asked)));
            }
        };
        let Err(failure) = held else { continue };
        if failure.exit == Exit::Done || !connections.is_open() {
            return Err(failure);
        }
        console.warn(&Words::Problem {
            text: &failure.text,
        });
        result = Err(Failure::said(failure.exit));
    }
    result
}

/// The result of a listener that is told to end while it has no call.
fn left(asked: Exit, calls: Result<(), Failure>) -> Result<(), Failure> {
    match asked {
        Exit::Done => calls,
        asked => Err(Failure::said(asked)),
    }
}

/// Turns away each caller that calls during a call.
async fn turn_away(connections: &Connections, console: Console) -> Result<(), Failure> {
    loop {
        let address = connections.turn_away().await;
        console.note(&Words::TurnedAway { address: &address });
        let fields = json!({ "address": address.to_string() });
        console.tell("turned-away", fields)?;
    }
}

async fn listen(args: &Listen, console: Console) -> Result<Connections, Failure> {
    let address = runtime::host_port(&args.address, console)?;
    let port = address.port.unwrap_or(PORT);
    if let Some(host) = &address.host {
        runtime::check_zone(host, console.lang)?;
    }
    let system = |error: SystemError| Failure::system(&error, console.lang);
    let listener = Listener::bind(address.host.as_deref(), port)
        .await
        .map_err(system)?;
    let address = listener.local_addr().map_err(|error| {
        system(SystemError::new(
            lineman_net::Operation::Bind,
            &args.address,
        )(error))
    })?;
    console.note(&Words::Listening { address: &address });
    console.tell("listening", json!({ "address": address.to_string() }))?;
    Ok(Connections::listening(listener, args.keep))
}

async fn call(args: &Call, console: Console) -> Result<Connections, Failure> {
    let address = runtime::host_and_port(&args.host, args.port, console)?;
    let Some(host) = &address.host else {
        return Err(Failure::usage(
            &Words::CallerNeeded { port: &PORT },
            console.lang,
        ));
    };
    runtime::check_zone(host, console.lang)?;
    let port = address.port.unwrap_or(PORT);
    match lineman_net::chat::dial(host, port, args.timeout).await {
        Ok((stream, address, failed)) => {
            tell_failed(&failed, console)?;
            Ok(Connections::calling(stream, address))
        }
        Err(DialError::Resolve(error)) => Err(Failure::system(&error, console.lang)),
        Err(DialError::Refused(mut failed)) if failed.len() == 1 => {
            let Attempt { address, error } = failed.remove(0);
            let connect = SystemError::new(lineman_net::Operation::Connect, address);
            Err(Failure::system(&connect(error), console.lang))
        }
        Err(DialError::Refused(failed)) => {
            tell_failed(&failed, console)?;
            Err(nobody_reached(&args.host, &failed, console))
        }
    }
}

/// Several addresses, none of which answered: the exit code is a time-out only if all were.
fn nobody_reached(host: &str, failed: &[Attempt], console: Console) -> Failure {
    let silent = |attempt: &Attempt| attempt.error.kind() == io::ErrorKind::TimedOut;
    let exit = if !failed.is_empty() && failed.iter().all(silent) {
        Exit::TimeOut
    } else {
        Exit::Refused
    };
    let count = failed.len();
    let words = Words::NobodyReached {
        host: &host,
        count: &count,
    };
    Failure::new(exit, &words, console.lang)
}

fn tell_failed(failed: &[Attempt], console: Console) -> Result<(), Failure> {
    for Attempt { address, error } in failed {
        let why = system_text(error, console.lang);
        console.note(&Words::NoAnswer { address, why: &why });
        let fields = json!({ "address": address.to_string(), "reason": why });
        console.tell("no-answer", fields)?;
    }
    Ok(())
}

impl Talk {
    /// Whose end of sending ends the call; `default` unless it was said.
    fn until(&self, default: Until) -> Until {
        match self.exit_on {
            None => default,
            Some(ExitOn::Peer) => Until::Peer,
            Some(ExitOn::Both) => Until::Both,
            Some(ExitOn::Either) => Until::Either,
        }
    }

    fn config(&self, calling: bool) -> lineman_proto::chat::Config {
        lineman_proto::chat::Config {
            calling,
            crlf: self.crlf,
            linger: self.linger,
        }
    }
}

async fn sleep_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}

/// Seconds as they are shown at the end of a call.
fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}
