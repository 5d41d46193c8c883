//! What the client of a store needs of this machine when it is confined: ports, and a few files.

use std::path::PathBuf;

use lineman_net::Elsewhere;
use url::Host;
use url::Url;

/// Ports of TCP, and files, that may be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    endpoint: String,
    /// Ports that may be connected to, anywhere, for Landlock knows no addresses; and what may be read, for
    /// names of hosts and tokens that are renewed.
    elsewhere: Elsewhere,
}

impl Reach {
    /// For a store at this endpoint; without one it is the vendor's own. Without credentials in the
    /// environment they are asked for on the machine's own network.
    pub(crate) fn of(endpoint: Option<&str>, has_credentials: bool) -> Self {
        let url = endpoint.and_then(|it| Url::parse(it).ok());
        let port = url
            .as_ref()
            .and_then(Url::port_or_known_default)
            .unwrap_or(HTTPS);
        let mut ports = vec![port];
        let mut readable = Vec::new();
        let is_literal = url
            .as_ref()
            .is_some_and(|url| matches!(url.host(), Some(Host::Ipv4(_) | Host::Ipv6(_))));
        if !has_credentials {
            ports.extend([HTTP, HTTPS]);
            readable.extend(token_files());
        }
        if !is_literal || !has_credentials {
            ports.push(DNS); // where an answer is too long for UDP
            readable.extend(RESOLVER.iter().map(PathBuf::from));
        }
        ports.sort_unstable();
        ports.dedup();
        Self {
            endpoint: url.map_or_else(String::new, |it| it.to_string()),
            elsewhere: Elsewhere { ports, readable },
        }
    }

    /// What the kernel is to leave open.
    pub(crate) fn elsewhere(&self) -> &Elsewhere {
        &self.elsewhere
    }

    /// The endpoint that was given, if it was.
    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

/// Directories of tokens that are renewed while the server runs, as Kubernetes does.
fn token_files() -> impl Iterator<Item = PathBuf> {
    TOKENS.iter().filter_map(|name| {
        let path = PathBuf::from(std::env::var_os(name)?);
        path.parent().map(PathBuf::from)
    })
}

const HTTP: u16 = 80;
const HTTPS: u16 = 443;
const DNS: u16 = 53;
/// What the C library reads to find the address of a name.
const RESOLVER: [&str; 6] = [
    "/etc",
    "/run/systemd/resolve",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
];
const TOKENS: [&str; 3] = [
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AZURE_FEDERATED_TOKEN_FILE",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_by_its_address_needs_its_port_and_nothing_else() {
        let reach = Reach::of(Some("http://127.0.0.1:8333"), true);
        let Elsewhere { ports, readable } = reach.elsewhere;
        assert_eq!((ports, readable), (vec![8333], vec![]));
    }

    #[test]
    fn a_name_has_to_be_resolved_and_credentials_have_to_be_asked_for() {
        let named = Reach::of(Some("https://store.example"), true);
        assert_eq!(named.elsewhere.ports, [53, 443]);
        assert!(!named.elsewhere.readable.is_empty());
        assert_eq!(Reach::of(None, false).elsewhere.ports, [53, 80, 443]);
    }
}
