//! ^C and the order to leave, for sessions that write to stdout.

use std::process;
use std::time::Duration;

use tokio::sync::oneshot;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::runtime;
use crate::terminal::guard;

/// How long the session may take to leave before it is cut short: it may be stuck in a write.
const PATIENCE: Duration = Duration::from_secs(1);

/// The session's end of the signals. They are heard by a task of their own, because the session
/// may be blocked in a write to a stdout whose reader reads no more.
pub struct Signals(oneshot::Receiver<Exit>);

impl Signals {
    /// Starts to watch.
    pub fn watch(lang: Lang) -> Result<Self, Failure> {
        let mut signals = runtime::Signals::watch(lang)?;
        let (sender, receiver) = oneshot::channel();
        tokio::spawn(async move {
            let exit = signals.next().await;
            // The session may be over already.
            let _ = sender.send(exit);
            tokio::time::sleep(PATIENCE).await;
            guard::restore();
            process::exit(i32::from(cut_short(exit) as u8));
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

/// The exit code of a session that did not come to its end: what was told to leave has left something
/// undone (`docs/exit-codes.md`).
pub fn cut_short(asked: Exit) -> Exit {
    match asked {
        Exit::Done => Exit::Incomplete,
        asked => asked,
    }
}
