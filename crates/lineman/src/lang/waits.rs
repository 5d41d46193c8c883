//! What a script waits for, in the middle of a sentence and as one.

use lineman_lab::scenarios::Awaited;
use lineman_trace::log::Host;
use lineman_trace::log::TcpState;

use super::Lang;
use super::Message as _;
use super::messages;
use super::wire::Wire;

messages! {
    /// What a script waits for.
    Waits;
    Call { who, name } "{name}() on {who} to return" "{who}的 {name}() 返回"
    End { who } "the connection to end at {who}" "连接在{who}结束"
    State { who, name } "{who} to reach {name}" "{who}进入 {name}"
    Packet { who, name } "a packet from {who} to arrive ({name})" "{who}的报文（{name}）到达"
    Quiet {} "the last packet to arrive" "最后一个报文到达"
    File {} "the whole file" "完整的文件"
    Waiting { what } "Nothing is on the wire. The script waits for {what}." "线路上没有报文。脚本正在等待{what}。"
    WaitingSomehow {} "Nothing is on the wire. The script waits." "线路上没有报文。脚本正在等待。"
}

/// What was awaited, in the middle of a sentence.
pub fn awaited(what: &Awaited, lang: Lang) -> String {
    phrase(what.id(), what.host(), what.name(), lang).unwrap_or_default()
}

/// The sentence of a note about a long wait; `None` for other notes.
pub fn of_note(id: &str, args: &[(String, String)], lang: Lang) -> Option<String> {
    let id = id.strip_prefix("waits.")?;
    let get = |wanted| {
        let mut args = args.iter();
        let found = args.find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str())
    };
    let host = match get("host") {
        Some("client") => Some(Host::Client),
        Some("server") => Some(Host::Server),
        _ => None,
    };
    let name = get("name");
    Some(match phrase(id, host, name, lang) {
        Some(what) => Waits::Waiting { what: &what }.render(lang),
        None => Waits::WaitingSomehow {}.render(lang),
    })
}

fn phrase(id: &str, host: Option<Host>, name: Option<&str>, lang: Lang) -> Option<String> {
    let who = host.map(|host| match host {
        Host::Client => Wire::Client {}.render(lang),
        Host::Server => Wire::Server {}.render(lang),
    });
    let words = match (id, &who, &name) {
        ("call", Some(who), Some(name)) => Waits::Call { who, name },
        // A listener that has lost a connection in SYN-RECEIVED still is in LISTEN.
        ("state", Some(who), Some(name)) if *name == TcpState::Closed.name() => Waits::End { who },
        ("state", Some(who), Some(name)) => Waits::State { who, name },
        ("packet", Some(who), Some(name)) => Waits::Packet { who, name },
        ("quiet", ..) => Waits::Quiet {},
        ("file", ..) => Waits::File {},
        _ => return None,
    };
    Some(words.render(lang))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_is_awaited_has_words() {
        let all = [
            Awaited::Call(Host::Client, "recv"),
            Awaited::State(Host::Server, TcpState::Closed),
            Awaited::Packet(Host::Client, "SYN"),
            Awaited::Quiet,
            Awaited::File,
        ];
        for what in all {
            for lang in [Lang::En, Lang::Zh] {
                assert!(!awaited(&what, lang).is_empty(), "{what:?}");
            }
        }
    }

    /// "Waits for the server to reach CLOSED", beside a ladder in which the server goes back to LISTEN.
    #[test]
    fn the_end_of_a_connection_is_not_told_as_a_state_of_the_host() {
        let what = Awaited::State(Host::Server, TcpState::Closed);
        let said = awaited(&what, Lang::En);
        assert_eq!(said, "the connection to end at the server");
    }

    #[test]
    fn notes_about_waits_are_sentences_and_others_are_not_ours() {
        let args = [("host", "client"), ("name", "recv")];
        let args = args.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let said = of_note("waits.call", &args, Lang::En);
        let expected =
            "Nothing is on the wire. The script waits for recv() on the client to return.";
        assert_eq!(said.as_deref(), Some(expected));
        assert!(of_note("waits.of a newer lab", &args, Lang::Zh).is_some());
        assert_eq!(of_note("look.handshake", &args, Lang::En), None);
    }
}
