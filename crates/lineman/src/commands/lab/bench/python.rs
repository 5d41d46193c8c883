//! Calls as Python writes them, and the textbook: what they are here.

use super::line::CALLS;

/// The same call as it is typed here, if the line is one: `s.bind(('', 80))` is `bind :80`.
pub(super) fn as_words(line: &str) -> Option<String> {
    let (before, rest) = line.split_once('(')?;
    let name = before
        .rsplit(['.', ' ', '='])
        .next()
        .filter(|name| CALLS.contains(name))?;
    let inside = rest.rsplit_once(')').map_or(rest, |(inside, _)| inside);
    let arguments = arguments(inside);
    let words = match name {
        "socket" => vec![kind(&arguments)],
        "accept" | "getpeername" | "getsockname" | "gettimeout" | "fileno" | "makefile"
        | "readline" | "flush" | "close" => Vec::new(),
        "bind" | "connect" | "connect_ex" => vec![address(&arguments)?],
        "sendto" => {
            let (data, to) = arguments.split_at_checked(1)?;
            let to = to.get(to.len().saturating_sub(2)..)?;
            vec![data.concat(), address(to)?]
        }
        _ => arguments.iter().filter_map(|it| word(it)).collect(),
    };
    Some([&[name.to_owned()], &words[..]].concat().join(" "))
}

/// What stands between commas, without the parentheses of tuples; commas and parentheses in quotes are text.
fn arguments(inside: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut quote = None;
    for c in inside.chars() {
        match (quote, c) {
            (None, ',') => all.push(String::new()),
            (None, '(' | ')') => {}
            (None, '\'' | '"') => {
                quote = Some(c);
                push(&mut all, c);
            }
            (Some(open), _) if c == open => {
                quote = None;
                push(&mut all, c);
            }
            _ => push(&mut all, c),
        }
    }
    let trimmed = all.iter().map(|it| plain(it.trim()));
    trimmed.filter(|it| !it.is_empty()).collect()
}

fn push(all: &mut [String], c: char) {
    if let Some(last) = all.last_mut() {
        last.push(c);
    }
}

/// A text in single quotes, or of bytes, in the only quotes that there are here.
fn plain(argument: &str) -> String {
    let text = argument.strip_prefix('b').unwrap_or(argument);
    let inside = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    match inside('\'').or_else(|| inside('"')) {
        Some(text) => format!("\"{}\"", text.replace('"', "\\\"")),
        None => argument.to_owned(),
    }
}

/// `"10.0.0.2"` and `8888`; an empty host is any.
fn address(arguments: &[String]) -> Option<String> {
    let [host, port, ..] = arguments else {
        return None;
    };
    Some(format!("{}:{port}", host.trim_matches('"')))
}

fn kind(arguments: &[String]) -> String {
    let has = |name| arguments.iter().any(|it| it.ends_with(name));
    let transport = if has("SOCK_DGRAM") { "udp" } else { "tcp" };
    let family = if has("AF_INET6") { "6" } else { "" };
    format!("{transport}{family}")
}

/// A constant without its module; levels of options have no place here.
fn word(argument: &str) -> Option<String> {
    let name = argument.strip_prefix("socket.").unwrap_or(argument);
    let level = ["SOL_SOCKET", "IPPROTO_TCP", "SOL_TCP"].contains(&name);
    let switch = ["True", "False", "None"].contains(&name);
    (!level).then(|| match switch {
        true => name.to_ascii_lowercase(),
        false => name.to_owned(),
    })
}
