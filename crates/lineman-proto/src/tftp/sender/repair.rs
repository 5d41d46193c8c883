//! When a flight may be sent again because of an ACK.

/// When a flight may be sent again because of an ACK. At most once for each loss: a second resend
/// would be answered by more duplicate ACKs, and so on to the end of the file (RFC 1123 §4.2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Repair {
    /// No resend is in flight.
    Ready,
    /// This flight is a resend: only an ACK that can be its answer may cause another.
    InFlight,
    /// A repeated ACK below the flight has caused a resend lately; for so many clean windows the
    /// next such ACK counts as a mere duplicate.
    Resting(u8),
}

/// See [`Repair::Resting`].
pub(super) const CLEAN_WINDOWS: u8 = 8;
