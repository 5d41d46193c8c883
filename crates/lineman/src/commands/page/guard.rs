//! Who may ask for the page.
//!
//! The page can drive a lab, so no other page may ask in its name: a request needs the token of the address (which no other
//! site knows), a Host that is this machine's loopback (against DNS rebinding) and, where a browser says which page asks, an
//! Origin that is the page's own (against cross-site requests).

use std::fmt::Write as _;
use std::io;
use std::net::SocketAddr;

use rustix::rand::GetRandomFlags;
use rustix::rand::getrandom;

/// What a request must have.
#[derive(Clone, Debug)]
pub(super) struct Guard {
    at: SocketAddr,
    token: String,
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It has not the token.
    Token,
    /// It is for another host.
    Host,
    /// Another page asks.
    Origin,
}

impl Refused {
    /// In a word, for the answer.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Host => "host",
            Self::Origin => "origin",
        }
    }
}

impl Guard {
    /// For a server at an address, with a token of its own.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub(super) fn new(at: SocketAddr) -> io::Result<Self> {
        let mut bytes = [0; TOKEN];
        let mut done = 0;
        while done < bytes.len() {
            done += getrandom(&mut bytes[done..], GetRandomFlags::empty())?;
        }
        let mut token = String::new();
        for byte in bytes {
            let _ = write!(token, "{byte:02x}"); // a string takes everything
        }
        Ok(Self { at, token })
    }

    /// The page's address.
    pub(super) fn address(&self) -> String {
        format!("http://{}/{}/", self.at, self.token)
    }

    /// Whether a request with this token, `Host` and `Origin` may be answered.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn check(
        &self,
        token: &str,
        host: Option<&str>,
        origin: Option<&str>,
    ) -> Result<(), Refused> {
        if !self.is_own(host.unwrap_or_default()) {
            return Err(Refused::Host);
        }
        let is_own = |origin: &str| {
            origin
                .strip_prefix("http://")
                .is_some_and(|it| self.is_own(it))
        };
        if !origin.is_none_or(is_own) {
            return Err(Refused::Origin);
        }
        match is_same(token.as_bytes(), self.token.as_bytes()) {
            true => Ok(()),
            false => Err(Refused::Token),
        }
    }

    fn is_own(&self, authority: &str) -> bool {
        let port = self.at.port();
        authority == self.at.to_string() || authority == format!("localhost:{port}")
    }
}

/// Takes as long wherever the first difference is.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differs = |(one, other): (&u8, &u8)| one ^ other;
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .map(differs)
            .fold(0, |all, it| all | it)
            == 0
}

/// Random bytes of a token: as many as those of a session cookie that cannot be guessed.
const TOKEN: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_page_itself_may_ask() {
        let guard = Guard::new(SocketAddr::from(([127, 0, 0, 1], 8080))).expect("random bytes");
        let token = guard.token.clone();
        let check = |token: &str, host: Option<&str>, origin: Option<&str>| {
            guard.check(token, host, origin)
        };
        for host in ["127.0.0.1:8080", "localhost:8080"] {
            assert_eq!(check(&token, Some(host), None), Ok(()));
            let origin = format!("http://{host}");
            assert_eq!(check(&token, Some(host), Some(&origin)), Ok(()));
        }
        let own = Some("127.0.0.1:8080");
        for host in [
            None,
            Some("127.0.0.1"),
            Some("127.0.0.1:80"),
            Some("evil.example:8080"),
            Some(""),
        ] {
            assert_eq!(check(&token, host, None), Err(Refused::Host), "{host:?}");
        }
        for origin in [
            "http://evil.example",
            "https://127.0.0.1:8080",
            "null",
            "http://127.0.0.1:8081",
            "",
        ] {
            assert_eq!(
                check(&token, own, Some(origin)),
                Err(Refused::Origin),
                "{origin}"
            );
        }
        for wrong in [
            "",
            "0",
            &token[1..],
            &token
                .to_uppercase()
                .replace(|c: char| c.is_ascii_digit(), "x"),
        ] {
            assert_eq!(check(wrong, own, None), Err(Refused::Token), "{wrong}");
        }
    }

    #[test]
    fn no_two_have_one_token() {
        let at = SocketAddr::from(([127, 0, 0, 1], 8080));
        let (one, other) = (
            Guard::new(at).expect("random"),
            Guard::new(at).expect("random"),
        );
        assert_ne!(one.token, other.token);
        assert_eq!(one.token.len(), 2 * TOKEN);
    }
}
