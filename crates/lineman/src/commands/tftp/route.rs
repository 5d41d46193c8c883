//! The operator's rules: read at the start of `lineman tftp serve`, shown by `lineman tftp route`, and told of in
//! the log.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;

use lineman_net::Elsewhere;
use lineman_net::Neighbours;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::tftp::Controller;
use lineman_net::tftp::ControllerError;
use lineman_net::tftp::Directory;
use lineman_net::tftp::Refusal;
use lineman_net::tftp::Routed;
use lineman_net::tftp::RoutedTo;
use lineman_net::tftp::Routing;
use lineman_net::tftp::Source;
use lineman_net::tftp::Store;
use lineman_net::tftp::WritePolicy;
use lineman_objects::Controllers;
use lineman_objects::Location;
use lineman_proto::text::visible;
use lineman_proto::text::visible_bytes;
use lineman_proto::text::visible_lines;
use lineman_proto::tftp::Direction;
use lineman_proto::tftp::Mode;
use lineman_proto::tftp::Options;
use lineman_proto::tftp::route::Asking;
use lineman_proto::tftp::route::Decision;
use lineman_proto::tftp::route::MapProblem;
use lineman_proto::tftp::route::NameMap;
use lineman_proto::tftp::route::PatternError;
use lineman_proto::tftp::route::Routes;
use lineman_proto::tftp::route::Serve;
use lineman_proto::tftp::route::Undecided;
use lineman_proto::tftp::route::Unfilled;
use serde_json::json;

use super::words;
use crate::args::tftp;
use crate::args::tftp::ShowRoute;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tftp::Tftp;
use crate::log::Level;

/// The rules of a server, and whom they ask.
pub struct Prepared {
    routes: Routes,
    neighbours: Option<Neighbours>,
    controllers: Option<Controllers>,
}

impl Prepared {
    /// The sources that rules lead to, beside the files that are served.
    pub fn sources(&self) -> Vec<Arc<str>> {
        self.routes.sources().into_iter().cloned().collect()
    }

    /// What the server needs for its controllers.
    pub fn elsewhere(&self) -> Elsewhere {
        let controllers = self.controllers.as_ref();
        let elsewhere = controllers.map(|it| it.elsewhere().clone());
        elsewhere.unwrap_or_default()
    }

    /// With all sources that rules lead to.
    pub fn with(self, sources: HashMap<Arc<str>, Arc<dyn Store>>) -> Routing {
        let controllers = self.controllers;
        let controller = controllers.map(|it| Arc::new(it) as Arc<dyn Controller>);
        Routing::new(self.routes, self.neighbours, controller, sources)
    }
}

/// Reads the rules.
///
/// # Errors
/// Where the map cannot be read or is none, or the system does not tell of neighbours.
pub fn prepare(args: &tftp::Routing, lang: Lang) -> Result<Prepared, Failure> {
    let routes = read(args, lang)?;
    let neighbours = routes.needs_mac().then(Neighbours::open).transpose();
    let neighbours = neighbours
        .map_err(SystemError::new(Operation::Open, "the neighbour table"))
        .map_err(|error| Failure::system(&error, lang))?;
    let has_controllers = routes.controllers().next().is_some();
    let controllers = has_controllers.then(|| Controllers::new(routes.controllers()));
    let controllers = controllers
        .transpose()
        .map_err(SystemError::new(Operation::Open, "the certificates"))
        .map_err(|error| Failure::system(&error, lang))?;
    Ok(Prepared {
        routes,
        neighbours,
        controllers,
    })
}

fn read(args: &tftp::Routing, lang: Lang) -> Result<Routes, Failure> {
    let map = args.map.as_deref().map(|path| read_map(path, lang));
    Ok(Routes {
        map: map.transpose()?.unwrap_or_default(),
        routes: args.route.clone(),
    })
}

fn read_map(path: &Path, lang: Lang) -> Result<NameMap, Failure> {
    let file = &path.display();
    let system = |error: SystemError| Failure::system(&error, lang);
    let opened = File::open(path)
        .map_err(SystemError::new(Operation::Open, file))
        .map_err(system)?;
    let mut text = Vec::new();
    opened
        .take(MOST_MAP + 1)
        .read_to_end(&mut text)
        .map_err(SystemError::new(Operation::Open, file))
        .map_err(system)?;
    if text.len() as u64 > MOST_MAP {
        let limit = &words::size(MOST_MAP as f64);
        return Err(Failure::usage(&Tftp::MapTooLong { file, limit }, lang));
    }
    NameMap::parse(&text).map_err(|error| {
        let what = &map_problem(&error.problem, lang);
        let line = &error.line;
        Failure::usage(&Tftp::BadMap { file, line, what }, lang)
    })
}

fn map_problem(problem: &MapProblem, lang: Lang) -> String {
    match problem {
        MapProblem::Letter(letter) => Tftp::MapLetter { letter }.render(lang),
        MapProblem::NoRegex => Tftp::MapNoRegex {}.render(lang),
        MapProblem::Excess => Tftp::MapExcess {}.render(lang),
        MapProblem::Regex(PatternError::Syntax(what)) => Tftp::MapRegex { what }.render(lang),
        MapProblem::Regex(_) => Tftp::MapRegexTooLarge {}.render(lang),
        MapProblem::BackReference => Tftp::MapBackReference {}.render(lang),
        MapProblem::NoSuchPart(part) => Tftp::MapNoSuchPart { part }.render(lang),
        MapProblem::InverseReplace => Tftp::MapInverseReplace {}.render(lang),
        MapProblem::RepeatsNothing => Tftp::MapRepeatsNothing {}.render(lang),
        _ => Tftp::MapUndefined {}.render(lang),
    }
}

/// Shows what each name would get.
pub fn run(args: &ShowRoute, console: Console) -> Result<(), Failure> {
    let lang = console.lang;
    let routes = read(&args.routing, lang)?;
    let root = args.root.as_deref().map(|root| open_root(root, lang));
    let root = root.transpose()?;
    let neighbours = match args.mac {
        None if routes.needs_mac() => Neighbours::open().ok(),
        _ => None,
    };
    let mac = args
        .mac
        .or_else(|| neighbours.and_then(|table| table.mac(args.from)));
    let mut options = Vec::new();
    for name in args.asks.split('+').filter(|name| !name.is_empty()) {
        options.extend_from_slice(name.as_bytes());
        options.extend_from_slice(b"\x000\0"); // its value does not matter
    }
    for name in &args.names {
        let asking = Asking {
            name: name.as_bytes(),
            direction: if args.write {
                Direction::Write
            } else {
                Direction::Read
            },
            ip: args.from,
            mac,
            server: args.server,
            options: Options::new(&options),
        };
        let decided = routes.decide(&asking);
        let decided = by_found(decided, &routes, &asking, root.as_ref());
        let serve = decided.as_ref().ok().map(|decision| &decision.serve);
        let found = match (serve, &root) {
            _ if args.write => None,
            (Some(Serve::File(path)), Some(root)) => Some(look(root, path)),
            // A store behind a network is not asked: this shows what rules say.
            (Some(Serve::FileOf { source, name }), Some(_)) if !Location::is_address(source) => {
                Some(look(&open_root(Path::new(&**source), lang)?, name))
            }
            _ => None,
        };
        show(name, &decided, found.as_ref(), console)?;
    }
    Ok(())
}

/// The store may find a file by another name, for which another rule holds.
fn by_found(
    decided: Result<Decision, Undecided>,
    routes: &Routes,
    asking: &Asking<'_>,
    root: Option<&Directory>,
) -> Result<Decision, Undecided> {
    let asked = match &decided {
        Ok(decision) if !decision.is_claimed() => &decision.serve,
        _ => return decided,
    };
    let (Serve::File(asked), Some(root)) = (asked, root) else {
        return decided;
    };
    let Some(name) = Store::found_as(root, asked, asking.direction) else {
        return decided;
    };
    let found = routes.decide(&Asking {
        name: &name,
        ..*asking
    });
    match &found {
        Ok(decision) if !decision.is_claimed() => decided,
        _ => found,
    }
}

fn open_root(root: &Path, lang: Lang) -> Result<Directory, Failure> {
    Directory::open(root, WritePolicy::Refuse, 0, false)
        .map_err(|error| Failure::system(&error, lang))
}

fn look(root: &Directory, path: &[u8]) -> Result<Option<u64>, Refusal> {
    let (answer, answered) = mpsc::channel();
    let take = move |opened: Result<Source, Refusal>| {
        let _ = answer.send(opened); // it is waited for
    };
    root.open(path, Mode::Octet, Box::new(take));
    let opened = answered.recv().unwrap_or(Err(Refusal::NotAFile));
    opened.map(|source| source.length())
}

fn show(
    name: &str,
    decided: &Result<Decision, Undecided>,
    found: Option<&Result<Option<u64>, Refusal>>,
    console: Console,
) -> Result<(), Failure> {
    let lang = console.lang;
    if console.json {
        let decision = decided.as_ref().ok();
        let routed = decision.and_then(|it| routed(name, it));
        let text = match decision.map(|decision| &decision.serve) {
            Some(Serve::Text(text)) => Some(shown(text)),
            _ => None,
        };
        return console.tell(
            "route",
            json!({
                "name": visible(name),
                "route": routed.as_ref().and_then(|it| it.route).map(|nth| nth + 1),
                "served": routed.as_ref().map(target),
                "served_text": text,
                "refused": decided.as_ref().err().map(|why| undecided(*why, lang)),
                "found": found.map(Result::is_ok),
                "bytes": found.and_then(|found| found.as_ref().ok().copied().flatten()),
            }),
        );
    }
    let what = match decided {
        Err(why) => undecided(*why, lang),
        Ok(decision) => match routed(name, decision) {
            Some(routed) => led_to(&routed, lang),
            None => Tftp::RouteNone {}.render(lang),
        },
    };
    print(
        &Tftp::RouteOf {
            name: &visible(name),
            what: &what,
        }
        .render(lang),
        console,
    )?;
    if let Ok(Decision {
        serve: Serve::Text(text),
        ..
    }) = decided
    {
        print(&shown(text), console)?;
    }
    match found {
        None => Ok(()),
        Some(Ok(length)) => {
            let size = &words::size(length.unwrap_or(0) as f64);
            print(&Tftp::RouteFound { size }.render(lang), console)
        }
        Some(Err(refusal)) => {
            let reason = &words::refused(refusal, lang);
            print(&Tftp::RouteNotFound { reason }.render(lang), console)
        }
    }
}

/// Where it leads; `None` where the name stands for itself.
fn routed(name: &str, decision: &Decision) -> Option<Routed> {
    let stands = decision.route.is_none() && decision.serve == Serve::File(name.into());
    (!stands).then(|| Routed::from(decision))
}

fn shown(text: &[u8]) -> String {
    visible_lines(&String::from_utf8_lossy(text)).into_owned()
}

fn print(line: &str, console: Console) -> Result<(), Failure> {
    console.print(format!("{line}\n"))
}

/// Which route it was and where it led: `route 2: boards/7/kernel`.
pub fn led_to(routed: &Routed, lang: Lang) -> String {
    let to = &match &routed.to {
        RoutedTo::Text => Tftp::RouteText {}.render(lang),
        RoutedTo::Nothing => Tftp::RouteRefuses {}.render(lang),
        _ => target(routed),
    };
    match routed.route {
        Some(nth) => Tftp::Route {
            number: &(nth + 1),
            to,
        }
        .render(lang),
        None => Tftp::Mapped { to }.render(lang),
    }
}

/// What was served instead of the name: a path, a URL, `text` or `nothing`.
pub fn target(routed: &Routed) -> String {
    match &routed.to {
        RoutedTo::File(path) => visible_bytes(path),
        RoutedTo::FileOf { source, name } => {
            format!("{} {}", visible(source), visible_bytes(name))
        }
        RoutedTo::Controller(url) => visible(url).into_owned(),
        RoutedTo::Text => "text".to_owned(),
        _ => "nothing".to_owned(),
    }
}

/// Why the rules lead nowhere.
pub fn undecided(why: Undecided, lang: Lang) -> String {
    match why {
        Undecided::MapDidNotEnd => Tftp::MapDidNotEnd {}.render(lang),
        Undecided::Unfilled { route, why } => {
            let number = &(route + 1);
            match why {
                Unfilled::Control => Tftp::RouteControl { number }.render(lang),
                Unfilled::Dots => Tftp::RouteDots { number }.render(lang),
                _ => Tftp::RouteTooLong { number }.render(lang),
            }
        }
        _ => Tftp::ByRule {}.render(lang),
    }
}

/// What a controller did instead of answering.
pub fn controller(why: &ControllerError, lang: Lang) -> String {
    match why {
        ControllerError::Declined => Tftp::ControllerDeclined {}.render(lang),
        ControllerError::Status(status) => Tftp::ControllerStatus { status }.render(lang),
        ControllerError::TimedOut => Tftp::ControllerTimedOut {}.render(lang),
        ControllerError::Empty => Tftp::ControllerEmpty {}.render(lang),
        ControllerError::Busy { limit } => Tftp::ControllerBusy { limit }.render(lang),
        ControllerError::Html => Tftp::ControllerHtml {}.render(lang),
        ControllerError::TooLong { limit } => {
            let limit = &words::size(*limit as f64);
            Tftp::ControllerTooLong { limit }.render(lang)
        }
        ControllerError::Unreachable(why) => {
            let why = &visible(why);
            Tftp::ControllerUnreachable { why }.render(lang)
        }
        _ => why.to_string(),
    }
}

/// A controller gave nothing, and a file is served instead.
pub fn fell_back(peer: &SocketAddr, fallback: &[u8], why: &ControllerError, console: Console) {
    let file = &visible_bytes(fallback);
    let why = &controller(why, console.lang);
    let sentence = Tftp::FellBack { peer, file, why }.render(console.lang);
    let fields = json!({ "peer": peer.to_string(), "file": file, "why": why });
    console.record(Level::Warning, "fell-back", &sentence, fields);
}

/// The longest map, in bytes: some ten thousand rules, and each is tried for each name.
const MOST_MAP: u64 = 1 << 20;
