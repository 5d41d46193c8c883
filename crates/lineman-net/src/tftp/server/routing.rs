//! What a request gets by the operator's rules.

use std::collections::HashMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use lineman_proto::tftp::Request;
use lineman_proto::tftp::route::Asking;
use lineman_proto::tftp::route::Decision;
use lineman_proto::tftp::route::Routes;
use lineman_proto::tftp::route::Serve;
use lineman_proto::tftp::route::Undecided;

use crate::Neighbours;
use crate::tftp::Controller;
use crate::tftp::Refusal;
use crate::tftp::Routed;
use crate::tftp::Store;

/// The rules, and what they need to be asked with.
#[derive(Debug, Default)]
pub struct Routing {
    routes: Routes,
    neighbours: Option<Neighbours>,
    pub(super) controller: Option<Arc<dyn Controller>>,
    /// Other sources of files, by what the rules call them.
    sources: HashMap<Arc<str>, Arc<dyn Store>>,
}

impl Routing {
    /// Rules that may look up link-layer addresses in `neighbours`, ask `controller`, and lead to other `sources`, each
    /// by what the rules call it.
    pub fn new(
        routes: Routes,
        neighbours: Option<Neighbours>,
        controller: Option<Arc<dyn Controller>>,
        sources: HashMap<Arc<str>, Arc<dyn Store>>,
    ) -> Self {
        Self {
            sources,
            routes,
            neighbours,
            controller,
        }
    }

    /// The other sources.
    pub(super) fn sources(&self) -> impl Iterator<Item = &Arc<dyn Store>> {
        self.sources.values()
    }

    /// The source of this name; `None` where there is none of it.
    pub(super) fn source(&self, name: &str) -> Option<&Arc<dyn Store>> {
        self.sources.get(name)
    }

    /// Whether there are rules. To ask them is work for the pool: what an operator has written takes its time for
    /// each request, and the system may have to be asked for link-layer addresses.
    pub(super) fn has_rules(&self) -> bool {
        !self.routes.is_empty()
    }

    /// What the request gets by the name under which its file is found, where no rule has claimed the name that was asked for: a store may
    /// know a file by several. In the lane of that name: it may wait for a disk.
    pub(super) fn decide_found(
        &self,
        target: Target,
        store: &dyn Store,
        from: SocketAddr,
        server: IpAddr,
        request: &Request<'_>,
    ) -> Target {
        if !self.has_rules() || target.is_claimed() {
            return target;
        }
        let asked = target.filename(request);
        let Some(found) = store.found_as(asked, request.direction) else {
            return target;
        };
        let request = &Request {
            filename: &found,
            ..*request
        };
        let by_found = self.decide(from, server, request);
        match by_found.is_claimed() {
            true => by_found,
            false => target,
        }
    }

    /// What the request gets. It may wait for other work on the machine's network.
    pub(super) fn decide(&self, from: SocketAddr, server: IpAddr, request: &Request<'_>) -> Target {
        let neighbours = self.neighbours.as_ref().filter(|_| self.routes.needs_mac());
        let asking = Asking {
            name: request.filename,
            direction: request.direction,
            ip: from.ip(),
            mac: neighbours.and_then(|neighbours| neighbours.mac(from.ip())),
            server,
            options: request.options,
        };
        match self.routes.decide(&asking) {
            Err(why) => Target::Nowhere(why),
            Ok(Decision {
                route: None,
                serve: Serve::File(name),
            }) if name == request.filename => Target::AsAsked,
            Ok(decision) => Target::Routed(decision),
        }
    }
}

/// What a request is for.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// The file of the name that was asked for.
    AsAsked,
    /// What the rules say.
    Routed(Decision),
    /// The rules lead nowhere.
    Nowhere(Undecided),
}

impl Target {
    /// The name of the file to be opened; where it is none, that which was asked for.
    pub(super) fn filename<'a>(&'a self, request: &Request<'a>) -> &'a [u8] {
        match self {
            Self::Routed(Decision {
                serve: Serve::File(name) | Serve::FileOf { name, .. },
                ..
            }) => name,
            _ => request.filename,
        }
    }

    /// Whether a rule has decided it, not the name alone.
    fn is_claimed(&self) -> bool {
        match self {
            Self::AsAsked => false,
            Self::Routed(decision) => decision.is_claimed(),
            Self::Nowhere(_) => true,
        }
    }

    /// Whether it is a file of some source.
    pub(super) fn is_file(&self) -> bool {
        match self {
            Self::AsAsked => true,
            Self::Routed(decision) => {
                matches!(decision.serve, Serve::File(_) | Serve::FileOf { .. })
            }
            Self::Nowhere(_) => false,
        }
    }

    /// The other source that its file is in, if it is.
    pub(super) fn source(&self) -> Option<&str> {
        match self {
            Self::Routed(Decision {
                serve: Serve::FileOf { source, .. },
                ..
            }) => Some(source),
            _ => None,
        }
    }

    /// Why it is nothing, if it is.
    pub(super) fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Nowhere(why) => Some(Refusal::NotRoutable(*why)),
            Self::Routed(Decision {
                serve: Serve::Nothing,
                ..
            }) => Some(Refusal::ByRule),
            _ => None,
        }
    }

    /// The text that it is, if it is one.
    pub(super) fn text(&self) -> Option<&[u8]> {
        match self {
            Self::Routed(Decision {
                serve: Serve::Text(text),
                ..
            }) => Some(text),
            _ => None,
        }
    }

    /// The controller that is to be asked, and how.
    pub(super) fn controller(&self) -> Option<(&str, Duration, Option<&[u8]>)> {
        match self {
            Self::Routed(Decision {
                serve:
                    Serve::Controller {
                        url,
                        timeout,
                        fallback,
                    },
                ..
            }) => Some((url, *timeout, fallback.as_deref())),
            _ => None,
        }
    }

    /// What the operator is told of it.
    pub(super) fn routed(&self) -> Option<Routed> {
        let Self::Routed(decision) = self else {
            return None;
        };
        Some(Routed::from(decision))
    }
}
