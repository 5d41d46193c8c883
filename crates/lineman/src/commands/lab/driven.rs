//! A network that a script and a person use at once: the script calls, the person decides about
//! packets, and may make calls of his own.

use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;
use std::time::Instant;

use lineman_lab::LabError;
use lineman_lab::Network;
use lineman_lab::hosts::Call;
use lineman_lab::hosts::Outcome;
use lineman_lab::hosts::SocketView;
use lineman_lab::wire::Command;
use lineman_trace::log::Host;
use lineman_trace::log::Note;
use lineman_trace::log::Origin;

/// How long a person's command waits at most, while the script lets time pass.
const MOMENT: Duration = Duration::from_millis(2);

/// What a person has the lab do.
pub enum Order {
    /// Something of the wire.
    Wire(Command),
    /// A call of a host. What comes of it is in the log.
    Call(Host, Call),
    /// To tell of all sockets, as they are now.
    Sockets(Tell),
}

/// Takes the sockets of both hosts, and whose TCP they are of.
pub type Tell = Box<dyn FnOnce(&[(Host, Vec<SocketView>)], Origin) + Send>;

/// A script's network that hears a person too.
pub struct Driven {
    network: Box<dyn Network>,
    orders: mpsc::Receiver<Order>,
}

impl Driven {
    /// Over a network; what is sent to the other end of `orders` is done soon.
    pub fn new(network: Box<dyn Network>, orders: mpsc::Receiver<Order>) -> Self {
        Self { network, orders }
    }

    fn obey(&mut self) -> Result<(), LabError> {
        while let Ok(order) = self.orders.try_recv() {
            self.carry_out(order)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, order: Order) -> Result<(), LabError> {
        match order {
            Order::Wire(command) => self.network.wire(command),
            Order::Call(host, call) => self.network.call(host, call).map(drop),
            Order::Sockets(tell) => {
                let hosts = [Host::Client, Host::Server];
                let all = hosts.map(|host| Ok((host, self.network.sockets(host)?)));
                let all: Result<Vec<_>, LabError> = all.into_iter().collect();
                tell(&all?, self.network.origin());
                Ok(())
            }
        }
    }
}

impl Network for Driven {
    fn origin(&self) -> Origin {
        self.network.origin()
    }

    fn now(&self) -> Duration {
        self.network.now()
    }

    fn call(&mut self, host: Host, call: Call) -> Result<u64, LabError> {
        self.obey()?;
        self.network.call(host, call)
    }

    fn first(
        &mut self,
        calls: &[u64],
        limit: Duration,
    ) -> Result<Option<(u64, Outcome)>, LabError> {
        let mut left = limit;
        loop {
            self.obey()?;
            let part = left.min(MOMENT);
            let outcome = self.network.first(calls, part)?;
            left -= part;
            if outcome.is_some() || left.is_zero() {
                return Ok(outcome);
            }
        }
    }

    fn pass(&mut self, time: Duration) -> Result<(), LabError> {
        let begun = Instant::now();
        loop {
            let left = time.saturating_sub(begun.elapsed());
            match self.orders.recv_timeout(left) {
                Ok(order) => self.carry_out(order)?,
                Err(RecvTimeoutError::Timeout) => return self.network.pass(Duration::ZERO),
                Err(RecvTimeoutError::Disconnected) => return self.network.pass(left),
            }
        }
    }

    fn wire(&mut self, command: Command) -> Result<(), LabError> {
        self.network.wire(command)
    }

    fn note(&mut self, note: Note) -> Result<(), LabError> {
        self.network.note(note)
    }

    fn sockets(&mut self, host: Host) -> Result<Vec<SocketView>, LabError> {
        self.network.sockets(host)
    }

    fn finish(&mut self) -> Result<(), LabError> {
        self.network.finish()
    }

    fn end(self: Box<Self>) -> Result<(), LabError> {
        self.network.end()
    }
}
