//! `lineman tftp bench`.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::tftp::Ending;
use lineman_net::tftp::Report;
use lineman_net::tftp::load;
use lineman_net::tftp::load::LoadError;
use lineman_net::tftp::load::LoadOptions;
use lineman_net::tftp::load::LoadReport;
use lineman_net::tftp::load::Loss;
use lineman_net::tftp::load::NullServer;
use lineman_net::tftp::load::Reference;
use lineman_proto::tftp::Agreed;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Stats;
use lineman_proto::tftp::Wish;
use lineman_proto::tftp::machines::Firmware;

use super::client;
use super::load_words;
use super::words;
use super::words::Side;
use crate::args::tftp_load::LoadTest;
use crate::commands::progress::Bar;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::tftp::Tftp;
use crate::lang::tftp_load;
use crate::runtime;
use crate::runtime::Signals;

/// Makes the load, says what it showed, and fails if any transfer did.
pub async fn run(args: &LoadTest, console: Console) -> Result<(), Failure> {
    let lang = console.lang;
    let stop = Stop::on_signals(lang)?;
    let (addresses, filename, null_server) = target(args, lang).await?;
    let mut options = options(args, filename, lang)?;
    let bar = Bar::of_load(None, console); // a large file takes its time
    let reference = first(&mut options, &addresses, &stop, lang).await;
    bar.clear();
    let reference = reference?;
    if null_server.is_some() {
        console.note(&tftp_load::LoadTest::SelfTest {});
    }
    load_words::begin(&options, &reference, console);
    let bar = Bar::of_load(options.duration, console);
    let report = load(options.clone(), reference.clone(), &stop, lang).await;
    bar.clear();
    let report = report?;
    drop(null_server);
    load_words::report(&options, &reference, &report, console)?;
    match stop.exit.get() {
        Some(exit) if report.stopped => ended(*exit),
        _ if report.tally.failures() > 0 => Err(Failure::said(Exit::Incomplete)),
        _ => Ok(()),
    }
}

/// ^C: what was counted by then is still said. A second one does not wait for it.
struct Stop {
    now: Arc<AtomicBool>,
    exit: Arc<OnceLock<Exit>>,
}

impl Stop {
    fn on_signals(lang: Lang) -> Result<Self, Failure> {
        let mut signals = Signals::watch(lang)?;
        let (now, exit) = (Arc::new(AtomicBool::new(false)), Arc::new(OnceLock::new()));
        let (told, why) = (now.clone(), exit.clone());
        tokio::spawn(async move {
            let _ = why.set(signals.next().await);
            told.store(true, Ordering::Relaxed);
            signals.next().await;
            std::process::exit(i32::from(Exit::Interrupted as u8));
        });
        Ok(Self { now, exit })
    }
}

fn ended(exit: Exit) -> Result<(), Failure> {
    match exit {
        Exit::Done => Ok(()),
        exit => Err(Failure::said(exit)),
    }
}

/// Where the load goes: the server of the address, or the source of the self-test, which runs as
/// long as it is kept.
async fn target(
    args: &LoadTest,
    lang: Lang,
) -> Result<(Vec<SocketAddr>, Vec<u8>, Option<NullServer>), Failure> {
    let Some(text) = &args.url else {
        let server = NullServer::start(SELF_TEST_LENGTH)
            .map_err(SystemError::new(Operation::Bind, "127.0.0.1"))
            .map_err(|error| Failure::system(&error, lang))?;
        return Ok((vec![server.address()], b"file".to_vec(), Some(server)));
    };
    let url = client::url(text, lang)?;
    if url.filename.is_empty() {
        return Err(Failure::usage(&Tftp::NoName { url: text }, lang));
    }
    let addresses = runtime::resolve(&url.host, url.port, lang).await?;
    Ok((addresses, url.filename, None))
}

fn options(args: &LoadTest, filename: Vec<u8>, lang: Lang) -> Result<LoadOptions, Failure> {
    let wish = if args.no_options {
        Wish::default()
    } else {
        Wish {
            blksize: Some(args.blksize),
            windowsize: (args.windowsize > 1).then_some(args.windowsize),
            ..Wish::default()
        }
    };
    let by_default = args.count.is_none().then_some(DURATION);
    Ok(LoadOptions {
        server: SocketAddr::from(([0, 0, 0, 0], 0)), // known when one of its addresses answers
        filename,
        clients: args.clients as usize,
        threads: args.threads.into(),
        wish,
        patience: args.patience,
        ramp: args.ramp,
        duration: args.duration.or(by_default),
        count: args.count,
        loss: Loss {
            percent: args.loss,
            seed: args.seed,
        },
        upload: args
            .put
            .as_deref()
            .map(|file| content(file, lang))
            .transpose()?,
        verify: args.verify,
    })
}

fn content(file: &Path, lang: Lang) -> Result<Arc<Vec<u8>>, Failure> {
    std::fs::read(file)
        .map(Arc::new)
        .map_err(SystemError::new(Operation::Open, file.display()))
        .map_err(|error| Failure::system(&error, lang))
}

/// The first transfer, with each address of the server until one can be reached. If it fails, there
/// is nothing to measure, and it fails as `get` would.
async fn first(
    options: &mut LoadOptions,
    addresses: &[SocketAddr],
    stop: &Stop,
    lang: Lang,
) -> Result<Reference, Failure> {
    let mut left = addresses.iter();
    loop {
        options.server = *left.next().ok_or_else(|| Failure::said(Exit::Refused))?;
        let (asked, now) = (options.clone(), stop.now.clone());
        let done = blocking(move || load::reference(&asked, &now), lang).await?;
        match done {
            Ok(reference) => return Ok(reference),
            Err(LoadError::System(_)) if !left.as_slice().is_empty() => {}
            Err(error) => return Err(refused(options, error, stop, lang)),
        }
    }
}

async fn load(
    options: LoadOptions,
    reference: Reference,
    stop: &Stop,
    lang: Lang,
) -> Result<LoadReport, Failure> {
    let now = stop.now.clone();
    let asked = options.clone();
    blocking(move || load::run(&asked, &reference, &now), lang)
        .await?
        .map_err(|error| refused(&options, error, stop, lang))
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
    lang: Lang,
) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|panic| Failure::internal(&panic, lang))
}

/// Why there is no load, as a transfer's failure is said.
fn refused(options: &LoadOptions, error: LoadError, stop: &Stop, lang: Lang) -> Failure {
    let ending = match error {
        LoadError::Failed(failure) => Ending::Failed(failure),
        LoadError::System(error) => Ending::Unreachable(error),
        LoadError::Stopped => {
            return Failure::said(stop.exit.get().copied().unwrap_or(Exit::Interrupted));
        }
    };
    let report = Report {
        peer: options.server,
        direction: Direction::Read,
        filename: options.filename.clone(),
        routed: None,
        mode: Mode::Octet,
        firmware: Firmware::Unknown,
        at: Instant::now(),
        agreed: Agreed::default(),
        bytes: 0,
        elapsed: Duration::ZERO,
        stats: Stats::default(),
        ending,
    };
    let what = lineman_proto::text::visible_bytes(&options.filename);
    let message = Tftp::Failed {
        what: &what,
        server: &options.server,
        reason: &words::reason(&report, Side::Client, lang),
    };
    Failure::new(words::exit(&report), &message, lang)
}

/// Where neither a duration nor a count is given.
const DURATION: Duration = Duration::from_secs(10);
/// What the source of the self-test serves.
const SELF_TEST_LENGTH: u64 = 1 << 20;
