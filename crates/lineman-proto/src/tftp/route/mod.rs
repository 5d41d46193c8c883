//! Which file a request gets: rules of an operator between the name that a client asks for and what it
//! is served.
//!
//! First the [`NameMap`] rewrites the name, as tftpd-hpa does; then the first [`Route`] that claims it
//! says what is served; and a name that no route claims is the path of a file, as without routes. Nothing
//! here opens anything: what comes out is a path that the store resolves beneath its root, a text, or a
//! question for a controller.

mod mac;
mod map;
mod pattern;
mod rule;
mod template;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use super::Direction;
use super::Options;
use super::clean;
use super::unpadded;
use super::without_dots;
use crate::wire::Mac;

pub use mac::MacError;
pub use mac::MacPrefix;
pub use map::MapError;
pub use map::MapProblem;
pub use map::Mapped;
pub use map::NameMap;
pub use pattern::PatternError;
pub use rule::Route;
pub use rule::RouteError;
pub use template::TemplateError;
pub use template::Unfilled;

/// Who asks for what, as far as rules look at it.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The name as it came.
    pub name: &'a [u8],
    /// Which way the file goes.
    pub direction: Direction,
    /// The client's address.
    pub ip: IpAddr,
    /// The client's link-layer address, where it is known.
    pub mac: Option<Mac>,
    /// The address that the client has asked.
    pub server: IpAddr,
    /// The options of the request.
    pub options: Options<'a>,
}

/// All rules, in their order.
#[derive(Clone, Debug, Default)]
pub struct Routes {
    /// Rewrites names before any route sees them.
    pub map: NameMap,
    /// The first that claims a name serves it.
    pub routes: Vec<Route>,
}

/// What a request is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The route that claimed the name, counted from 0; `None` where none did.
    pub route: Option<usize>,
    /// What is served.
    pub serve: Serve,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Serve {
    /// A file, by its name beneath the root.
    File(Vec<u8>),
    /// A file of another source.
    FileOf {
        /// The source, as the operator has written it: a directory, or a store's address.
        source: Arc<str>,
        /// The file's name in it.
        name: Vec<u8>,
    },
    /// These bytes.
    Text(Vec<u8>),
    /// What a controller answers to a GET.
    Controller {
        /// Whom to ask.
        url: String,
        /// How long it may take.
        timeout: Duration,
        /// The file to serve where it does not answer.
        fallback: Option<Vec<u8>>,
    },
    /// Nothing: the client is told that it may not have it.
    Nothing,
}

/// Why a request gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Undecided {
    /// The map's rules did not come to an end.
    MapDidNotEnd,
    /// What the route serves cannot be said for this client.
    Unfilled {
        /// The route, counted from 0.
        route: usize,
        /// Why.
        why: Unfilled,
    },
}

impl Decision {
    /// Whether a rule has decided it, not the name alone.
    pub fn is_claimed(&self) -> bool {
        self.route.is_some() || self.serve == Serve::Nothing
    }
}

impl Routes {
    /// Whether every name stands for itself.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty() && self.routes.is_empty()
    }

    /// Whether the client's link-layer address matters: to know it costs a question to the system.
    pub fn needs_mac(&self) -> bool {
        self.routes.iter().any(Route::needs_mac)
    }

    /// The addresses of all controllers, each with its scheme: `http://boot.example:8080`.
    pub fn controllers(&self) -> impl Iterator<Item = &str> {
        self.routes.iter().filter_map(Route::controller)
    }

    /// The other sources of files, each once.
    pub fn sources(&self) -> Vec<&Arc<str>> {
        let mut all: Vec<_> = self.routes.iter().filter_map(Route::source).collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// What this request is answered with.
    ///
    /// # Errors
    /// Where the rules give nothing that could be served.
    pub fn decide(&self, asking: &Asking<'_>) -> Result<Decision, Undecided> {
        let name: Cow<'_, [u8]> = match self.map.apply(asking) {
            Mapped::Name(name) => name,
            Mapped::Refused => {
                return Ok(Decision {
                    route: None,
                    serve: Serve::Nothing,
                });
            }
            Mapped::Endless => return Err(Undecided::MapDidNotEnd),
        };
        let path = clean(&name).unwrap_or_default();
        // What is decided is what will be opened: `a/../b` is `b`. What leads above the root is no route's: no store opens it.
        let unclaimed = Decision {
            route: None,
            serve: Serve::File(name.into_owned()),
        };
        let Some(direct) = without_dots(unpadded(&path)) else {
            return Ok(unclaimed);
        };
        let is_direct = direct == unpadded(&path);
        let asking = &Asking {
            name: &direct,
            ..*asking
        };
        for (nth, route) in self.routes.iter().enumerate() {
            let Some(matched) = route.claims(asking) else {
                continue;
            };
            let serve = route.serve(asking, &matched);
            let serve = serve.map_err(|why| Undecided::Unfilled { route: nth, why })?;
            return Ok(Decision {
                route: Some(nth),
                serve,
            });
        }
        match is_direct || self.is_empty() {
            true => Ok(unclaimed),
            false => Ok(Decision {
                serve: Serve::File(direct),
                ..unclaimed
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn asking<'a>(name: &'a [u8], ip: &str) -> Asking<'a> {
        Asking {
            name,
            direction: Direction::Read,
            ip: ip.parse().expect(ip),
            mac: None,
            server: IpAddr::from([192, 0, 2, 1]),
            options: Options::default(),
        }
    }

    fn routes(texts: &[&str]) -> Routes {
        Routes {
            map: NameMap::default(),
            routes: texts.iter().map(|text| text.parse().expect(text)).collect(),
        }
    }

    fn decided(routes: &Routes, asking: &Asking<'_>) -> (Option<usize>, String) {
        let decision = routes.decide(asking).expect("decision");
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        let serve = match decision.serve {
            Serve::File(path) => text(path),
            Serve::FileOf { source, name } => format!("{source}: {}", text(name)),
            Serve::Text(bytes) => format!("text: {}", text(bytes)),
            Serve::Controller { url, .. } => url,
            Serve::Nothing => "nothing".to_owned(),
        };
        (decision.route, serve)
    }

    #[test]
    fn the_first_route_that_claims_a_name_serves_it() {
        let routes = routes(&[
            "from=192.0.2.7,name=*.cfg,path=boards/seven/{name.1}",
            "mac=52:54:00:*,name=*.cfg,path=boards/{client.mac.hyphens}.cfg",
            "asks=timeout+tsize,path=uboot/{name}",
            "regex=^v([0-9]+)/(kernel|initrd)$,path=images/{name.2}-{name.1}",
            "name=secret/**,refuse",
            "name=boot.ipxe,text=#!ipxe",
            "name=iso/*,source=s3://images/v1,path={name.1}.iso",
            "name=old/**,source=/srv/old",
            "name=auto/*,url=http://boot.example/{name.1}?ip={client.ip},timeout=0.5,fallback=default.cfg",
        ]);
        let asked = |name: &'static [u8], ip: &str| decided(&routes, &asking(name, ip));
        assert_eq!(
            asked(b"/a.cfg", "192.0.2.7"),
            (Some(0), "boards/seven/a".to_owned())
        );
        assert_eq!(asked(b"a.cfg", "192.0.2.8"), (None, "a.cfg".to_owned()));
        let known = Asking {
            mac: "52:54:00:00:00:09".parse().ok(),
            ..asking(b"a.cfg", "192.0.2.8")
        };
        assert_eq!(
            decided(&routes, &known),
            (Some(1), "boards/52-54-00-00-00-09.cfg".to_owned())
        );
        let uboot = Asking {
            options: Options::new(b"timeout\x005\0tsize\x000\0"),
            ..asking(b"Image", "192.0.2.8")
        };
        assert_eq!(
            decided(&routes, &uboot),
            (Some(2), "uboot/Image".to_owned())
        );
        assert_eq!(
            asked(b"\\v12\\initrd\xff\xff", "192.0.2.8"),
            (Some(3), "images/initrd-12".to_owned())
        );
        assert_eq!(
            asked(b"secret/a/b", "192.0.2.8"),
            (Some(4), "nothing".to_owned())
        );
        assert_eq!(
            asked(b"boot.ipxe", "192.0.2.8"),
            (Some(5), "text: #!ipxe".to_owned())
        );
        assert_eq!(
            asked(b"auto/n1", "::ffff:192.0.2.8"),
            (Some(8), "http://boot.example/n1?ip=192.0.2.8".to_owned())
        );
        assert_eq!(
            asked(b"/iso/a", "192.0.2.8"),
            (Some(6), "s3://images/v1: a.iso".to_owned())
        );
        assert_eq!(
            asked(b"/old/a/b", "192.0.2.8"),
            (Some(7), "/srv/old: old/a/b".to_owned())
        );
        let sources: Vec<_> = routes.sources().into_iter().map(|it| &**it).collect();
        assert_eq!(sources, ["/srv/old", "s3://images/v1"]);
        // Without a link-layer address nothing that needs one is claimed.
        let unknown = asking(b"mac.cfg", "192.0.2.8");
        let needy = self::routes(&["path={client.mac}", "path=default"]);
        assert_eq!(decided(&needy, &unknown), (Some(1), "default".to_owned()));
        // As it came: the store knows more about padding and paths of servers than rules do.
        assert_eq!(asked(b"/x\xff", "192.0.2.8").0, None);
    }

    /// `sub/../secret/key` was served, though a route refused `secret/**`.
    #[test]
    fn dots_lead_past_no_route() {
        let routes = routes(&["name=secret/**,refuse", "name=**,path=images/{name}"]);
        let asked = |name: &'static [u8]| decided(&routes, &asking(name, "192.0.2.7"));
        for name in [
            &b"secret/key"[..],
            b"sub/../secret/key",
            b"\\sub\\..\\secret\\key",
            b"/a/b/../.././secret//x/../key\xff",
        ] {
            assert_eq!(asked(name), (Some(0), "nothing".to_owned()), "{name:?}");
        }
        assert_eq!(asked(b"a/../b"), (Some(1), "images/b".to_owned()));
        // Above the root no store opens anything, and `images/../..` would be beneath it.
        for name in [&b"../secret/key"[..], b"a/../../b", b".."] {
            let as_asked = String::from_utf8_lossy(name).into_owned();
            assert_eq!(asked(name), (None, as_asked), "{name:?}");
        }
        let few = self::routes(&["name=secret/**,refuse"]);
        let asked = |name: &'static [u8]| decided(&few, &asking(name, "192.0.2.7"));
        assert_eq!(
            asked(b"link/../b"),
            (None, "b".to_owned()),
            "what was judged"
        );
    }

    #[test]
    fn a_map_rewrites_the_name_before_routes_see_it() {
        let map = NameMap::parse(b"r ^old/ new/\na ^closed\n").expect("map");
        let routes = Routes {
            map,
            ..routes(&["name=new/*,path=images/{name.1}"])
        };
        let asked = |name: &'static [u8]| decided(&routes, &asking(name, "192.0.2.7"));
        assert_eq!(asked(b"old/k"), (Some(0), "images/k".to_owned()));
        assert_eq!(asked(b"other/k"), (None, "other/k".to_owned()));
        assert_eq!(asked(b"closed/k"), (None, "nothing".to_owned()));
    }

    #[test]
    fn routes_are_for_reading_unless_they_say_otherwise() {
        let routes = routes(&[
            "name=*,path=images/{name}",
            "name=*,write,path=uploads/{client.ip}/{name}",
        ]);
        let write = Asking {
            direction: Direction::Write,
            ..asking(b"dump", "192.0.2.7")
        };
        assert_eq!(
            decided(&routes, &write),
            (Some(1), "uploads/192.0.2.7/dump".to_owned())
        );
        assert_eq!(decided(&routes, &asking(b"dump", "192.0.2.7")).0, Some(0));
    }
}
