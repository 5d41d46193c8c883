//! A script that is played in a lab, on a thread of its own.

use std::future::pending;
use std::thread;
use std::thread::JoinHandle;

use lineman_lab::Network;
use lineman_lab::scenarios::Stop;
use lineman_trace::log::Hub;

use super::refusal;
use crate::commands::trace::session::Next;
use crate::commands::trace::session::Nothing;
use crate::commands::trace::session::Source;
use crate::console::Console;
use crate::failure::Failure;

/// A script that is being played.
pub struct Script {
    log: Hub,
    player: Option<JoinHandle<Result<(), Stop>>>,
    console: Console,
}

impl Script {
    /// Begins to play; the network ends with the script.
    pub fn play(
        mut network: Box<dyn Network>,
        log: Hub,
        script: impl FnOnce(&mut dyn Network, &Hub) -> Result<(), Stop> + Send + 'static,
        console: Console,
    ) -> Self {
        let seen = log.clone();
        let player = thread::spawn(move || {
            let played = script(&mut *network, &seen);
            let _ = network.end(); // it may have ended
            played
        });
        Self {
            log,
            player: Some(player),
            console,
        }
    }

    /// How it was played, once the log has ended.
    ///
    /// # Errors
    /// Why not to its end.
    pub fn result(&mut self) -> Result<(), Stop> {
        let player = self.player.take();
        player.map_or(Ok(()), |player| {
            let played = player.join();
            played.unwrap_or(Err(Stop::Panicked)) // it has said why it panicked
        })
    }

    /// Has it stop.
    pub fn cancel(&self) {
        self.log.cancel();
    }
}

impl<P: ?Sized> Source<P> for Script {
    type Input = Nothing;

    async fn input(&mut self) -> Nothing {
        pending().await
    }

    fn take(&mut self, input: Nothing, _: &mut P) -> Result<Next, Failure> {
        match input {}
    }

    fn end(&mut self) {
        self.cancel();
    }

    fn ended(&mut self, asked: bool, _: &mut P) -> Result<(), Failure> {
        if asked {
            return Ok(());
        }
        let played = self.result();
        played.map_err(|stop| refusal::stopped(&stop, self.console))
    }
}
