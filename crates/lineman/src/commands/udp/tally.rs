//! What a session did, in numbers.

use serde_json::Value;
use serde_json::json;

use crate::exit::Exit;
use crate::lang::Lang;
use crate::lang::Message;
use crate::lang::udp::Udp;

/// Counts of datagrams and of their payload bytes.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// Handed to the system.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    pub received: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// Received, but cut.
    pub truncated: u64,
    /// Sent, and came back as an ICMP error.
    pub refused: u64,
    /// Typed, but not sent.
    pub not_sent: u64,
    /// The exit code of the first that was not sent.
    fault: Option<Exit>,
}

impl Tally {
    /// A datagram was not sent, for a reason with this exit code.
    pub fn not_sent(&mut self, exit: Exit) {
        self.not_sent += 1;
        self.fault.get_or_insert(exit);
    }

    /// The exit code for what was not sent.
    pub fn fault(&self) -> Exit {
        self.fault.unwrap_or(Exit::Done)
    }

    /// The fields of the event `ended`.
    pub fn fields(&self) -> Value {
        json!({
            "sent": self.sent,
            "sent_bytes": self.sent_bytes,
            "received": self.received,
            "received_bytes": self.received_bytes,
            "truncated": self.truncated,
            "refused": self.refused,
            "not_sent": self.not_sent,
        })
    }
}

impl Message for Tally {
    fn render(&self, lang: Lang) -> String {
        let mut text = Udp::Summary {
            sent: &self.sent,
            sent_bytes: &self.sent_bytes,
            received: &self.received,
            received_bytes: &self.received_bytes,
        }
        .render(lang);
        if self.refused > 0 {
            let count = &self.refused;
            text += &Udp::SummaryRefused { count }.render(lang);
        }
        if self.not_sent > 0 {
            let count = &self.not_sent;
            text += &Udp::SummaryNotSent { count }.render(lang);
        }
        text
    }
}
