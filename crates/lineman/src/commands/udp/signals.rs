//! ^C and the order to leave.

use std::io;
use std::process;
use std::time::Duration;

use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::oneshot;

use crate::exit::Exit;
use crate::terminal::guard;

/// How long the session may take to leave before it is cut short: it may be stuck in a write.
const PATIENCE: Duration = Duration::from_secs(1);

/// The session's end of the signals.
pub struct Signals(oneshot::Receiver<Exit>);

impl Signals {
    /// Starts to watch for `SIGINT`, `SIGTERM` and `SIGHUP`.
    pub fn watch() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hang_up = signal(SignalKind::hangup())?;
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            let exit = tokio::select! {
                _ = interrupt.recv() => Exit::Interrupted,
                _ = terminate.recv() => Exit::Done,
                _ = hang_up.recv() => Exit::Done,
            };
            // The session may be over already.
            let _ = sender.send(exit);
            tokio::time::sleep(PATIENCE).await;
            guard::restore();
            process::exit(i32::from(exit as u8));
        });
        Ok(Self(receiver))
    }

    /// Waits for a signal; gives the exit code that it asks for.
    pub async fn next(&mut self) -> Exit {
        match (&mut self.0).await {
            Ok(exit) => exit,
            Err(_) => std::future::pending().await,
        }
    }
}
