//! The lab's page: a lab's log, or a recorded one, in a browser on this machine.
//!
//! The [`presenter`] turns events into messages, the [`feed`] keeps them numbered, the [`server`] hands them out
//! beside the page's files and takes [`commands`], which the [`driver`] carries out. The [`guard`] says who may ask.

mod browser;
mod commands;
mod driver;
mod feed;
mod guard;
mod learn;
mod presenter;
mod reproduce;
mod server;

use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::sync::Arc;

use clap::ValueEnum;
use lineman_http::Limits;
use lineman_lab::scenarios::Scenario;
use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_trace::learn::Exercise;
use lineman_trace::log::Cursor;
use lineman_trace::log::Hub;
use serde_json::Value;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use self::driver::Driver;
use self::feed::Feed;
use self::guard::Guard;
use self::learn::Paper;
use self::presenter::Page;
use crate::commands::trace::record::Record;
use crate::commands::trace::session;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::page::Page as Words;
use crate::lang::scenarios;
use crate::runtime;
use crate::runtime::Signals;
use crate::views::export::Format;

pub use self::browser::is_there as has_browser;
pub use self::commands::Choice;
pub use self::driver::Lab;
pub use self::reproduce::Reproduce;

/// A log that a page begins to show.
pub struct Begun {
    /// From its beginning.
    pub events: Cursor,
    /// Where it is written to.
    pub record: Option<Record>,
    /// The lab that the page can drive; `None` if everything has happened.
    pub lab: Option<Driven>,
}

/// A lab that the page drives.
pub struct Driven {
    /// It.
    pub lab: Lab,
    /// Whether its wire holds each packet at first.
    pub steps: bool,
    /// Its rules.
    pub rules: String,
    /// What the command is by which it can be had again.
    pub reproduce: Reproduce,
}

/// What begins another lab.
pub type Begin<'b> = &'b mut dyn FnMut(Choice) -> Result<Begun, Failure>;

/// Refuses a page together with `--json`: what reads lines of JSON is a program, and no person looks at a page then.
///
/// # Errors
/// When lines of JSON were asked for.
pub fn check(console: Console) -> Result<(), Failure> {
    match console.json {
        true => Err(Failure::usage(&Words::NotJson {}, console.lang)),
        false => Ok(()),
    }
}

/// Shows a log that no lab makes grow.
///
/// # Errors
/// As [`show`], or when lines of JSON were asked for.
pub fn look(events: Cursor, opens: bool, console: Console) -> Result<(), Failure> {
    check(console)?;
    runtime::block_on(console, async {
        let mut signals = Signals::watch(console.lang)?;
        let begun = Begun {
            events,
            record: None,
            lab: None,
        };
        show(begun, None, opens, &mut signals, console).await
    })
}

/// Lets a learner work on an exercise, which needs no lab and no privilege.
///
/// # Errors
/// As [`show`], or when lines of JSON were asked for.
pub fn work(exercise: &Exercise, opens: bool, console: Console) -> Result<(), Failure> {
    check(console)?;
    let paper = Some(Arc::new(Paper::of(exercise)));
    runtime::block_on(console, async {
        let mut signals = Signals::watch(console.lang)?;
        serve(nothing(), None, paper, opens, &mut signals, console).await
    })
}

/// Shows a log in a browser until a signal comes. With `begin` the page can have another lab in place of the first.
///
/// # Errors
/// When no port can be listened at.
pub async fn show(
    begun: Begun,
    begin: Option<Begin<'_>>,
    opens: bool,
    signals: &mut Signals,
    console: Console,
) -> Result<(), Failure> {
    serve(begun, begin, None, opens, signals, console).await
}

async fn serve(
    begun: Begun,
    mut begin: Option<Begin<'_>>,
    paper: Option<Arc<Paper>>,
    opens: bool,
    signals: &mut Signals,
    console: Console,
) -> Result<(), Failure> {
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
        .await
        .map_err(SystemError::new(Operation::Listen, "127.0.0.1"))
        .map_err(|error| Failure::system(&error, console.lang))?;
    let at = listener
        .local_addr()
        .map_err(|error| Failure::internal(&error, console.lang))?;
    let guard = Guard::new(at).map_err(|error| Failure::internal(&error, console.lang))?;
    let address = guard.address();
    let feed = Feed::default();
    let (orders, inbox) = mpsc::channel(COMMANDS);
    let asked = paper.as_ref().map(|paper| paper.seed());
    let app = server::router(guard, feed.clone(), orders, paper, console.lang);
    let mut driver = Driver::new(inbox, begin.is_some(), console);
    let mut begun = begun;
    let mut page = begin_page(&mut driver, &mut begun, &feed, begin.is_some(), asked);
    // It ends with the runtime, however many streams are open.
    let any_address = |_| true; // only this machine reaches its loopback
    tokio::spawn(lineman_http::serve(
        listener,
        app,
        Limits::default(),
        any_address,
    ));
    // Without the address there is no page: it is told even under --quiet.
    console.warn(&Words::At { address: &address });
    if opens && !browser::open(&address) {
        console.note(&Words::NoBrowser {});
    }
    loop {
        let Begun { events, record, .. } = begun;
        let shown = session::run(events, record, &mut driver, &mut page, signals).await;
        match shown {
            Err(failure) if failure.exit == Exit::Done => return Ok(()),
            Err(failure) => return Err(failure),
            Ok(()) => {}
        }
        let (Some(choice), Some(begin)) = (driver.next(), begin.as_mut()) else {
            return Ok(());
        };
        let next = begin(choice);
        let (next, why) = match next {
            Ok(next) => (next, None),
            Err(failure) => (nothing(), Some(failure.text)),
        };
        begun = next;
        page = begin_page(&mut driver, &mut begun, &feed, true, asked);
        why.into_iter().for_each(|why| page.notice(&why.into()));
    }
}

/// Has the page begin anew.
fn begin_page(
    driver: &mut Driver,
    begun: &mut Begun,
    feed: &Feed,
    may_start: bool,
    asked: Option<u64>,
) -> Page {
    let driven = begun.lab.take();
    let mut session = session_told(driven.as_ref(), may_start);
    // The exercise that is all there is, by its seed.
    session["exercise"] = asked.map(|seed| json!({ "seed": seed.to_string() })).into();
    let (lab, reproduce) = driven.map(|it| (it.lab, it.reproduce)).unzip();
    let known = driver.drive(lab);
    let known = reproduce.is_some().then_some(known);
    Page::new(feed.clone(), &session, reproduce, known)
}

/// What there is to drive.
fn session_told(driven: Option<&Driven>, may_start: bool) -> Value {
    let scenario = driven.and_then(|it| it.reproduce.scenario());
    json!({
        "live": driven.is_some(),
        "step": driven.is_some_and(|it| it.steps),
        // What is not held runs through by itself, and is read at the reader's pace.
        "walk": scenario.is_some() && driven.is_some_and(|it| !it.steps),
        "playing": scenario.is_some(),
        "rules": driven.map_or("", |it| &it.rules),
        "scenario": scenario.map(|it| it.name),
        "ipv6": scenario.is_some_and(Scenario::is_over_ipv6),
        "command": driven.map(|it| it.reproduce.line(&it.rules)),
        "choices": may_start.then(choices),
        "forms": forms(),
    })
}

/// The names of the forms in which the log can be exported.
fn forms() -> Vec<String> {
    let all = Format::value_variants().iter();
    let names = all.filter_map(ValueEnum::to_possible_value);
    names.map(|it| it.get_name().to_owned()).collect()
}

/// All scenarios, in the order in which they are best learnt.
fn choices() -> Vec<Value> {
    let both = |say: fn(&str, Lang) -> Option<&'static str>, name: &str| json!({ "en": say(name, Lang::En), "zh": say(name, Lang::Zh) });
    let all = Scenario::all().map(|it| {
        json!({
            "name": it.name,
            "subject": format!("{:?}", it.subject).to_lowercase(),
            "title": both(scenarios::title, it.name),
            "look": both(scenarios::look, it.name),
        })
    });
    all.collect()
}

/// A log in which nothing happens.
fn nothing() -> Begun {
    let log = Hub::new();
    let events = log.cursor();
    drop(log.sink());
    Begun {
        events,
        record: None,
        lab: None,
    }
}

/// How many commands of the page may wait: a person makes one at a time.
const COMMANDS: usize = 64;
