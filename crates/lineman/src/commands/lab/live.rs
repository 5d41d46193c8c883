//! A lab that a person drives while a script may be played in it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::time::Duration;

use lineman_lab::Network;
use lineman_lab::hosts::Call;
use lineman_lab::scenarios::Scenario;
use lineman_lab::scenarios::Stop;
use lineman_lab::scenarios::Transfer;
use lineman_lab::wire::Command;
use lineman_trace::log::Host;
use lineman_trace::log::Hub;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::mpsc::unbounded_channel;

use super::driven::Driven;
use super::driven::Order;
use crate::commands::trace::source::Script;
use crate::console::Console;

/// How long a script waits while a person thinks about a packet.
const PATIENCE: Duration = Duration::from_secs(24 * 60 * 60);
/// How often it is looked whether a lab in which no script is played is to end: orders do not wait for that.
const IDLE: Duration = Duration::from_millis(50);

/// A lab whose wire, and whose hosts, obey a person.
pub struct Live {
    script: Script,
    orders: mpsc::Sender<Order>,
    plays: mpsc::Sender<Play>,
    /// Whether a script is being played.
    plays_now: Arc<AtomicBool>,
}

/// What can be played.
pub enum Play {
    /// A lesson.
    Scenario(Scenario),
    /// A file.
    Transfer(Transfer),
}

/// How scripts have ended, one after the other.
pub type Played = UnboundedReceiver<Result<(), Stop>>;

impl Live {
    /// Begins to play; the lab ends with the script.
    pub fn begin(
        scenario: Scenario,
        network: Box<dyn Network>,
        log: Hub,
        console: Console,
    ) -> Self {
        Self::with(network, log, console, move |_, _| {
            Box::new(move |network, log| scenario.play_within(network, log, PATIENCE))
        })
    }

    /// Begins to play, if there is something; the lab stays, for calls of a person and further scripts.
    pub fn open(
        first: Option<Scenario>,
        network: Box<dyn Network>,
        log: Hub,
        console: Console,
    ) -> (Self, Played) {
        let (told, played) = unbounded_channel();
        let live = Self::with(network, log, console, move |plays, plays_now| {
            plays_now.store(first.is_some(), Ordering::Release);
            let first = first.map(Play::Scenario);
            Box::new(move |network, log| stay(first, &plays, &plays_now, &told, network, log))
        });
        (live, played)
    }

    fn with(
        network: Box<dyn Network>,
        log: Hub,
        console: Console,
        script: impl FnOnce(mpsc::Receiver<Play>, Arc<AtomicBool>) -> Playing,
    ) -> Self {
        let (orders, heard) = mpsc::channel();
        let (plays, wanted) = mpsc::channel();
        let plays_now = Arc::new(AtomicBool::new(false));
        let script = script(wanted, Arc::clone(&plays_now));
        let network = Box::new(Driven::new(network, heard));
        Self {
            script: Script::play(network, log, script, console),
            orders,
            plays,
            plays_now,
        }
    }

    /// Has the wire do something, soon.
    pub fn obey(&self, command: Command) {
        self.order(Order::Wire(command));
    }

    /// Has a host make a call, soon.
    pub fn call(&self, host: Host, call: Call) {
        self.order(Order::Call(host, call));
    }

    /// Has something done, soon.
    pub fn order(&self, order: Order) {
        let _ = self.orders.send(order); // the lab may be over
    }

    /// Plays a script, if none is being played. Gives whether it will be.
    pub fn play(&self, play: Play) -> bool {
        let free = !self.plays_now.swap(true, Ordering::AcqRel);
        free && self.plays.send(play).is_ok()
    }

    /// Has it stop.
    pub fn end(&mut self) {
        self.script.cancel();
    }

    /// Why it was not played to its end, if there is more to say than that the lab has ended.
    pub fn ended(&mut self) -> Option<Stop> {
        match self.script.result() {
            Ok(()) | Err(Stop::Lab(_)) => None,
            Err(stop) => Some(stop),
        }
    }
}

type Playing = Box<dyn FnOnce(&mut dyn Network, &Hub) -> Result<(), Stop> + Send>;

/// Plays one script after the other until the log is to end.
fn stay(
    first: Option<Play>,
    plays: &mpsc::Receiver<Play>,
    plays_now: &AtomicBool,
    told: &UnboundedSender<Result<(), Stop>>,
    network: &mut dyn Network,
    log: &Hub,
) -> Result<(), Stop> {
    let mut next = first;
    while !log.is_over() {
        match next.take() {
            Some(play) => {
                let played = play.play(network, log);
                if matches!(played, Err(Stop::Lab(_))) {
                    return played;
                }
                plays_now.store(false, Ordering::Release);
                let _ = told.send(played); // nobody may wait for it
            }
            None => network.pass(IDLE)?,
        }
        next = plays.try_recv().ok();
    }
    Ok(())
}

impl Play {
    fn play(&self, network: &mut dyn Network, log: &Hub) -> Result<(), Stop> {
        match self {
            Self::Scenario(scenario) => scenario.play_within(network, log, PATIENCE),
            Self::Transfer(transfer) => transfer.play_within(network, log, PATIENCE),
        }
    }
}
