//! Sequence numbers as places in a stream: 0 is the SYN, 1 the first byte.

/// How one direction counts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Numbers {
    /// The number of the SYN; a guess, one below the first number seen, if there was none.
    pub isn: u32,
    /// Whether the SYN, or an ACK of just that, told it.
    pub certain: bool,
}

impl Numbers {
    /// The place of a number that is within 2³¹ of the place `near`: the comparison is signed, as
    /// RFC 9293 §3.4 wants it, so that 2³² is no edge.
    pub(super) fn place(self, near: i64, number: u32) -> i64 {
        let near_number = self.isn.wrapping_add(near as u32);
        near + i64::from(number.wrapping_sub(near_number) as i32)
    }
}
