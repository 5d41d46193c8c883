//! What the tabulator may make of the last word.

use lineman_lab::hosts::Flag;
use lineman_lab::hosts::SocketOption;
use lineman_trace::log::Host;

use super::known::Known;
use super::line::CALLS;
use super::line::OTHERS;
use super::options::DIRECTIONS;
use super::options::KINDS;

/// Everything that the last word of the line may be; a space follows if more can be typed.
pub fn candidates(line: &str, known: &Known) -> Vec<String> {
    let mut words: Vec<&str> = line.split_whitespace().collect();
    if !line.ends_with(char::is_whitespace) {
        words.pop();
    }
    let (host, words) = match words.split_first() {
        Some((&"client", rest)) => (Host::Client, rest),
        Some((&"server", rest)) => (Host::Server, rest),
        _ => (known.host, words.as_slice()),
    };
    let all = match words {
        [] => owned(CALLS.iter().chain(&OTHERS)),
        ["help"] => owned(CALLS.iter().chain(&OTHERS)),
        ["fault"] => owned(&["none"]),
        [call, ..] if !CALLS.contains(call) => Vec::new(),
        [.., "fd"] => {
            let open = known.descriptors(host);
            open.iter().map(ToString::to_string).collect()
        }
        ["socket"] => owned(&KINDS),
        ["shutdown", ..] => owned(&DIRECTIONS),
        ["setsockopt" | "getsockopt", ..] => {
            let names = SocketOption::ALL.map(SocketOption::name);
            owned(&names)
        }
        ["setblocking", ..] => owned(&["true", "false"]),
        ["settimeout", ..] => owned(&["none"]),
        ["close", ..] => owned(&["file"]),
        ["recv" | "recvfrom", ..] => owned(&Flag::ALL.map(Flag::name)),
        ["send" | "sendall", _, ..] => owned(&Flag::ALL.map(Flag::name)),
        ["select" | "poll", .., "read" | "write" | "in" | "out"] => {
            let open = known.descriptors(host);
            open.iter().map(ToString::to_string).collect()
        }
        ["select" | "poll", ..] => owned(&["read", "write"]),
        ["bind" | "connect" | "connect_ex" | "sendto", ..] => addresses(known),
        _ => Vec::new(),
    };
    let descriptor = words.len() == 1 && CALLS.contains(&words[0]) && !WITHOUT.contains(&words[0]);
    let descriptor = descriptor.then(|| "fd".to_owned());
    let each = all.into_iter().chain(descriptor);
    each.map(|word| word + " ").collect()
}

/// Calls that are not about one socket.
const WITHOUT: [&str; 3] = ["socket", "select", "poll"];

fn owned<'a>(words: impl IntoIterator<Item = &'a &'a str>) -> Vec<String> {
    words.into_iter().map(|word| (*word).to_owned()).collect()
}

/// The addresses that sockets were bound to, and the usual ones.
fn addresses(known: &Known) -> Vec<String> {
    let usual = ["10.0.0.1:8888", "10.0.0.2:8888", "[fd00::2]:8888"];
    let mut all: Vec<String> = known.addresses().cloned().collect();
    all.extend(usual.map(str::to_owned));
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn has(line: &str, word: &str) -> bool {
        let all = candidates(line, &Known::new());
        all.iter().any(|candidate| candidate.trim_end() == word)
    }

    #[test]
    fn each_place_has_its_words() {
        assert!(has("", "connect") && has("ser", "server"));
        assert!(has("client con", "connect") && !has("client connect ", "connect"));
        assert!(has("connect ", "10.0.0.2:8888") && has("connect ", "fd"));
        assert!(has("shutdown ", "wr") && has("socket ", "udp6") && !has("socket ", "fd"));
        assert!(has("help ", "accept") && has("setsockopt SO", "SO_LINGER"));
        assert!(has("recv ", "MSG_PEEK") && !has("send ", "MSG_MORE"));
        assert!(has("send hello ", "MSG_MORE") && has("close ", "file") && has("select ", "read"));
        assert!(!has("nonsense ", "fd") && !has("wait ", "fd"));
    }
}
