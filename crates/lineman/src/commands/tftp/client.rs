//! What `get` and `put` share: addresses, options, one transfer after the other, the end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::OnceLock;
use std::time::Duration;

use lineman_net::tftp::Client;
use lineman_net::tftp::ClientOptions;
use lineman_net::tftp::Ending;
use lineman_net::tftp::Report;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Url;
use lineman_proto::tftp::UrlError;
use tokio::sync::watch;

use super::json;
use super::serve::rollover;
use super::words;
use super::words::Side;
use crate::args::tftp::Wish;
use crate::commands::progress::Bar;
use crate::commands::signals::cut_short;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::common::Common;
use crate::lang::tftp::Tftp;
use crate::runtime;
use crate::runtime::Signals;

/// A run of transfers with the same wishes. ^C ends the one that runs, and those after it.
pub struct Jobs {
    wish: Wish,
    console: Console,
    stop: watch::Receiver<bool>,
    clients: Vec<Client>,
    /// How many transfers there will be, and how many have begun.
    count: usize,
    begun: usize,
    worst: Option<Exit>,
    /// What a signal has asked for.
    asked: Arc<OnceLock<Exit>>,
}

impl Jobs {
    /// Begins to watch for signals, before the first of `count` transfers.
    pub fn start(wish: &Wish, count: usize, console: Console) -> Result<Self, Failure> {
        let mut signals = Signals::watch(console.lang)?;
        let (sender, stop) = watch::channel(false);
        let asked = Arc::new(OnceLock::new());
        let told = Arc::clone(&asked);
        tokio::spawn(async move {
            let _ = told.set(signals.next().await);
            let _ = sender.send(true);
            // A second signal ends the program without waiting for the transfer.
            signals.next().await;
            std::process::exit(i32::from(Exit::Interrupted as u8));
        });
        Ok(Self {
            wish: wish.clone(),
            console,
            stop,
            clients: Vec::new(),
            count,
            begun: 0,
            worst: None,
            asked,
        })
    }

    /// Whether a signal has come.
    pub fn is_stopped(&self) -> bool {
        *self.stop.borrow()
    }

    /// What becomes true with a signal.
    pub fn stop(&self) -> watch::Receiver<bool> {
        self.stop.clone()
    }

    /// The mode: the address's own, else what was asked for.
    pub fn mode(&self, url: &Url) -> Mode {
        let wished = if self.wish.netascii {
            Mode::Netascii
        } else {
            Mode::Octet
        };
        url.mode.unwrap_or(wished)
    }

    /// Runs one transfer under its progress bar, with each address of the server until one can be
    /// reached, and says what went wrong if anything did. Gives the report of a good end.
    ///
    /// # Errors
    /// When nothing more can be said: stdout is closed.
    pub async fn one(
        &mut self,
        url: &Url,
        name: &str,
        transfer: impl AsyncFnMut(&mut Client, Bar) -> Result<Report, Failure>,
    ) -> Result<Option<Report>, Failure> {
        self.begun += 1;
        let bar = Bar::new(name, self.begun, self.count, self.console);
        let outcome = self.each_address(url, &bar, transfer).await;
        bar.clear();
        match outcome {
            Ok(report) => self.judge(report, name),
            Err(failure) => {
                if !failure.text.is_empty() {
                    let prefix = Common::ErrorPrefix {}.render(self.console.lang);
                    self.console.say(&format!("{prefix}{}", failure.text));
                } else if failure.exit == Exit::Interrupted {
                    self.console.warn(&Tftp::StoppedBefore { what: &name });
                }
                self.note_exit(self.exit(failure.exit));
                Ok(None)
            }
        }
    }

    /// Waits a moment for the last repetitions, and gives the exit code of the first failure.
    pub async fn finish(mut self) -> Result<(), Failure> {
        for client in &mut self.clients {
            client.finish().await;
        }
        match self.worst {
            None => Ok(()),
            Some(exit) => Err(Failure::said(exit)),
        }
    }

    async fn each_address(
        &mut self,
        url: &Url,
        bar: &Bar,
        mut transfer: impl AsyncFnMut(&mut Client, Bar) -> Result<Report, Failure>,
    ) -> Result<Report, Failure> {
        // Only those that still have something to answer are kept.
        self.clients.retain_mut(Client::is_dallying);
        let addresses = runtime::resolve(&url.host, url.port, self.console.lang);
        let addresses = unless_stopped(self.stop(), addresses).await?;
        let mut left = addresses.len();
        loop {
            let address = addresses[addresses.len() - left];
            left -= 1;
            let mut client = self.client(address);
            let report = transfer(&mut client, bar.clone()).await?;
            self.clients.push(client);
            if left == 0 || !matches!(report.ending, Ending::Unreachable(_)) {
                return Ok(report);
            }
        }
    }

    fn judge(&mut self, report: Report, name: &str) -> Result<Option<Report>, Failure> {
        let lang = self.console.lang;
        let fields = json::transfer(&report, Side::Client, lang);
        self.console.tell("transfer", fields)?;
        let exit = self.exit(words::exit(&report));
        self.note_exit(exit);
        if words::is_complete(&report) {
            return Ok(Some(report));
        }
        if exit != Exit::Done {
            self.console.warn(&Tftp::Failed {
                what: &name,
                server: &report.peer,
                reason: &words::reason(&report, Side::Client, lang),
            });
        }
        Ok(None)
    }

    /// An exit code; of what was interrupted, the one of the signal that did it.
    fn exit(&self, exit: Exit) -> Exit {
        match (exit, self.asked.get()) {
            (Exit::Interrupted, Some(asked)) => cut_short(*asked),
            (exit, _) => exit,
        }
    }

    fn note_exit(&mut self, exit: Exit) {
        if exit != Exit::Done {
            self.worst.get_or_insert(exit);
        }
    }

    fn client(&self, server: SocketAddr) -> Client {
        let options = ClientOptions {
            blksize: self.wish.blksize,
            windowsize: self.wish.windowsize,
            timeout: self.wish.timeout,
            plain: self.wish.no_options,
            rollover: rollover(self.wish.rollover),
            patience: self.wish.patience,
            busy_poll: self.wish.busy_poll,
            ask_every: self.wish.until_answered.then_some(ASK_EVERY),
        };
        Client::new(server, options, self.stop.clone())
    }
}

/// What `work` gives, unless a signal comes first: a name server may be slow, and a FIFO may wait for its
/// other end.
pub async fn unless_stopped<T>(
    mut stop: watch::Receiver<bool>,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        done = work => done,
        Ok(_) = stop.wait_for(|stop| *stop) => Err(Failure::said(Exit::Interrupted)),
    }
}

/// The same for work that blocks its thread. After a signal that thread is not waited for.
pub async fn blocking_unless_stopped<T: Send + 'static>(
    stop: watch::Receiver<bool>,
    lang: Lang,
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let work = tokio::task::spawn_blocking(work);
    let work = async {
        work.await
            .map_err(|panic| Failure::internal(&panic, lang))?
    };
    unless_stopped(stop, work).await
}

/// A device that was switched on listens for a second or three.
const ASK_EVERY: Duration = Duration::from_millis(150);

/// Reads an address of a file.
pub fn url(text: &str, lang: Lang) -> Result<Url, Failure> {
    text.parse().map_err(|error| {
        let why = match error {
            UrlError::Scheme => Tftp::UrlScheme {},
            UrlError::Host => Tftp::UrlHost {},
            UrlError::Port => Tftp::UrlPort {},
            UrlError::Escape => Tftp::UrlEscape {},
            UrlError::Mode => Tftp::UrlMode {},
            _ => Tftp::UrlOther {},
        };
        let why = &why.render(lang);
        Failure::usage(&Tftp::BadUrl { url: &text, why }, lang)
    })
}
