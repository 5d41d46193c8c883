//! How TCP of a host behaves: what a lesson may want to set (ip-sysctl.rst of the kernel).

use std::io;
use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

/// Settings of a host's TCP. What is `None` stays as the kernel has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// TCP as in RFC 793: no timestamps, no SACK, no window scaling, no ECN, and time-outs that
    /// double from the first on.
    pub textbook: bool,
    /// How often a SYN is sent again (`tcp_syn_retries`).
    pub syn_retries: Option<u8>,
    /// How often a SYN-ACK is sent again (`tcp_synack_retries`).
    pub synack_retries: Option<u8>,
    /// How often data are sent again before the connection is given up (`tcp_retries2`).
    pub data_retries: Option<u8>,
    /// How long FIN-WAIT-2 lasts for a socket that its program has closed, in whole seconds (`tcp_fin_timeout`).
    pub fin_timeout: Option<Duration>,
    /// The shortest retransmission time-out, in whole microseconds (`tcp_rto_min_us`, Linux 6.11).
    pub rto_min: Option<Duration>,
    /// The longest, in whole milliseconds (`tcp_rto_max_ms`, Linux 6.15).
    pub rto_max: Option<Duration>,
}

impl Settings {
    /// Applies them to the network namespace of this thread.
    ///
    /// # Errors
    /// When this kernel has no such setting, or `/proc/sys` cannot be written.
    pub(crate) fn apply(&self) -> io::Result<()> {
        // A lesson must not depend on what a connection before it has measured.
        let _ = set("tcp_no_metrics_save", 1);
        if self.textbook {
            TEXTBOOK.into_iter().try_for_each(|name| set(name, 0))?;
            let _ = set("tcp_syn_linear_timeouts", 0); // Linux 6.5; before, they doubled anyway
        }
        let numbers = [
            ("tcp_syn_retries", self.syn_retries.map(u128::from)),
            ("tcp_synack_retries", self.synack_retries.map(u128::from)),
            ("tcp_retries2", self.data_retries.map(u128::from)),
            (
                "tcp_fin_timeout",
                self.fin_timeout.map(|time| time.as_secs().into()),
            ),
            ("tcp_rto_min_us", self.rto_min.map(|time| time.as_micros())),
            ("tcp_rto_max_ms", self.rto_max.map(|time| time.as_millis())),
        ];
        numbers
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
            .try_for_each(|(name, value)| set(name, value))
    }
}

/// Gives the namespaces that are made from now on a small table of sockets of their own: asking for
/// all of them then takes 40 µs instead of 500. The lab works without.
pub(crate) fn few_buckets() {
    let _ = set("tcp_child_ehash_entries", BUCKETS);
}

fn set(name: &str, value: u128) -> io::Result<()> {
    std::fs::write(format!("/proc/sys/net/ipv4/{name}"), value.to_string())
        .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))
}

/// What TCP has that the textbook's does not (RFC 7323, RFC 2018, RFC 3168): these are switched off for it.
const TEXTBOOK: [&str; 4] = [
    "tcp_timestamps",
    "tcp_sack",
    "tcp_window_scaling",
    "tcp_ecn",
];
/// How many buckets such a table has: more than a lesson has sockets, and the kernel looks through all of them to name
/// each.
const BUCKETS: u128 = 64;
