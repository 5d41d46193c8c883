//! Which `Host` a page answers to.
//!
//! A foreign web site can point its own name at our address, so that a browser asks us in that name (DNS rebinding), and
//! the site then reads the answer. It can do so with a name only: an address cannot be pointed elsewhere.

use std::net::IpAddr;

/// The names that are answered beside addresses and `localhost`.
#[derive(Clone, Debug, Default)]
pub struct Hosts(Vec<String>);

impl Hosts {
    /// These names too, those of this machine for example; letters of any case.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().filter(|name| !name.is_empty()).collect())
    }

    /// Whether a request with this `Host` (RFC 9110 §7.2) may be answered.
    pub fn allows(&self, host: Option<&str>) -> bool {
        let Some(host) = host.and_then(without_port) else {
            return false;
        };
        let literal = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        literal.unwrap_or(host).parse::<IpAddr>().is_ok()
            || host.eq_ignore_ascii_case("localhost")
            || self.0.iter().any(|name| host.eq_ignore_ascii_case(name))
    }
}

fn without_port(host: &str) -> Option<&str> {
    if host.ends_with(']') {
        return Some(host);
    }
    match host.rsplit_once(':') {
        None => Some(host),
        Some((host, port)) => {
            let is_port = port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit());
            is_port.then_some(host)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_others_are_refused() {
        let hosts = Hosts::new(["Boot1".to_owned(), String::new()]);
        for own in [
            "127.0.0.1:6980",
            "10.0.0.1",
            "[::1]:6980",
            "[fe80::1]",
            "localhost:6980",
            "LOCALHOST",
            "boot1:6980",
        ] {
            assert!(hosts.allows(Some(own)), "{own}");
        }
        for other in [
            "evil.example",
            "evil.example:6980",
            "localhost.evil.example",
            "127.0.0.1.evil.example:6980",
            "127.0.0.1:x",
            "127.0.0.1@evil.example",
            "[::1",
            "[evil]",
            ":6980",
            "",
            " ",
        ] {
            assert!(!hosts.allows(Some(other)), "{other}");
        }
        assert!(!hosts.allows(None));
    }
}
