//! Which sockets a call is about that waits for several: select(), poll() and the like.

use lineman_proto::wire::flow::Label;

use super::Arrow;
use super::What;
use super::descriptor::Descriptor;
use super::descriptor::Transport;
use crate::log::Answer;
use crate::log::Call;

/// The descriptors that a call waits for, or when it has returned those that it has found ready, if it is such a call. Those of an
/// epoll are known only by what its program has put there.
pub(super) fn descriptors(call: &Call) -> Option<Vec<i32>> {
    let asked = || call.args.join(" ");
    let text = match &call.answer {
        Some(Answer::Value(value)) => value.clone(),
        Some(Answer::Error(_)) => String::new(),
        None => asked(),
    };
    match call.name.as_str() {
        "select" | "pselect" => Some(listed(&text)),
        "poll" | "ppoll" => Some(polled(&text)),
        _ if waits_for_unknown(&call.name) => Some(Vec::new()),
        _ => None,
    }
}

/// Whether a call says which sockets are ready.
pub(super) fn is_of_readiness(name: &str) -> bool {
    matches!(name, "select" | "pselect" | "poll" | "ppoll") || waits_for_unknown(name)
}

/// Whether a call is one of an epoll.
pub(super) fn waits_for_unknown(name: &str) -> bool {
    name.starts_with("epoll_wait") || name.starts_with("epoll_pwait")
}

/// `1 (in [3], out [3, 5])`, `[3], [], []`: the numbers in the lists.
fn listed(text: &str) -> Vec<i32> {
    let lists = text.split('[').skip(1);
    let lists = lists.filter_map(|rest| Some(rest.split_once(']')?.0));
    let numbers = lists.flat_map(|list| list.split(','));
    numbers.filter_map(|it| it.trim().parse().ok()).collect()
}

/// `1 ([{fd=3, revents=POLLIN}])`, `[3: POLLIN]`: the numbers before the events.
fn polled(text: &str) -> Vec<i32> {
    let Some((_, list)) = text.split_once('[') else {
        return Vec::new();
    };
    let words = list.split([',', '{']);
    let number = |word: &str| {
        let word = word.trim();
        let fd = word
            .strip_prefix("fd=")
            .map(|rest| rest.trim_end_matches('}'));
        fd.or_else(|| Some(word.split_once(':')?.0))?.parse().ok()
    };
    words.filter_map(number).collect()
}

/// Whether a packet that is no segment, or one to a listener, may have made this socket ready. `None` where its connection says so.
pub(super) fn by_kind(arrow: &Arrow, socket: &Descriptor) -> Option<bool> {
    let is_tcp = socket.transport == Some(Transport::Tcp);
    match &arrow.seen.what {
        What::Tcp(_) if !is_tcp => Some(false),
        What::Tcp(_) if socket.listens => match arrow.label {
            Some(Label::AckThird { .. }) => None,
            _ => Some(false),
        },
        What::Tcp(_) => None,
        What::Udp(_) if is_tcp => Some(false),
        What::Udp(_) => Some(arrow.seen.to.is_none_or(|to| socket.may_have(to.port()))),
        _ => Some(true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Host;

    fn of(name: &str, args: &[&str], answer: Option<&str>) -> Option<Vec<i32>> {
        descriptors(&Call {
            id: 1,
            host: Host::Client,
            program: None,
            fd: None,
            socket: None,
            name: name.to_owned(),
            args: args.iter().map(|it| (*it).to_owned()).collect(),
            answer: answer.map(|it| Answer::Value(it.to_owned())),
        })
    }

    #[test]
    fn descriptors_are_read_as_a_tracer_and_as_the_bench_write_them() {
        let asked = ["[3, 5]", "[]", "[]", "2"];
        assert_eq!(of("select", &asked, None), Some(vec![3, 5]));
        assert_eq!(of("select", &asked, Some("1 (in [5])")), Some(vec![5]));
        assert_eq!(of("select", &asked, Some("[5], [3], []")), Some(vec![5, 3]));
        assert_eq!(of("select", &asked, Some("0 (Timeout)")), Some(vec![]));
        let asked = ["[{fd=3, events=POLLIN}, {fd=0, events=POLLIN}]", "-1"];
        assert_eq!(of("poll", &asked, None), Some(vec![3, 0]));
        let ready = "1 ([{fd=3, revents=POLLIN|POLLHUP}])";
        assert_eq!(of("poll", &asked, Some(ready)), Some(vec![3]));
        assert_eq!(
            of("poll", &["[3: POLLIN, 5: POLLOUT]"], None),
            Some(vec![3, 5])
        );
        assert_eq!(of("epoll_wait", &["2", "50"], None), Some(vec![]));
        assert_eq!(of("recv", &["[3]"], None), None);
    }
}
