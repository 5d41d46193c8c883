//! What the lab and its owner say to each other, as JSON lines: the [`Options`](super::Options)
//! first, then orders one way and reports the other.

use lineman_trace::log::Endpoints;
use lineman_trace::log::Event;
use lineman_trace::log::Host;
use serde::Deserialize;
use serde::Serialize;

use crate::Refusal;
use crate::hosts::Call;
use crate::hosts::Outcome;
use crate::hosts::SocketView;
use crate::kernel::Figures;
use crate::programs::Ended;
use crate::programs::RunRequest;
use crate::wire::Command;

/// What the owner wants.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    Call {
        ticket: u64,
        host: Host,
        call: Call,
    },
    Figures {
        ticket: u64,
        host: Host,
        socket: Endpoints,
    },
    Sockets {
        ticket: u64,
        host: Host,
    },
    /// Three descriptors come with it: the program's standard streams.
    Run {
        ticket: u64,
        request: RunRequest,
    },
    Wire(Command),
    Tell(lineman_trace::log::Note),
    End,
}

/// What the lab tells.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Report {
    Refused(Refusal),
    Event(Event),
    Answer { ticket: u64, answer: Answer },
}

/// The answer to an order that has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    Outcome(Outcome),
    Figures(Option<Figures>),
    Sockets(Vec<SocketView>),
    Ended(Ended),
}
