//! The notation's signs: names, texts, numbers, tuples, lists, addresses.

use super::super::complaint::Complaint;

/// Something that stands between the commas of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Argument {
    /// Bytes: `b'hello'`, `'hello'.encode()`.
    Data(Vec<u8>),
    /// A text. Python sends none; the ladder writes what was sent as one.
    Text(String),
    /// `5`, `-1`, `1.5`
    Number(String),
    /// `SOCK_STREAM`, `MSG_PEEK|MSG_DONTWAIT`, a variable.
    Name(String),
    /// `10.0.0.2:8888`, as the ladder has it.
    Address(String),
    /// `('', 8888)`
    Tuple(Vec<Self>),
    /// `[3, 4]`
    List(Vec<Self>),
    /// `3: POLLIN`
    Event(i32, String),
}

/// What is left of a line.
pub(super) struct Reader<'a> {
    rest: &'a str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self { rest: line.trim() }
    }

    /// The names before `=`, without it; none if there is no `=`.
    pub(super) fn targets(&mut self) -> Vec<String> {
        let whole = self.rest;
        let Some((names, rest)) = whole.split_once('=') else {
            return Vec::new();
        };
        let names = names.trim();
        let inside = names.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
        let names = inside.unwrap_or(names).split(',').map(str::trim);
        let names: Vec<&str> = names.filter(|name| !name.is_empty()).collect();
        if names.is_empty() || rest.starts_with('=') || !names.iter().all(|it| is_name(it)) {
            return Vec::new();
        }
        self.rest = rest.trim_start();
        names.into_iter().map(str::to_owned).collect()
    }

    /// `socket.socket(` or `listen(`: what stands before the dot, and the name; no space may stand
    /// before the parenthesis, or `send (you)` would be a call of this kind.
    pub(super) fn path(&mut self) -> Option<(Option<String>, String)> {
        let (path, rest) = self.rest.split_once('(')?;
        let (object, name) = match path.rsplit_once('.') {
            Some((object, name)) => (Some(object), name),
            None => (None, path),
        };
        let object = object.map(|it| it.rsplit('.').next().unwrap_or(it));
        if !is_name(name) || !object.is_none_or(is_name) {
            return None;
        }
        self.rest = rest;
        Some((object.map(str::to_owned), name.to_owned()))
    }

    /// Everything up to the parenthesis that closes.
    pub(super) fn arguments(&mut self) -> Result<Vec<Argument>, Complaint> {
        self.list(')', DEPTH)
    }

    /// One argument.
    pub(super) fn argument(&mut self) -> Result<Argument, Complaint> {
        self.one(DEPTH)
    }

    /// Nothing more stands here, or what the ladder shows of the answer, or a comment.
    pub(super) fn end(&mut self) -> Result<(), Complaint> {
        let rest = self.rest.trim();
        let ends = ["=", "…", "...", "#", ";"];
        match rest.is_empty() || ends.iter().any(|end| rest.starts_with(end)) {
            true => Ok(()),
            false => Err(Complaint::Extra(rest.to_owned())),
        }
    }

    fn list(&mut self, close: char, depth: usize) -> Result<Vec<Argument>, Complaint> {
        let mut all = Vec::new();
        loop {
            self.rest = self.rest.trim_start();
            if let Some(rest) = self.rest.strip_prefix(close) {
                self.rest = rest;
                return Ok(all);
            }
            all.push(self.one(depth)?);
            self.rest = self.rest.trim_start();
            match self.rest.strip_prefix(',') {
                Some(rest) => self.rest = rest,
                None if self.rest.starts_with(close) => {}
                None => return Err(self.unclosed(close)),
            }
        }
    }

    fn one(&mut self, depth: usize) -> Result<Argument, Complaint> {
        self.rest = self.rest.trim_start();
        let Some(depth) = depth.checked_sub(1) else {
            return Err(Complaint::Extra(self.rest.to_owned()));
        };
        if let Some(rest) = self.rest.strip_prefix('(') {
            self.rest = rest;
            return self.list(')', depth).map(Argument::Tuple);
        }
        // The ladder's addresses of IPv6 begin as lists do.
        if self.rest.starts_with('[') && !self.begins_with_address() {
            self.rest = &self.rest[1..];
            return self.list(']', depth).map(Argument::List);
        }
        match self.quoted()? {
            Some(quoted) => Ok(quoted),
            None => self.word(),
        }
    }

    fn begins_with_address(&self) -> bool {
        let end = self.rest.find([',', ')', ' ']).unwrap_or(self.rest.len());
        self.rest[..end].parse::<std::net::SocketAddr>().is_ok()
    }

    /// A text in quotes, with what makes bytes of it.
    fn quoted(&mut self) -> Result<Option<Argument>, Complaint> {
        let prefix: usize = self
            .rest
            .chars()
            .take_while(|c| matches!(c, 'b' | 'B' | 'u' | 'r' | 'R'))
            .map(char::len_utf8)
            .sum();
        let raw = self.rest[..prefix].contains(['r', 'R']);
        let is_bytes = self.rest[..prefix].contains(['b', 'B']);
        let Some(quote) = self.rest[prefix..].chars().next() else {
            return Ok(None);
        };
        if prefix > 2 || !matches!(quote, '"' | '\'') {
            return Ok(None);
        }
        let mut signs = self.rest[prefix + 1..].chars();
        let mut bytes = Vec::new();
        loop {
            let wrong = || Complaint::value(self.rest, "b'hello\\n'");
            match signs.next().ok_or_else(wrong)? {
                sign if sign == quote => break,
                '\\' if !raw => {
                    bytes.push(super::super::options::escaped(&mut signs).ok_or_else(wrong)?);
                }
                sign if is_bytes && !sign.is_ascii() => return Err(Complaint::NotAscii(sign)),
                sign => bytes.extend(sign.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        self.rest = signs.as_str();
        if is_bytes {
            return Ok(Some(Argument::Data(bytes)));
        }
        // The textbook's `.encode('utf8')`.
        let Some(rest) = self.rest.strip_prefix(".encode(") else {
            // An escape may have made bytes that are no text: those cannot be told from bytes any more.
            let text = String::from_utf8(bytes);
            return Ok(Some(text.map_or_else(
                |error| Argument::Data(error.into_bytes()),
                Argument::Text,
            )));
        };
        let (encoding, rest) = rest.split_once(')').ok_or_else(|| self.unclosed(')'))?;
        self.rest = rest;
        known_encoding(encoding)?;
        Ok(Some(Argument::Data(bytes)))
    }

    fn word(&mut self) -> Result<Argument, Complaint> {
        let brackets = self.rest.starts_with('['); // an address of IPv6
        let end = self
            .rest
            .find(|c: char| matches!(c, ',' | '(' | ')') || (c == ']' && !brackets) || c == '=')
            .unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        if let Some(value) = rest.strip_prefix('=') {
            self.rest = value; // `type=SOCK_DGRAM`
            return self.word();
        }
        self.rest = rest;
        let word = word.trim();
        let plain: String = word
            .split('|')
            .map(last_of_path)
            .collect::<Vec<_>>()
            .join("|");
        if word.parse::<f64>().is_ok()
            && word.starts_with(['-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
        {
            return Ok(Argument::Number(word.to_owned()));
        }
        if plain.split('|').all(is_name) {
            return Ok(Argument::Name(plain));
        }
        if let Some((fd, events)) = word.split_once(": ")
            && let Ok(fd) = fd.parse()
            && events
                .split('|')
                .all(|it| matches!(it, "POLLIN" | "POLLOUT"))
        {
            return Ok(Argument::Event(fd, events.to_owned()));
        }
        match word.contains(':') && !word.contains(char::is_whitespace) {
            true => Ok(Argument::Address(word.to_owned())),
            false => Err(Complaint::value(
                word,
                "5, b'hello', ('10.0.0.2', 8888), SOCK_STREAM",
            )),
        }
    }

    fn unclosed(&self, close: char) -> Complaint {
        match self.rest.trim().is_empty() {
            true => Complaint::Unclosed(close),
            false => Complaint::Extra(self.rest.trim().to_owned()),
        }
    }
}

/// A constant without its module.
/// Python's names of UTF-8, which is all that a text is encoded with here.
fn known_encoding(argument: &str) -> Result<(), Complaint> {
    let name = argument.split(',').next().unwrap_or_default().trim();
    let name = name
        .trim_start_matches("encoding=")
        .trim_matches(['\'', '"']);
    match name.to_ascii_lowercase().replace('_', "-").as_str() {
        "" | "utf-8" | "utf8" | "u8" => Ok(()),
        _ => Err(Complaint::Encoding(name.to_owned())),
    }
}

fn last_of_path(name: &str) -> &str {
    let name = name.trim();
    match name.parse::<f64>().is_ok() {
        true => name,
        false => name
            .rsplit_once('.')
            .filter(|(module, _)| is_name(module))
            .map_or(name, |(_, last)| last),
    }
}

fn is_name(text: &str) -> bool {
    let mut signs = text.chars();
    let first = signs.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    first && signs.all(|c| c.is_alphanumeric() || c == '_')
}

/// Tuples in tuples: more than any call has.
const DEPTH: usize = 4;
