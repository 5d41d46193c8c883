//! A store behind a network, for `lineman tftp serve`: what may be typed, and what it says.

use std::path::PathBuf;

use lineman_net::Operation;
use lineman_net::SystemError;
use lineman_net::tftp::StoreFault;
use lineman_objects::CacheConfig;
use lineman_objects::Location;
use lineman_objects::LocationError;
use lineman_objects::Notice;
use lineman_objects::Objects;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;
use serde_json::json;

use super::words::size;
use crate::args::tftp::Serve;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::tftp::Tftp;
use crate::log::Level;

/// The store that is to be served; `None` where it is a directory.
///
/// # Errors
/// When it is an address, and none of a store; or the command line asks for what a store cannot do.
pub fn location(args: &Serve, lang: Lang) -> Result<Option<Location>, Failure> {
    let Some(address) = args.root.to_str().filter(|it| Location::is_address(it)) else {
        return Ok(None);
    };
    if args.write.is_some() {
        return Err(Failure::usage(&Tftp::StoreNoWrite {}, lang));
    }
    parse(address, lang).map(Some)
}

/// The store at an address.
///
/// # Errors
/// When it is the address of none.
pub fn parse(address: &str, lang: Lang) -> Result<Location, Failure> {
    let no_store = |error: LocationError| {
        let error = &match &error {
            LocationError::Scheme(scheme) => Tftp::StoreScheme { scheme }.render(lang),
            LocationError::Credentials => Tftp::StoreCredentials {}.render(lang),
            LocationError::Query => Tftp::StoreQuery {}.render(lang),
            LocationError::Plain { variable } => Tftp::StorePlain { variable }.render(lang),
            LocationError::NoBucket => Tftp::StoreNoBucket {}.render(lang),
            LocationError::Malformed(why) => Tftp::StoreAddress { why }.render(lang),
            LocationError::Environment(why) => Tftp::StoreEnvironment { why }.render(lang),
            other => other.to_string(),
        };
        // What is behind the host may be a secret.
        let address = &address.split('@').next_back().unwrap_or_default();
        let address = &address.split(['?', '#']).next().unwrap_or_default();
        Failure::usage(&Tftp::StoreHint { address, error }, lang)
    };
    Location::parse(address).map_err(no_store)
}

/// Opens it, with its cache. That of a route's source is in a directory of its own, by what the route calls it.
///
/// # Errors
/// When there can be no cache.
pub fn open(
    args: &Serve,
    location: Location,
    source: Option<&str>,
    console: Console,
) -> Result<Objects, Failure> {
    let dir = args.cache.clone().or_else(cache_of_supervisor);
    let dir = dir.map(|dir| match source {
        None => dir,
        Some(source) => dir.join(utf8_percent_encode(source, NON_ALPHANUMERIC).to_string()),
    });
    let shown = dir.clone().unwrap_or_else(std::env::temp_dir);
    let config = CacheConfig {
        dir,
        size: args.cache_size,
        stale_ok: args.stale_ok,
    };
    let objects = Objects::open(location, &config)
        .map_err(SystemError::new(Operation::Open, shown.display()))
        .map_err(|error| Failure::system(&error, console.lang))?;
    Ok(objects.with_listener(move |notice| tell(&notice, console)))
}

/// systemd's `CacheDirectory=`; the first, if it gives several.
fn cache_of_supervisor() -> Option<PathBuf> {
    let given = std::env::var_os("CACHE_DIRECTORY")?;
    std::env::split_paths(&given)
        .next()
        .filter(|dir| dir.is_absolute())
}

fn tell(notice: &Notice, console: Console) {
    let lang = console.lang;
    let (id, level, text) = match notice {
        Notice::Stale(why) => {
            let why = &fault(why, lang);
            let text = Tftp::StoreStale { why }.render(lang);
            ("store-stale", Level::Error, text)
        }
        Notice::Back => ("store-back", Level::Info, Tftp::StoreBack {}.render(lang)),
        Notice::NotKept(why) => {
            let text = Tftp::StoreNotKept { why }.render(lang);
            ("store-not-kept", Level::Error, text)
        }
        _ => return,
    };
    console.record(level, id, &text, json!({ "text": text }));
}

/// What a store did, in words.
pub fn fault(fault: &StoreFault, lang: Lang) -> String {
    let bytes = |bytes: &u64| size(*bytes as f64);
    match fault {
        StoreFault::Unreachable { why } => Tftp::StoreUnreachable { why }.render(lang),
        StoreFault::Silent { seconds } => Tftp::StoreSilent { seconds }.render(lang),
        StoreFault::Truncated { bytes, length } => {
            Tftp::StoreTruncated { bytes, length }.render(lang)
        }
        StoreFault::Changed => Tftp::StoreChanged {}.render(lang),
        StoreFault::Denied { status } => Tftp::StoreDenied { status }.render(lang),
        StoreFault::Redirected { to } => Tftp::StoreRedirected { to }.render(lang),
        StoreFault::Failed { status } => Tftp::StoreFailed { status }.render(lang),
        StoreFault::NoLength => Tftp::StoreNoLength {}.render(lang),
        StoreFault::WrongLength { length } => Tftp::StoreWrongLength { length }.render(lang),
        StoreFault::TooLarge { length, limit } => {
            let (length, limit) = (&bytes(length), &bytes(limit));
            Tftp::StoreTooLarge { length, limit }.render(lang)
        }
        StoreFault::CacheFull { limit } => {
            let limit = &bytes(limit);
            Tftp::StoreCacheFull { limit }.render(lang)
        }
        StoreFault::Busy { limit } => Tftp::StoreBusy { limit }.render(lang),
        StoreFault::Malformed { why } => Tftp::StoreMalformed { why }.render(lang),
        StoreFault::Name => Tftp::StoreName {}.render(lang),
        other => other.to_string(),
    }
}

/// The same for programs: part of the JSON schema.
pub fn fault_id(fault: &StoreFault) -> &'static str {
    match fault {
        StoreFault::Unreachable { .. } => "store-unreachable",
        StoreFault::Silent { .. } => "store-silent",
        StoreFault::Truncated { .. } => "store-truncated",
        StoreFault::Changed => "store-changed",
        StoreFault::Denied { .. } => "store-denied",
        StoreFault::Redirected { .. } => "store-redirected",
        StoreFault::Failed { .. } => "store-failed",
        StoreFault::NoLength => "store-no-length",
        StoreFault::WrongLength { .. } => "store-wrong-length",
        StoreFault::TooLarge { .. } => "store-too-large",
        StoreFault::CacheFull { .. } => "store-cache-full",
        StoreFault::Busy { .. } => "busy",
        StoreFault::Name => "store-name",
        _ => "store-malformed",
    }
}
