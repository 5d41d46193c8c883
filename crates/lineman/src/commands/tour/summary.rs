//! What the tour was altogether, counted from the log.

use std::collections::BTreeSet;

use lineman_trace::log::Event;
use lineman_trace::log::Kind;
use lineman_trace::log::Origin;
use lineman_trace::log::TcpState;
use lineman_trace::log::Verdict;
use serde_json::Value;
use serde_json::json;

use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tour::Tour as Words;

/// Counts.
#[derive(Debug, Default)]
pub struct Summary {
    calls: BTreeSet<u64>,
    packets: u64,
    lost: u64,
    /// In the order in which they were first seen.
    states: Vec<TcpState>,
    system: String,
    simulated: bool,
    last_ns: u64,
}

impl Summary {
    /// Counts an event.
    pub fn take(&mut self, event: &Event) {
        self.last_ns = event.t_ns;
        match &event.kind {
            Kind::Start(start) => {
                self.system.clone_from(&start.system);
                self.simulated = start.origin == Origin::Simulated;
            }
            Kind::Call(call) => drop(self.calls.insert(call.id)),
            Kind::Packet(packet) => match packet.verdict {
                Verdict::Sent => self.packets += 1,
                Verdict::Dropped => self.lost += 1,
                _ => {}
            },
            Kind::State(state) if !self.states.contains(&state.to) => self.states.push(state.to),
            _ => {}
        }
    }

    /// What there is to say about it.
    pub fn sentences(&self, lang: Lang) -> Vec<String> {
        let states: Vec<&str> = self.states.iter().map(|state| state.name()).collect();
        let (states, system) = (&states.join(" "), &self.system);
        let (calls, packets, lost) = (&self.calls.len(), &self.packets, &self.lost);
        let seconds = &format!("{:.1}", self.seconds());
        let all = [
            Words::SummaryLab {
                calls,
                packets,
                lost,
                seconds,
            },
            match self.simulated {
                true => Words::SummarySimulated { states, system },
                false => Words::SummaryStates { states, system },
            },
            Words::SummaryLosses {},
            Words::SummaryTry {},
            Words::SummaryUse {},
        ];
        all.iter().map(|words| words.render(lang)).collect()
    }

    /// The same for programs.
    pub fn fields(&self) -> Value {
        let states: Vec<&str> = self.states.iter().map(|state| state.name()).collect();
        json!({
            "calls": self.calls.len(),
            "packets": self.packets,
            "lost": self.lost,
            "states": states,
            "system": self.system,
            "seconds": self.seconds(),
        })
    }

    fn seconds(&self) -> f64 {
        self.last_ns as f64 / 1e9
    }
}
