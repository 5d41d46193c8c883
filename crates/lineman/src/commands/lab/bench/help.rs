//! What each command does, and who makes each call.

use crate::lang::Lang;
use crate::lang::Message as _;
use crate::lang::bench::Bench as Words;
use crate::lang::bench_calls::BenchCalls as Calls;

use super::complaint::Complaint;
use super::line::CALLS;
use super::line::OTHERS;

/// The list of everything, or what one command does.
///
/// # Errors
/// When there is no such command.
pub fn text(word: Option<&str>, lang: Lang) -> Result<String, Complaint> {
    let Some(word) = word else {
        return Ok(list(lang));
    };
    let words = sentence(word).ok_or_else(|| Complaint::Unknown(word.to_owned()))?;
    Ok(words.render(lang))
}

fn list(lang: Lang) -> String {
    let line =
        |words: Words<'_>, names: &[&str]| format!("{}{}", words.render(lang), names.join(" "));
    let (server, client) = (["bind", "listen", "accept"], ["connect", "connect_ex"]);
    let both = |name: &&str| !server.contains(name) && !client.contains(name);
    let both: Vec<&str> = CALLS.into_iter().filter(both).collect();
    let (hosts, rest) = OTHERS.split_at(2);
    let (wire, rest) = rest.split_at(7);
    [
        line(Words::HelpServer {}, &server),
        line(Words::HelpClient {}, &client),
        line(Words::HelpBoth {}, &both),
        line(Words::HelpHosts {}, hosts),
        line(Words::HelpWire {}, wire),
        line(Words::HelpRest {}, rest),
        Words::HelpMore {}.render(lang),
    ]
    .join("\n")
}

fn sentence(word: &str) -> Option<Calls<'static>> {
    Some(match word {
        "socket" => Calls::Socket {},
        "bind" => Calls::Bind {},
        "listen" => Calls::Listen {},
        "accept" => Calls::Accept {},
        "connect" => Calls::Connect {},
        "connect_ex" => Calls::ConnectEx {},
        "send" => Calls::Send {},
        "sendall" => Calls::Sendall {},
        "recv" => Calls::Recv {},
        "sendto" => Calls::Sendto {},
        "recvfrom" => Calls::Recvfrom {},
        "shutdown" => Calls::Shutdown {},
        "close" => Calls::Close {},
        "getpeername" => Calls::Getpeername {},
        "getsockname" => Calls::Getsockname {},
        "setsockopt" => Calls::Setsockopt {},
        "getsockopt" => Calls::Getsockopt {},
        "settimeout" => Calls::Settimeout {},
        "gettimeout" => Calls::Gettimeout {},
        "setblocking" => Calls::Setblocking {},
        "select" => Calls::Select {},
        "poll" => Calls::Poll {},
        "fileno" => Calls::Fileno {},
        "makefile" => Calls::Makefile {},
        "readline" => Calls::Readline {},
        "write" => Calls::Write {},
        "flush" => Calls::Flush {},
        "client" | "server" => Calls::Hosts {},
        "step" => Calls::Step {},
        "run" => Calls::Run {},
        "deliver" => Calls::Deliver {},
        "drop" => Calls::Drop {},
        "dup" => Calls::Dup {},
        "delay" => Calls::Delay {},
        "fault" => Calls::Fault {},
        "wait" => Calls::Wait {},
        "state" => Calls::State {},
        "help" => Calls::Help {},
        "quit" | "exit" => Calls::Quit {},
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_can_be_typed_is_explained() {
        for word in CALLS.iter().chain(&OTHERS) {
            for lang in [Lang::En, Lang::Zh] {
                let text = text(Some(word), lang).expect("an explanation");
                let sentences = text.matches(['.', '。']).count();
                assert!(sentences >= 1, "{word}: {text}");
            }
            let list = list(Lang::En);
            let words: Vec<&str> = list.split_whitespace().collect();
            assert!(words.contains(word), "{word}");
        }
        assert!(text(Some("nonsense"), Lang::En).is_err());
    }
}
