//! `struct tcp_info` (linux/tcp.h): the figures of a connection.

use std::time::Duration;

use lineman_trace::log::Endpoints;
use lineman_trace::log::Host;
use lineman_trace::log::Origin;
use lineman_trace::log::TcpInfo;
use serde::Deserialize;
use serde::Serialize;

use lineman_netlink::attribute;

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
    /// Of these, how many SACK has named.
    pub sacked: u32,
    /// Of these, how many it holds for lost.
    pub lost: u32,
    /// Of these, how many were sent again.
    pub retransmitting: u32,
    /// How long it holds an ACK back; zero before it has received anything.
    pub ack_timeout: Duration,
    /// Segments that it has sent, in all; 0 where the kernel does not say.
    pub segments_sent: u32,
    /// Segments that it has received, in all; 0 where the kernel does not say.
    pub segments_received: u32,
    /// How often the time-out has expired since the last progress.
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
            ack_timeout: micros(12)?,
            unacknowledged: number(24)?,
            sacked: number(28)?,
            lost: number(32)?,
            retransmitting: number(36)?,
            rtt: micros(68)?,
            rtt_variance: micros(72)?,
            slow_start_threshold: number(76)?,
            congestion_window: number(80)?,
            retransmitted: number(100)?,
            segments_sent: number(136).unwrap_or_default(),
            segments_received: number(140).unwrap_or_default(),
        })
    }

    /// The same for the log.
    pub(super) fn told(&self, host: Host, socket: Endpoints) -> TcpInfo {
        let micros = |time: Duration| u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        let known = |time: Duration| (!time.is_zero()).then(|| micros(time));
        let rtt_us = known(self.rtt);
        TcpInfo {
            host,
            socket,
            rtt_us,
            rttvar_us: rtt_us.map(|_| micros(self.rtt_variance)),
            rto_us: micros(self.rto),
            cwnd: self.congestion_window,
            ssthresh: self.threshold(),
            mss: self.segment,
            unacked: self.unacknowledged,
            sacked: self.sacked,
            lost: self.lost,
            retrans: self.retransmitting,
            total_retrans: self.retransmitted,
            ato_us: known(self.ack_timeout),
            origin: Origin::Kernel,
        }
    }

    /// The slow start threshold, in segments, if one is set.
    pub(super) fn threshold(&self) -> Option<u32> {
        (self.slow_start_threshold < NO_THRESHOLD).then_some(self.slow_start_threshold)
    }
}

/// `TCP_CA_Recovery` of linux/tcp.h; after it comes `TCP_CA_Loss`.
const CA_RECOVERY: u8 = 3;
/// No threshold is set (`TCP_INFINITE_SSTHRESH` of the kernel): BBR sets none.
const NO_THRESHOLD: u32 = i32::MAX as u32;
