//! Mistakes that the text of a Python program shows, before it runs: those of the textbook's own programs,
//! with which they are copied. Only what is wrong whatever else the program does is told.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

/// Something that is wrong in a line of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Which line, from 1.
    pub(super) line: usize,
    /// What.
    pub(super) what: What,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A port that does not exist.
    Port(String),
    /// An encoding with two letters swapped, and the one that was meant.
    Encoding(String, &'static str),
    /// A TFTP packet that begins with the block number.
    NoOpcode,
    /// A space as web pages have them, which Python takes for none.
    NoBreakSpace,
    /// An address at which only the host itself is, and what the line does with it, where that is there.
    Loopback(String, Option<Use>),
}

/// What a line does with an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    /// It gives it to a socket of its own.
    Binds,
    /// It sends or connects there.
    Sends,
}

/// What is wrong in the Python programs among the words of a command.
pub(super) fn of_command(words: &[String]) -> Vec<(String, Mistake)> {
    let programs = words.iter().filter(|word| word.ends_with(".py"));
    programs
        .filter_map(|word| Some((word, read(Path::new(word))?)))
        .flat_map(|(word, text)| {
            let each = find(&text).into_iter();
            each.map(|mistake| (word.clone(), mistake))
        })
        .collect()
}

/// The text of a program; `None` if it is none, or far too long for one.
fn read(path: &Path) -> Option<String> {
    if !path.is_file() {
        return None; // a FIFO is the program's to read
    }
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

/// What is wrong in a program.
fn find(text: &str) -> Vec<Mistake> {
    let lines: Vec<&str> = text.lines().map(code).collect();
    let all = lines.join("\n");
    let tftp_without_opcodes = all.contains(r"\x00\x01") && !has_opcodes(&all);
    let mut mistakes = Vec::new();
    for (at, code) in lines.iter().enumerate() {
        let mut found = |what| mistakes.push(Mistake { line: at + 1, what });
        if code.trim_matches(' ').contains(NO_BREAK_SPACE) && !code.contains(['\'', '"']) {
            found(What::NoBreakSpace);
        }
        if let Some(port) = port(code) {
            found(What::Port(port));
        }
        if let Some((wrong, meant)) = encoding(code) {
            found(What::Encoding(wrong, meant));
        }
        if tftp_without_opcodes && packs_block_only(code) {
            found(What::NoOpcode);
        }
        if let Some((address, does)) = loopback(code) {
            found(What::Loopback(address, does));
        }
    }
    mistakes
}

/// A line without its comment. A `#` in quotes is none.
fn code(line: &str) -> &str {
    let mut quote = None;
    for (at, sign) in line.char_indices() {
        match (sign, quote) {
            ('#', None) => return &line[..at],
            ('\'' | '"', None) => quote = Some(sign),
            (sign, Some(open)) if sign == open => quote = None,
            _ => {}
        }
    }
    line
}

/// A number behind an address, `('', 88888)`, or one that is called a port, that is too large for one.
fn port(code: &str) -> Option<String> {
    let bytes = code.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let len = bytes[at..]
            .iter()
            .take_while(|it| it.is_ascii_digit())
            .count();
        if len == 0 {
            at += 1;
            continue;
        }
        let (before, number, after) = (&code[..at], &code[at..at + len], &code[at + len..]);
        let part_of_a_word = |sign: char| sign.is_alphanumeric() || matches!(sign, '_' | '.');
        let alone = !before.ends_with(part_of_a_word) && !after.starts_with(part_of_a_word);
        let too_large = number
            .parse::<u64>()
            .map_or(true, |number| number > MAX_PORT);
        if alone && too_large && is_port(before.trim_end()) {
            return Some(number.to_owned());
        }
        at += len;
    }
    None
}

/// Whether what stands before a number says that it is a port.
fn is_port(before: &str) -> bool {
    let tuple = before.strip_suffix(',').map(str::trim_end);
    let behind_text = tuple.is_some_and(ends_with_first_of_tuple);
    let assigned = before.strip_suffix('=').map(str::trim_end);
    behind_text || assigned.is_some_and(|name| name.to_ascii_lowercase().ends_with("port"))
}

/// `('10.0.0.2'`, of a tuple and not of a call.
fn ends_with_first_of_tuple(before: &str) -> bool {
    let Some(quote) = before
        .chars()
        .next_back()
        .filter(|sign| matches!(sign, '\'' | '"'))
    else {
        return false;
    };
    let text = &before[..before.len() - quote.len_utf8()];
    let Some(begin) = text.rfind(quote) else {
        return false;
    };
    let Some(callee) = text[..begin].trim_end().strip_suffix('(') else {
        return false;
    };
    !callee.ends_with(|sign: char| sign.is_alphanumeric() || matches!(sign, '_' | ')' | ']'))
}

/// `.decode('uft8')`: an encoding that is another with letters swapped.
fn encoding(code: &str) -> Option<(String, &'static str)> {
    let calls = [".decode(", ".encode(", "encoding="];
    calls.into_iter().find_map(|call| {
        let (_, rest) = code.split_once(call)?;
        let quote = rest
            .chars()
            .next()
            .filter(|sign| matches!(sign, '\'' | '"'))?;
        let (name, _) = rest[1..].split_once(quote)?;
        let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let plain = plain.to_ascii_lowercase();
        let sorted = |text: &str| {
            let mut letters: Vec<char> = text.chars().collect();
            letters.sort_unstable();
            letters
        };
        let meant = ENCODINGS.into_iter().find(|known| {
            let known: String = known.chars().filter(char::is_ascii_alphanumeric).collect();
            plain != known && sorted(&plain) == sorted(&known)
        });
        Some((name.to_owned(), meant?))
    })
}

/// Whether a program that speaks TFTP puts an opcode anywhere, in some way.
fn has_opcodes(code: &str) -> bool {
    let bytes = [r"\x00\x03", r"\x00\x04", r"\0\3", r"\0\4"];
    let packed = ["', 3", "', 4", "\", 3", "\", 4"];
    let mut signs = bytes.iter().chain(&packed);
    signs.any(|sign| code.contains(sign)) || code.to_ascii_lowercase().contains("opcode")
}

/// `struct.pack('!H', block_number)`: nothing but a block number.
fn packs_block_only(code: &str) -> bool {
    let packs = ["pack('!H',", "pack(\"!H\",", "pack('>H',", "pack(\">H\","];
    packs.iter().any(|pack| {
        let argument = code.split_once(pack).map(|(_, rest)| rest.trim_start());
        argument.is_some_and(|it| it.to_ascii_lowercase().starts_with("block"))
    })
}

/// `('127.0.0.1', …`: an address of a socket, and the call that it is given to.
fn loopback(code: &str) -> Option<(String, Option<Use>)> {
    let names = ["127.0.0.1", "localhost", "::1"];
    names.into_iter().find_map(|name| {
        let at = ['\'', '"'].iter().find_map(|quote| {
            let quoted = format!("({quote}{name}{quote},");
            code.find(&quoted)
        })?;
        let before = &code[..=at];
        let last = USES
            .into_iter()
            .filter_map(|(call, does)| Some((before.rfind(call)?, does)));
        let last = last.max_by_key(|(at, _)| *at);
        Some((name.to_owned(), last.map(|(_, does)| does)))
    })
}

/// The calls that an address is given to.
const USES: [(&str, Use); 6] = [
    ("bind(", Use::Binds),
    ("create_server(", Use::Binds),
    ("connect(", Use::Sends),
    ("connect_ex(", Use::Sends),
    ("create_connection(", Use::Sends),
    ("sendto(", Use::Sends),
];
/// U+00A0.
const NO_BREAK_SPACE: char = '\u{a0}';
const MAX_PORT: u64 = 65_535;
/// Those that beginners write.
const ENCODINGS: [&str; 4] = ["utf-8", "gbk", "ascii", "gb2312"];
/// More than any program of a lesson has, in bytes.
const LONGEST: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn whats(text: &str) -> Vec<(usize, What)> {
        let all = find(text).into_iter();
        all.map(|mistake| (mistake.line, mistake.what)).collect()
    }

    fn port(port: &str) -> What {
        What::Port(port.to_owned())
    }

    #[test]
    fn the_textbooks_tcp_programs() {
        let server = "from socket import *\n\nhost_port = ('', 88888)  \ntcp_server.bind(host_port)\n\
            recvData = newSocket.recv(1024)\nnewSocket.send(sendData.encode('utf8'))\n";
        assert_eq!(whats(server), [(3, port("88888"))]);
        let client = "host_port = ('127.0.0.1', 88888)\nprint('recv:', recvData.decode('uft8'))\n";
        let wrong = What::Encoding("uft8".to_owned(), "utf-8");
        let itself = What::Loopback("127.0.0.1".to_owned(), None);
        assert_eq!(whats(client), [(1, port("88888")), (1, itself), (2, wrong)]);
    }

    #[test]
    fn the_textbooks_tftp_has_no_opcodes() {
        let server = "block_info = struct.pack('!H', block_number)  # 网络字节序\n\
            if data.startswith(b'\\x00\\x01'):  # RRQ的opcode\n";
        assert_eq!(whats(server), [(1, What::NoOpcode)]);
        let client = "rrq = b'\\x00\\x01' + name.encode() + b'\\x00'\nack = struct.pack('!H', block_number)\n";
        assert_eq!(whats(client), [(2, What::NoOpcode)]);
    }

    /// What is right is not blamed.
    #[test]
    fn programs_without_these_mistakes_have_none() {
        for right in [
            "s.bind(('', 8888))",
            "s.bind(('', 65535))  # not 88888",
            "s.settimeout(88888)",
            "print('sent', 88888)",
            "size = 1048576",
            "data = '88888'",
            "report = 1000000.5",
            "x.decode('utf8'); y.decode('utf-8'); z.encode('UTF_8')",
            "x.decode('latin1')",
            "rrq = b'\\x00\\x01'\ndata = struct.pack('!HH', 3, block)\nn = struct.pack('!H', block)",
            "OPCODE = {'RRQ': b'\\x00\\x01'}\nack = OPCODE['ACK'] + struct.pack('!H', block)",
            "struct.pack('!H', block)",
            "print('127.0.0.1')",
            "",
            "'",
        ] {
            assert_eq!(whats(right), [], "{right}");
        }
    }

    /// Copied from the page, the programs have such lines.
    #[test]
    fn a_space_of_a_web_page_is_told() {
        assert_eq!(
            whats("x = 1\n  \u{a0}\nsk.close()"),
            [(2, What::NoBreakSpace)]
        );
        assert_eq!(
            whats("print('\u{a0}')\n# \u{a0}"),
            [],
            "where it does no harm"
        );
    }

    #[test]
    fn other_ways_to_write_the_same() {
        assert_eq!(whats("PORT = 70000"), [(1, port("70000"))]);
        assert_eq!(
            whats("sock.connect((\"10.0.0.2\",99999999999999999999))"),
            [(1, port("99999999999999999999"))]
        );
        let wrong = What::Encoding("gkb".to_owned(), "gbk");
        assert_eq!(whats("open(f, encoding=\"gkb\")"), [(1, wrong)]);
    }

    /// "Bind to '' or to 10.0.0.2", of a line that connects.
    #[test]
    fn the_advice_about_an_address_of_its_own_is_that_of_the_call() {
        for (line, does) in [
            ("try: c.connect(('127.0.0.1',9))", Use::Sends),
            ("s.sendto(b'x', ('127.0.0.1', 9))", Use::Sends),
            ("s.bind((\"127.0.0.1\", 9))", Use::Binds),
            ("s.connect(there); t.bind(('127.0.0.1', 9))", Use::Binds),
            ("socket.create_server(('127.0.0.1', 9))", Use::Binds),
        ] {
            let itself = What::Loopback("127.0.0.1".to_owned(), Some(does));
            assert_eq!(whats(line), [(1, itself)], "{line}");
        }
    }
}
