//! A filter as questions about bytes at offsets in the frame: what is left of it once the link type is known.

use super::expr::Sign;

/// A filter of questions about bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Always(bool),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
    Not(Box<Self>),
    /// A field under a mask, compared with a number.
    Field {
        offset: Offset,
        size: u8,
        mask: u32,
        is: Is,
        value: u32,
    },
    /// Two calculations, compared.
    Relation {
        left: Term,
        is: Is,
        right: Term,
    },
}

/// Where bytes are in the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offset {
    /// So many bytes from the start.
    At(u32),
    /// So many bytes behind the IPv4 header that begins at `header` and says how long it is.
    BehindIpv4 { header: u32, at: u32 },
}

/// How numbers are compared; the other ways are these, negated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Is {
    Equal,
    Greater,
    AtLeast,
}

/// A calculation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Term {
    Number(u32),
    Length,
    /// Bytes at `base`, and further on by what `index` comes to.
    Load {
        base: Offset,
        index: Box<Self>,
        size: u8,
    },
    Apply {
        sign: Sign,
        left: Box<Self>,
        right: Box<Self>,
    },
}

impl Node {
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always(false), _) | (_, Self::Always(false)) => Self::Always(false),
            (Self::Always(true), node) | (node, Self::Always(true)) => node,
            (left, right) => Self::And(left.into(), right.into()),
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Always(true), _) | (_, Self::Always(true)) => Self::Always(true),
            (Self::Always(false), node) | (node, Self::Always(false)) => node,
            (left, right) => Self::Or(left.into(), right.into()),
        }
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::Always(holds) => Self::Always(!holds),
            Self::Not(inner) => *inner,
            node => Self::Not(node.into()),
        }
    }

    /// A field that has this value.
    pub(super) fn equal(at: u32, size: u8, value: u32) -> Self {
        Self::masked(at, size, u32::MAX, value)
    }

    /// A field that has this value under a mask.
    pub(super) fn masked(at: u32, size: u8, mask: u32, value: u32) -> Self {
        let (offset, is) = (Offset::At(at), Is::Equal);
        Self::Field {
            offset,
            size,
            mask,
            is,
            value,
        }
    }
}
