//! Error codes.

use std::fmt;

/// The code of an ERROR packet (RFC 1350 appendix I, RFC 2347).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorCode(pub u16);

impl ErrorCode {
    /// Not defined, see the message.
    pub const NOT_DEFINED: Self = Self(0);
    /// File not found.
    pub const NOT_FOUND: Self = Self(1);
    /// Access violation.
    pub const ACCESS: Self = Self(2);
    /// Disk full or allocation exceeded.
    pub const DISK_FULL: Self = Self(3);
    /// Illegal TFTP operation.
    pub const ILLEGAL: Self = Self(4);
    /// Unknown transfer ID.
    pub const UNKNOWN_TID: Self = Self(5);
    /// File already exists.
    pub const EXISTS: Self = Self(6);
    /// No such user.
    pub const NO_USER: Self = Self(7);
    /// Option negotiation refused (RFC 2347).
    pub const OPTIONS: Self = Self(8);
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match *self {
            Self::NOT_DEFINED => "not defined",
            Self::NOT_FOUND => "file not found",
            Self::ACCESS => "access violation",
            Self::DISK_FULL => "disk full",
            Self::ILLEGAL => "illegal operation",
            Self::UNKNOWN_TID => "unknown transfer id",
            Self::EXISTS => "file exists",
            Self::NO_USER => "no such user",
            Self::OPTIONS => "options refused",
            Self(code) => return write!(f, "error {code}"),
        };
        f.write_str(name)
    }
}
