//! The errors of socket calls: their names, their numbers on Linux, and what Python raises for them.

/// Name, number (asm-generic/errno.h), Python's exception (library reference, "OS exceptions").
const ALL: [(&str, u16, &str); 37] = [
    ("EPERM", 1, "PermissionError"),
    ("EINTR", 4, "InterruptedError"),
    ("EIO", 5, "OSError"),
    ("EBADF", 9, "OSError"),
    ("EAGAIN", 11, "BlockingIOError"),
    ("ENOMEM", 12, "OSError"),
    ("EACCES", 13, "PermissionError"),
    ("EFAULT", 14, "OSError"),
    ("EINVAL", 22, "OSError"),
    ("ENFILE", 23, "OSError"),
    ("EMFILE", 24, "OSError"),
    ("EPIPE", 32, "BrokenPipeError"),
    ("EPROTO", 71, "OSError"),
    ("ENOTSOCK", 88, "OSError"),
    ("EDESTADDRREQ", 89, "OSError"),
    ("EMSGSIZE", 90, "OSError"),
    ("EPROTOTYPE", 91, "OSError"),
    ("ENOPROTOOPT", 92, "OSError"),
    ("EPROTONOSUPPORT", 93, "OSError"),
    ("EOPNOTSUPP", 95, "OSError"),
    ("EAFNOSUPPORT", 97, "OSError"),
    ("EADDRINUSE", 98, "OSError"),
    ("EADDRNOTAVAIL", 99, "OSError"),
    ("ENETDOWN", 100, "OSError"),
    ("ENETUNREACH", 101, "OSError"),
    ("ECONNABORTED", 103, "ConnectionAbortedError"),
    ("ECONNRESET", 104, "ConnectionResetError"),
    ("ENOBUFS", 105, "OSError"),
    ("EISCONN", 106, "OSError"),
    ("ENOTCONN", 107, "OSError"),
    ("ESHUTDOWN", 108, "BrokenPipeError"),
    ("ETIMEDOUT", 110, "TimeoutError"),
    ("ECONNREFUSED", 111, "ConnectionRefusedError"),
    ("EHOSTDOWN", 112, "OSError"),
    ("EHOSTUNREACH", 113, "OSError"),
    ("EALREADY", 114, "BlockingIOError"),
    ("EINPROGRESS", 115, "BlockingIOError"),
];

/// What Python raises for an error: `ConnectionRefusedError [Errno 111]`.
pub(super) fn python(name: &str) -> String {
    let known = ALL.iter().find(|(known, ..)| *known == name);
    known.map_or_else(
        || "OSError".to_owned(),
        |(_, number, exception)| format!("{exception} [Errno {number}]"),
    )
}

/// The name of the error with this number.
pub(super) fn name(number: &str) -> Option<&'static str> {
    let number: u16 = number.parse().ok()?;
    let known = ALL.iter().find(|(_, known, _)| *known == number);
    known.map(|(name, ..)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_name_that_python_has_for_it() {
        assert_eq!(python("ECONNREFUSED"), "ConnectionRefusedError [Errno 111]");
        assert_eq!(python("EPIPE"), "BrokenPipeError [Errno 32]");
        assert_eq!(python("EADDRINUSE"), "OSError [Errno 98]");
        assert_eq!(python("ENOSUCHTHING"), "OSError");
    }

    #[test]
    fn a_number_has_its_name() {
        assert_eq!(name("115"), Some("EINPROGRESS"));
        assert_eq!((name("0"), name("-1"), name("x")), (None, None, None));
    }
}
