//! What a supervisor such as systemd hands over and wants to hear: sockets that it has opened
//! (`sd_listen_fds(3)`), and how the service is (`sd_notify(3)`).
//!
//! Both are a few lines of a stable protocol, less than a library for them would bring.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::net::SocketAddr;
use std::os::unix::net::UnixDatagram;

use crate::Operation;
use crate::SystemError;
use crate::sys;

/// The sockets that were handed over to this process, if any were. They are handed out once: a
/// second call gives none. Children get none, because the variables name this process and the
/// sockets are closed in a child; so the variables may stay as they are.
///
/// # Errors
/// When a descriptor that was promised is not there.
pub(crate) fn inherited_sockets() -> Result<Vec<OwnedFd>, SystemError> {
    let variable = |name| std::env::var(name).ok();
    let count = promised(
        variable("LISTEN_PID").as_deref(),
        variable("LISTEN_FDS").as_deref(),
        std::process::id(),
    );
    sys::inherited(count).map_err(SystemError::new(Operation::Open, "LISTEN_FDS"))
}

fn promised(pid: Option<&str>, count: Option<&str>, own: u32) -> u16 {
    let number = |text: Option<&str>| text?.parse::<u32>().ok();
    if number(pid) != Some(own) {
        return 0;
    }
    number(count)
        .and_then(|count| count.try_into().ok())
        .unwrap_or(0)
}

/// The line to the supervisor.
#[derive(Debug)]
pub struct Notifier(UnixDatagram);

impl Notifier {
    /// Connects to the supervisor that `NOTIFY_SOCKET` names. `None` if it names none. Connect
    /// before confining: a confined process may not be able to.
    ///
    /// # Errors
    /// When no supervisor listens at that address.
    pub fn from_environment() -> Result<Option<Self>, SystemError> {
        let named = std::env::var_os("NOTIFY_SOCKET").filter(|name| !name.is_empty());
        named.map(|name| Self::connect(&name)).transpose()
    }

    fn connect(name: &OsStr) -> Result<Self, SystemError> {
        let connected = address(name).and_then(|address| {
            let socket = UnixDatagram::unbound()?;
            socket.connect_addr(&address)?;
            socket.set_nonblocking(true)?;
            Ok(Self(socket))
        });
        connected.map_err(SystemError::new(Operation::Connect, name.display()))
    }

    /// The service is up; `status` is shown to users who ask the supervisor.
    pub fn ready(&self, status: &str) {
        self.tell(&format!("READY=1\nSTATUS={}", one_line(status)));
    }

    /// The service is on its way down.
    pub fn stopping(&self, status: &str) {
        self.tell(&format!("STOPPING=1\nSTATUS={}", one_line(status)));
    }

    /// A supervisor that does not listen is no reason to stop serving.
    fn tell(&self, state: &str) {
        let _ = self.0.send(state.as_bytes());
    }
}

fn address(name: &OsStr) -> io::Result<SocketAddr> {
    match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(OsString::from(name)),
        _ => Err(io::ErrorKind::Unsupported.into()), // vsock:, for virtual machines
    }
}

/// A line break would begin another assignment.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_ours_only_if_our_number_is_named() {
        assert_eq!(promised(Some("7"), Some("2"), 7), 2);
        assert_eq!(promised(Some("8"), Some("2"), 7), 0);
        assert_eq!(promised(None, Some("2"), 7), 0);
        assert_eq!(promised(Some("7"), None, 7), 0);
        assert_eq!(promised(Some("7"), Some("many"), 7), 0);
        assert_eq!(promised(Some("7"), Some("-1"), 7), 0);
        assert_eq!(promised(Some("7"), Some("70000"), 7), 0);
    }

    #[test]
    fn a_supervisor_by_abstract_name() {
        let name = format!("lineman-test-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).expect("a name");
        let supervisor = UnixDatagram::bind_addr(&address).expect("bind");
        let notifier = Notifier::connect(OsStr::new(&format!("@{name}"))).expect("connect");
        notifier.ready("serving\nREADY=0");
        let mut heard = [0; 64];
        let len = supervisor.recv(&mut heard).expect("a datagram");
        assert_eq!(&heard[..len], b"READY=1\nSTATUS=serving READY=0");
    }

    #[test]
    fn nobody_there_is_an_error_that_names_the_socket() {
        let error = Notifier::connect(OsStr::new("/nonexistent/notify")).expect_err("nobody");
        assert!(error.to_string().contains("/nonexistent/notify"), "{error}");
        assert!(Notifier::connect(OsStr::new("vsock:2:1")).is_err());
    }
}
