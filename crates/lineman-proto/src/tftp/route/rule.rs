//! One route: which requests it claims, and what they get.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::Asking;
use super::MacPrefix;
use super::PatternError;
use super::Serve;
use super::TemplateError;
use super::Unfilled;
use super::pattern::Pattern;
use super::template::Purpose;
use super::template::Template;
use crate::tftp::Direction;
use crate::tftp::guard::Prefix;
use crate::tftp::guard::PrefixError;
use crate::wire::Mac;

/// One route. As text it is its parts with commas between, like `name=*.cfg,path=boards/{client.ip}/{name.1}`.
#[derive(Clone, Debug)]
pub struct Route {
    name: Option<Pattern>,
    from: Option<Prefix>,
    mac: Option<MacPrefix>,
    asks: Option<Vec<String>>,
    direction: Direction,
    target: Target,
}

#[derive(Clone, Debug)]
enum Target {
    Path(Template),
    PathOf {
        source: Arc<str>,
        path: Template,
    },
    Text(Template),
    Controller {
        address: String,
        url: Template,
        timeout: Duration,
        fallback: Option<Template>,
    },
    Nothing,
}

impl Route {
    /// What the pattern has matched, if this route claims the request: not where it needs the client's
    /// link-layer address and that is not known. `asking.name` is clean.
    pub(super) fn claims(&self, asking: &Asking<'_>) -> Option<Vec<Vec<u8>>> {
        let claims = self.direction == asking.direction
            && self.from.is_none_or(|range| range.contains(asking.ip))
            && self.has_mac(asking.mac)
            && (asking.mac.is_some() || !self.needs_mac())
            && self
                .asks
                .as_ref()
                .is_none_or(|names| asking.options.are_named(names));
        match &self.name {
            Some(name) if claims => name.captures(asking.name),
            None if claims => Some(vec![asking.name.to_vec()]),
            _ => None,
        }
    }

    fn has_mac(&self, mac: Option<Mac>) -> bool {
        let contains = |prefix: &MacPrefix| mac.is_some_and(|mac| prefix.contains(mac));
        self.mac.as_ref().is_none_or(contains)
    }

    /// Whether the client's link-layer address matters to it.
    pub(super) fn needs_mac(&self) -> bool {
        let templates = match &self.target {
            Target::Path(template)
            | Target::Text(template)
            | Target::PathOf { path: template, .. } => [Some(template), None],
            Target::Controller { url, fallback, .. } => [Some(url), fallback.as_ref()],
            Target::Nothing => [None, None],
        };
        self.mac.is_some() || templates.into_iter().flatten().any(Template::needs_mac)
    }

    /// The address of its controller, with the scheme.
    pub(super) fn controller(&self) -> Option<&str> {
        match &self.target {
            Target::Controller { address, .. } => Some(address),
            _ => None,
        }
    }

    /// The source of its files, where it is another than the rest has.
    pub(super) fn source(&self) -> Option<&Arc<str>> {
        match &self.target {
            Target::PathOf { source, .. } => Some(source),
            _ => None,
        }
    }

    /// What it serves for a request.
    pub(super) fn serve(
        &self,
        asking: &Asking<'_>,
        matched: &[Vec<u8>],
    ) -> Result<Serve, Unfilled> {
        let plain = |template: &Template| template.fill(asking, matched, Purpose::Plain);
        Ok(match &self.target {
            Target::Path(path) => Serve::File(plain(path)?),
            Target::PathOf { source, path } => Serve::FileOf {
                source: Arc::clone(source),
                name: plain(path)?,
            },
            Target::Text(text) => Serve::Text(plain(text)?),
            Target::Controller {
                url,
                timeout,
                fallback,
                ..
            } => {
                let url = url.fill(asking, matched, Purpose::Url)?;
                Serve::Controller {
                    url: String::from_utf8_lossy(&url).into_owned(), // is percent-encoded
                    timeout: *timeout,
                    fallback: fallback.as_ref().map(plain).transpose()?,
                }
            }
            Target::Nothing => Serve::Nothing,
        })
    }

    /// A route of its parts, each a key and its value; the value of what is simply on is empty.
    ///
    /// # Errors
    /// With the first mistake.
    pub fn of<'a>(parts: impl Iterator<Item = (&'a str, &'a str)>) -> Result<Self, RouteError> {
        let mut draft = Draft::default();
        for (key, value) in parts {
            draft.set(key, value)?;
        }
        draft.finish()
    }
}

impl FromStr for Route {
    type Err = RouteError;

    fn from_str(text: &str) -> Result<Self, RouteError> {
        Self::of(
            text.split(',')
                .map(|part| part.split_once('=').unwrap_or((part, ""))),
        )
    }
}

/// What has been read of a route.
#[derive(Default)]
struct Draft<'a> {
    name: Option<Pattern>,
    from: Option<Prefix>,
    mac: Option<MacPrefix>,
    asks: Option<Vec<String>>,
    is_write: bool,
    target: Option<(Kind, &'a str)>,
    source: Option<&'a str>,
    timeout: Option<Duration>,
    fallback: Option<&'a str>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Path,
    Text,
    Url,
    Refuse,
}

impl<'a> Draft<'a> {
    fn set(&mut self, key: &'a str, value: &'a str) -> Result<(), RouteError> {
        let unknown = || RouteError::Key(key.to_owned());
        let is_switch = matches!(key, "refuse" | "write");
        if is_switch != value.is_empty() {
            return Err(if is_switch {
                unknown()
            } else {
                RouteError::Empty(key.to_owned())
            });
        }
        match key {
            "name" | "regex" if self.name.is_some() => return Err(RouteError::Twice),
            "name" => self.name = Some(Pattern::glob(value).map_err(RouteError::Pattern)?),
            "regex" => self.name = Some(Pattern::regex(value).map_err(RouteError::Pattern)?),
            "from" => self.from = Some(value.parse().map_err(RouteError::From)?),
            "mac" => self.mac = Some(value.parse().map_err(|_| RouteError::Mac)?),
            "asks" => {
                let names: Vec<String> = value.split('+').map(str::to_owned).collect();
                if names.iter().any(String::is_empty) {
                    return Err(RouteError::Asks);
                }
                self.asks = Some(names);
            }
            "write" => self.is_write = true,
            "path" => self.set_target(Kind::Path, value)?,
            "text" => self.set_target(Kind::Text, value)?,
            "url" => self.set_target(Kind::Url, value)?,
            "refuse" => self.set_target(Kind::Refuse, value)?,
            "timeout" => {
                let seconds: f64 = value.parse().map_err(|_| RouteError::Timeout)?;
                let timeout = Duration::try_from_secs_f64(seconds).ok();
                let timeout = timeout.filter(|it| (LEAST_TIMEOUT..=MOST_TIMEOUT).contains(it));
                self.timeout = Some(timeout.ok_or(RouteError::Timeout)?);
            }
            "fallback" => self.fallback = Some(value),
            "source" => self.source = Some(value),
            _ => return Err(unknown()),
        }
        Ok(())
    }

    fn set_target(&mut self, kind: Kind, value: &'a str) -> Result<(), RouteError> {
        match self.target.replace((kind, value)) {
            None => Ok(()),
            Some(_) => Err(RouteError::TwoTargets),
        }
    }

    fn finish(self) -> Result<Route, RouteError> {
        let parts = self.name.as_ref().map_or(0, Pattern::parts);
        let template = |text: &str| Template::parse(text, parts).map_err(RouteError::Template);
        // In another source the name may stand for itself.
        let itself = self.source.map(|_| (Kind::Path, "{name}"));
        let (kind, value) = self.target.or(itself).ok_or(RouteError::NoTarget)?;
        if self.source.is_some() && kind != Kind::Path {
            return Err(RouteError::NoFile);
        }
        let asks_nobody = kind != Kind::Url;
        if asks_nobody && (self.timeout.is_some() || self.fallback.is_some()) {
            return Err(RouteError::NoUrl);
        }
        if self.is_write && (matches!(kind, Kind::Text | Kind::Url) || self.source.is_some()) {
            return Err(RouteError::WritesNowhere);
        }
        let target = match kind {
            Kind::Path => match self.source {
                None => Target::Path(template(value)?),
                Some(source) => Target::PathOf {
                    source: source.into(),
                    path: template(value)?,
                },
            },
            Kind::Text => Target::Text(template(value)?),
            Kind::Refuse => Target::Nothing,
            Kind::Url => Target::Controller {
                address: address(value).ok_or(RouteError::Url)?.to_owned(),
                url: template(value)?,
                timeout: self.timeout.unwrap_or(DEFAULT_TIMEOUT),
                fallback: self.fallback.map(template).transpose()?,
            },
        };
        Ok(Route {
            name: self.name,
            from: self.from,
            mac: self.mac,
            asks: self.asks,
            direction: if self.is_write {
                Direction::Write
            } else {
                Direction::Read
            },
            target,
        })
    }
}

/// The part of a URL of HTTP before its path; `None` where it is no such URL, which has neither blanks nor anything but ASCII (RFC
/// 3986 §2). The operator says which host is asked: that part may have no variable,
/// nor a password, which would be in the log.
fn address(url: &str) -> Option<&str> {
    if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let scheme = ["http://", "https://"]
        .into_iter()
        .find(|scheme| url.starts_with(scheme))?;
    let host = url[scheme.len()..].split(['/', '?', '#']).next()?;
    let is_plain = !host.is_empty() && !host.contains(['{', '}', '@']);
    is_plain.then(|| &url[..scheme.len() + host.len()])
}

/// Why a text is no [`Route`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RouteError {
    /// `name` or `regex` is no pattern.
    Pattern(PatternError),
    /// A template cannot be filled in by any request.
    Template(TemplateError),
    /// `from` is no range of addresses.
    From(PrefixError),
    /// `mac` is no link-layer address, nor the beginning of one.
    Mac,
    /// `asks` is no list of option names.
    Asks,
    /// `timeout` is no number of seconds from 0.1 to 60.
    Timeout,
    /// `url` is none, does not name a host by HTTP or HTTPS, or has a variable or a password in that part.
    Url,
    /// There is no such part.
    Key(String),
    /// A part that needs a value has none.
    Empty(String),
    /// More than one of `name` and `regex`.
    Twice,
    /// More than one of `path`, `text`, `url` and `refuse`.
    TwoTargets,
    /// None of `path`, `source`, `text`, `url` and `refuse`.
    NoTarget,
    /// `source` with a text, a controller, or nothing: it has files.
    NoFile,
    /// `timeout` or `fallback` without `url`.
    NoUrl,
    /// `write` with a text, a controller or another source, into which nobody can write.
    WritesNowhere,
}

impl fmt::Display for RouteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pattern(PatternError::OpenSet) => "a name with a [ that is not closed",
            Self::Pattern(PatternError::TooLong) => "a pattern that is too large",
            Self::Pattern(PatternError::Syntax(what)) => {
                return write!(f, "a regex that is none: {what}");
            }
            Self::Template(TemplateError::Open) => "a brace without its counterpart",
            Self::Template(TemplateError::Unknown(name)) => {
                return write!(f, "an unknown variable: {{{name}}}");
            }
            Self::Template(TemplateError::NoSuchPart(n)) => {
                return write!(f, "a variable without a group in the pattern: {{name.{n}}}");
            }
            Self::From(_) => "a from that is no range of addresses",
            Self::Mac => "a mac that is neither like 52:54:00:12:34:56 nor like 52:54:00:*",
            Self::Asks => "no names of options in asks",
            Self::Timeout => "a timeout that is not 0.1 to 60 seconds",
            Self::Url => {
                "a url that is none: http:// or https://, a host, and ASCII without blanks"
            }
            Self::Key(key) => return write!(f, "a part that no route has: {key}"),
            Self::Empty(key) => return write!(f, "a part without its value: {key}"),
            Self::Twice => "more than one of name and regex",
            Self::TwoTargets => "more than one of path, text, url and refuse",
            Self::NoTarget => "none of path, source, text, url and refuse",
            Self::NoFile => "a source with a text, url or refuse",
            Self::NoUrl => "a timeout or fallback without url",
            Self::WritesNowhere => "write with a text, url or source",
        })
    }
}

impl std::error::Error for RouteError {}

/// A controller that takes longer is slower than most clients are patient: U-Boot asks again after 5 s, iPXE after 1 s.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
const LEAST_TIMEOUT: Duration = Duration::from_millis(100);
/// No client waits longer.
const MOST_TIMEOUT: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_a_route_is_refused_not_guessed_at() {
        for (text, error) in [
            ("name=*", RouteError::NoTarget),
            ("name=*,path=a,text=b", RouteError::TwoTargets),
            ("name=*,regex=x,path=a", RouteError::Twice),
            ("name=*,path=a,timeout=2", RouteError::NoUrl),
            ("name=*,url=ftp://x/", RouteError::Url),
            ("name=*,url=http://{name}/", RouteError::Url),
            ("name=*,url=http:///x", RouteError::Url),
            ("name=*,url=http://x/a b", RouteError::Url),
            ("name=*,url=http://x/内核", RouteError::Url),
            ("name=*,url=http://x/\n", RouteError::Url),
            ("name=*,url=http://me:secret@x/", RouteError::Url),
            ("name=*,url=http://x/,timeout=0", RouteError::Timeout),
            ("name=*,url=http://x/,timeout=inf", RouteError::Timeout),
            ("name=*,url=http://x/,write", RouteError::WritesNowhere),
            ("name=*,source=/srv,write", RouteError::WritesNowhere),
            ("name=*,source=/srv,text=a", RouteError::NoFile),
            (
                "name=*,source=,path=a",
                RouteError::Empty("source".to_owned()),
            ),
            ("mac=52:54,path=a", RouteError::Mac),
            ("asks=a++b,path=a", RouteError::Asks),
            ("name=,path=a", RouteError::Empty("name".to_owned())),
            ("refuse=yes", RouteError::Key("refuse".to_owned())),
            ("colour=red,path=a", RouteError::Key("colour".to_owned())),
            (
                "name=*,path={name.2}",
                RouteError::Template(TemplateError::NoSuchPart(2)),
            ),
        ] {
            assert_eq!(text.parse::<Route>().expect_err(text), error, "{text}");
        }
    }
}
