//! What the system refused when a lab was to be made.

use std::io;

use serde::Deserialize;
use serde::Serialize;

/// What the lab asks of the system, in the order in which it asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Rung {
    /// A user and a network namespace for the lab (unshare(2)). Refused by a sysctl, by the seccomp
    /// filter of a container, or because the process already has threads.
    Unshare,
    /// To be root in there (`/proc/self/uid_map`, user_namespaces(7)).
    UserMap,
    /// A network namespace for each host.
    ChildNamespace,
    /// A pair of network interfaces into each (veth(4)). AppArmor of Ubuntu from 23.10 on lets the
    /// namespaces be made and refuses this.
    Veth,
    /// Addresses, neighbours, interfaces up.
    Configure,
    /// Interfaces that do not leave checksums to hardware (`SIOCETHTOOL`).
    Offload,
    /// Settings of TCP beneath `/proc/sys/net`. Refused where that is mounted read-only.
    Settings,
    /// To see and send frames (packet(7)).
    PacketSocket,
    /// To ask for the state of sockets (sock_diag(7)).
    Diagnosis,
    /// Threads and the like, which are hardly ever refused.
    Resources,
}

impl Rung {
    /// For `map_err`.
    pub(crate) fn refused<E: Into<io::Error>>(self) -> impl FnOnce(E) -> Refusal {
        move |error| Refusal::new(self, &error.into())
    }
}

/// What the system refused, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("the lab cannot be built: {rung:?}: {said}")]
pub struct Refusal {
    /// What was asked.
    pub rung: Rung,
    /// The number of the system's answer (errno(3)), where it is one.
    pub errno: Option<i32>,
    /// The system's answer.
    pub said: String,
}

impl Refusal {
    pub(crate) fn new(rung: Rung, error: &io::Error) -> Self {
        Self {
            rung,
            errno: error.raw_os_error(),
            said: error.to_string(),
        }
    }
}
