//! `lineman tftp machines`: what a running server has seen of machines that boot from it.

use std::io;
use std::time::Duration;

use lineman_http::MOST_MACHINES;
use serde_json::Value;
use tokio::io::AsyncReadExt as _;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::eyes;
use super::words;
use crate::args::tftp::Machines;
use crate::commands::trace::drawing;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::failure::system_text;
use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::machines::Machines as Words;
use crate::views::text;

/// Asks once, and shows the answer.
pub async fn run(args: &Machines, console: Console) -> Result<(), Failure> {
    let lang = console.lang;
    let url = &args.url;
    let authority = authority(url).ok_or_else(|| Failure::usage(&Words::BadUrl { url }, lang))?;
    let most = args.most.min(MOST_MACHINES);
    let asked = tokio::time::timeout(PATIENCE, ask(authority, most)).await;
    let answer = asked
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| {
            let why = &system_text(&error, lang);
            Failure::new(Exit::Refused, &Words::NoServer { url, why }, lang)
        })?;
    let seen = read(&answer)
        .ok_or_else(|| Failure::new(Exit::PeerFault, &Words::NotOurs { url }, lang))?;
    let machines = seen["machines"].as_array().map_or(&[][..], Vec::as_slice);
    if console.json {
        for machine in machines {
            console.tell("machine", machine.clone())?;
        }
        return Ok(());
    }
    let width = args.width.unwrap_or_else(drawing::columns).max(NARROWEST);
    let (shown, total) = (&machines.len(), &seen["total"]);
    let server = &authority;
    let head = match machines {
        [] => Words::None { server }.render(lang),
        _ => Words::Head {
            shown,
            total,
            server,
        }
        .render(lang),
    };
    let mut lines = text::wrap(&head, width.into());
    for machine in machines {
        lines.push(String::new());
        lines.extend(table_row(machine, width.into(), lang));
    }
    console.print(lines.join("\n") + "\n")
}

/// The part of a URL that says where to connect: host and port, and nothing that could end a line.
fn authority(url: &str) -> Option<&str> {
    let rest = match url.split_once("://") {
        Some(("http", rest)) => rest,
        Some(_) => return None,
        None => url,
    };
    let authority = rest.split('/').next()?;
    let (host, port) = authority.rsplit_once(':')?;
    let is_port = port.parse::<u16>().is_ok() && !port.starts_with('+');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._:[]".contains(c);
    (is_port && !host.is_empty() && host.chars().all(is_plain)).then_some(authority)
}

/// One request of HTTP/1.0, so that the answer ends with the connection.
async fn ask(authority: &str, most: usize) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(authority).await?;
    let question = format!("GET /machines.json?most={most} HTTP/1.0\r\nHost: {authority}\r\n\r\n");
    stream.write_all(question.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(LONGEST_ANSWER).read_to_end(&mut answer).await?;
    Ok(answer)
}

/// The object in an answer; `None` where it is none of ours, or not whole.
fn read(answer: &[u8]) -> Option<Value> {
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
    let status = answer.get(..12)?;
    if !status.starts_with(b"HTTP/1.") || !status.ends_with(b" 200") {
        return None;
    }
    let seen: Value = serde_json::from_slice(&answer[end + 4..]).ok()?;
    (seen["v"] == 1 && seen["machines"].is_array()).then_some(seen)
}

/// A machine: who it is, how far it has come, its requests.
fn table_row(machine: &Value, width: usize, lang: Lang) -> Vec<String> {
    let mut who = vec![clean(&machine["address"])];
    who.extend(machine["mac"].as_str().map(text::clean));
    let firmware = machine["firmware"].as_array().into_iter().flatten();
    let firmware: Vec<_> = firmware.map(clean).collect();
    if !firmware.is_empty() {
        who.push(firmware.join(" → "));
    }
    let boots = &machine["boots"];
    who.push(Words::BootNumber { boots }.render(lang));
    let seconds = machine["heard_seconds_ago"].as_f64().unwrap_or_default();
    let seconds = &format!("{seconds:.0}");
    who.push(Words::SecondsAgo { seconds }.render(lang));
    let mut lines = text::wrap(&who.join("  "), width);
    let state = match lang {
        Lang::En => &machine["text"]["en"],
        Lang::Zh => &machine["text"]["zh"],
    };
    let within = width.saturating_sub(INDENT.len());
    let requests = requests(machine, lang).join(" | ");
    for part in [clean(state), requests] {
        let wrapped = text::wrap(&part, within);
        lines.extend(wrapped.iter().map(|line| format!("{INDENT}{line}")));
    }
    lines
}

/// The requests in words; names that are not there, one behind the other, are counted only.
fn requests(machine: &Value, lang: Lang) -> Vec<String> {
    let all = machine["requests"]
        .as_array()
        .map_or(&[][..], Vec::as_slice);
    let is_missing = |request: &Value| request["outcome"] == "missing";
    let mut said = Vec::new();
    let alike = |one: &Value, other: &Value| is_missing(one) && is_missing(other);
    for group in all.chunk_by(alike) {
        match group {
            [request] => said.push(self::request(request, lang)),
            group => {
                let what = &outcome(&group[0], lang);
                let count = &group.len();
                said.push(Words::Times { count, what }.render(lang));
            }
        }
    }
    if let Some(count) = machine["left_out"].as_u64().filter(|count| *count > 0) {
        said.push(Words::LeftOut { count: &count }.render(lang));
    }
    said
}

fn request(request: &Value, lang: Lang) -> String {
    let role = eyes::ROLES.iter().find(|it| request["role"] == it.id());
    let role = role.map(|role| eyes::role_words(*role, lang));
    let seconds = request["seconds"].as_f64().unwrap_or_default();
    let how = match request["outcome"].as_str() {
        Some("complete") => {
            let bytes = request["bytes"].as_f64().unwrap_or_default();
            format!("{} {seconds:.2} s", words::size(bytes))
        }
        Some("running") => format!("{} {seconds:.0} s", outcome(request, lang)),
        _ => outcome(request, lang),
    };
    let mut parts = vec![clean(&request["file"])];
    parts.extend(
        role.filter(|role| !role.is_empty())
            .map(|it| format!("({it})")),
    );
    if request["protocol"] == "http" {
        parts.push("HTTP".to_owned());
    }
    parts.push(how);
    parts.join(" ")
}

fn outcome(request: &Value, lang: Lang) -> String {
    let known = eyes::OUTCOMES
        .iter()
        .find(|it| request["outcome"] == it.id());
    match known {
        Some(outcome) => eyes::outcome_words(*outcome, lang),
        None => clean(&request["outcome"]),
    }
}

/// A text of the server's, made harmless: a stranger may have chosen it.
fn clean(value: &Value) -> String {
    text::clean(value.as_str().unwrap_or_default())
}

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer: 10,000 machines with all requests have about 60 million.
const LONGEST_ANSWER: u64 = 96 << 20;
const INDENT: &str = "  ";
const NARROWEST: u16 = 40;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_servers() {
        assert_eq!(authority("http://127.0.0.1:6980"), Some("127.0.0.1:6980"));
        assert_eq!(authority("http://[::1]:6980/machines"), Some("[::1]:6980"));
        assert_eq!(authority("boot1:6980"), Some("boot1:6980"));
        for wrong in [
            "",
            "http://",
            "https://boot1:6980",
            "boot1",
            ":6980",
            "boot1:x",
            "boot1:+1",
            "a b:1",
            "a\r\nx:1",
            "u@h:1",
        ] {
            assert_eq!(authority(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn an_answer_of_something_else_is_none() {
        let ours = b"HTTP/1.0 200 OK\r\n\r\n{\"v\":1,\"total\":0,\"machines\":[]}";
        assert!(read(ours).is_some());
        for other in [
            &b""[..],
            b"HTTP/1.0 200 OK\r\n\r\n",
            b"HTTP/1.0 404 Not Found\r\n\r\n{\"v\":1,\"machines\":[]}",
            b"HTTP/1.0 200 OK\r\n\r\n<html>",
            b"HTTP/1.0 200 OK\r\n\r\n{\"v\":1}",
            b"220 ftp\r\n\r\n",
        ] {
            assert!(read(other).is_none());
        }
    }
}
