//! Any text as an operator's routes and rules of names, and any name asked by any client: reading them is an error or
//! rules, and these come to an end with a name that is bounded, and ask no controller but their own.
#![no_main]

use std::net::IpAddr;

use libfuzzer_sys::fuzz_target;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::route::Asking;
use lineman_proto::tftp::route::NameMap;
use lineman_proto::tftp::route::Route;
use lineman_proto::tftp::route::Routes;
use lineman_proto::tftp::route::Serve;

fuzz_target!(|bytes: &[u8]| {
    // The map, the routes, and what is asked for, with a byte between them that no text has.
    let mut parts = bytes.splitn(4, |&byte| byte == 0xfe);
    let mut part = || parts.next().unwrap_or_default();
    let (map, routes, name, options) = (part(), part(), part(), part());
    let map = NameMap::parse(map);
    if let Err(error) = &map {
        assert!(error.line >= 1);
    }
    let routes: Vec<Route> = String::from_utf8_lossy(routes)
        .lines()
        .filter_map(|line| line.parse().ok())
        .take(16)
        .collect();
    let rules = Routes {
        map: map.unwrap_or_default(),
        routes,
    };
    let controllers: Vec<_> = rules.controllers().collect();
    let sources = rules.sources();
    let clients: [IpAddr; 2] = [
        [192, 0, 2, 7].into(),
        [0x2001, 0xdb8, 0, 0, 0, 0, 0, 7].into(),
    ];
    for (nth, ip) in clients.into_iter().enumerate() {
        let asking = Asking {
            name,
            direction: [Direction::Read, Direction::Write][nth],
            ip,
            mac: (nth == 0)
                .then(|| "52:54:00:12:34:56".parse().ok())
                .flatten(),
            server: [192, 0, 2, 1].into(),
            options: Options::new(options),
        };
        let Ok(decision) = rules.decide(&asking) else {
            continue;
        };
        assert!(
            decision
                .route
                .is_none_or(|route| route < rules.routes.len())
        );
        match decision.serve {
            // As it came, it may be of any length.
            Serve::File(path) => {
                assert!(path.len() <= MOST_NAME.max(name.len()) || decision.route.is_some())
            }
            Serve::FileOf { source, .. } => assert!(sources.contains(&&source)),
            Serve::Controller { url, .. } => {
                assert!(controllers.iter().any(|own| url.starts_with(own)), "{url}");
                assert!(url.bytes().all(|byte| byte.is_ascii_graphic()), "{url:?}");
            }
            Serve::Text(_) | Serve::Nothing => {}
        }
    }
});

/// Bytes of a name that rules have made.
const MOST_NAME: usize = 4096;
