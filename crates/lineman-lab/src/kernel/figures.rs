//! `struct tcp_info` (linux/tcp.h): the figures of a connection.

use std::time::Duration;

use serde::Deserialize;
use serde::Serialize;

use crate::netlink::attribute;

use super::INET_DIAG_INFO;
use super::answer;

/// What TCP knows of a connection (`TCP_INFO` of tcp(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// The retransmission time-out now.
    pub rto: Duration,
    /// The round trip, smoothed; zero before the first sample.
    pub rtt: Duration,
    /// How much it varies.
    pub rtt_variance: Duration,
    /// The congestion window, in segments.
    pub congestion_window: u32,
    /// Above this the window grows slowly, in segments.
    pub slow_start_threshold: u32,
    /// The largest segment that is sent, in bytes.
    pub segment: u32,
    /// Segments that are sent and not acknowledged.
    pub unacknowledged: u32,
    /// How often the time-out has run out since the last progress.
    pub timeouts: u8,
    /// Segments that were sent again, in all.
    pub retransmitted: u32,
    /// Whether it holds nothing for lost: it is neither in recovery nor in loss (`tcpi_ca_state`).
    pub is_open: bool,
}

impl Figures {
    pub(super) fn read(body: &[u8]) -> Option<Self> {
        let info = attribute(body.get(answer::SIZE..)?, INET_DIAG_INFO)?;
        let number = |at: usize| Some(u32::from_ne_bytes(*info.get(at..)?.first_chunk()?));
        let micros = |at| number(at).map(|value| Duration::from_micros(value.into()));
        Some(Self {
            is_open: *info.get(1)? < CA_RECOVERY,
            timeouts: *info.get(2)?,
            rto: micros(8)?,
            segment: number(16)?,
            unacknowledged: number(24)?,
            rtt: micros(68)?,
            rtt_variance: micros(72)?,
            slow_start_threshold: number(76)?,
            congestion_window: number(80)?,
            retransmitted: number(100)?,
        })
    }
}

/// `TCP_CA_Recovery` of linux/tcp.h; after it comes `TCP_CA_Loss`.
const CA_RECOVERY: u8 = 3;
