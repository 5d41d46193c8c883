//! Calls as the ladder draws them, as Python writes them, and as the textbook has them:
//! `bind(3, 10.0.0.2:8888)`, `c, a = s.accept()`. They become the words that are typed otherwise, which
//! alone are understood.

mod names;
mod reader;
mod statement;
mod values;

#[cfg(test)]
mod tests;

use lineman_trace::log::Host;

use self::reader::Reader;
use self::statement::Statement;
use super::call::call;
use super::complaint::Complaint;
use super::known::Known;
use super::line::CALLS;
use super::line::OTHERS;
use super::line::Wish;

pub(super) use self::names::Names;

/// Reads a line in this notation, of this host or the one that was named before it; `None` if it is
/// written in words.
pub(super) fn read(
    line: &str,
    named: Option<Host>,
    known: &mut Known,
) -> Option<Result<Wish, Complaint>> {
    if line.starts_with("import ") || line.starts_with("from socket import") {
        return Some(Ok(Wish::Nothing)); // everything is there
    }
    let mut reader = Reader::new(line);
    let targets = reader.targets();
    if let [first, ..] = &targets[..]
        && CALLS.iter().chain(&OTHERS).any(|it| it == first)
    {
        return None; // `send = hello` sends
    }
    match reader.path() {
        Some((object, name)) => {
            let statement = Statement {
                targets,
                object,
                name,
            };
            Some(obey(statement, &mut reader, named, known))
        }
        None if targets.is_empty() => None,
        None => Some(assign(&targets, &mut reader, named, known)),
    }
}

fn obey(
    statement: Statement,
    reader: &mut Reader<'_>,
    named: Option<Host>,
    known: &mut Known,
) -> Result<Wish, Complaint> {
    let arguments = reader.arguments()?;
    reader.end()?;
    let (host, words) = statement.words(&arguments, named, known)?;
    let (name, rest) = words.split_once(' ').unwrap_or((&words, ""));
    let call = call(name, rest, host, known)?;
    known.names.expect(host, &call, statement.targets);
    Ok(Wish::Call(host, call))
}

/// `host_port = ('', 8888)`
fn assign(
    targets: &[String],
    reader: &mut Reader<'_>,
    named: Option<Host>,
    known: &mut Known,
) -> Result<Wish, Complaint> {
    let value = reader.argument()?;
    reader.end()?;
    let host = named.unwrap_or(known.host);
    let value = known.value(&value, host)?;
    match targets {
        [target] => known.names.set(host, target, value),
        _ => {
            return Err(Complaint::value(
                &targets.join(", "),
                "host_port = ('', 8888)",
            ));
        }
    }
    Ok(Wish::Nothing)
}
