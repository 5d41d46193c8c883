//! One call as strace writes it.

use lineman_proto::text::quoted;
use lineman_trace::log::Answer;
use lineman_trace::log::Endpoints;

use super::args;

/// The text of a call, `name(args) = answer <took>`, or the beginning of it.
pub(super) struct Text<'a> {
    name: &'a str,
    parts: Vec<&'a str>,
    /// What stands behind the arguments.
    rest: Option<&'a str>,
}

/// What the log says of it.
pub(super) struct Call {
    pub(super) fd: Option<i32>,
    /// The ends of the connection that it is about.
    pub(super) socket: Option<Endpoints>,
    pub(super) name: String,
    pub(super) args: Vec<String>,
}

impl<'a> Text<'a> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let (name, rest) = text.split_once('(')?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        let (parts, rest) = args::split(rest);
        Some(Self { name, parts, rest })
    }

    /// The call, if it is about a socket that the wire can see.
    pub(super) fn call(&self) -> Option<Call> {
        match self.name {
            "socket" => self.socket(),
            "poll" | "ppoll" => self.poll(),
            "select" | "pselect6" => self.select(),
            "epoll_ctl" => self.epoll_ctl(),
            "splice" => self.splice().or_else(|| self.on_socket()),
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => self.epoll_wait(),
            _ => self.on_socket(),
        }
    }

    fn part(&self, at: usize) -> &'a str {
        self.parts.get(at).copied().unwrap_or_default()
    }

    fn socket(&self) -> Option<Call> {
        matches!(self.part(0), "AF_INET" | "AF_INET6").then(|| Call {
            fd: None,
            socket: None,
            name: "socket".to_owned(),
            args: vec![self.part(0).to_owned(), self.part(1).to_owned()],
        })
    }

    fn poll(&self) -> Option<Call> {
        let list = self.part(0);
        let inet = list.split('<').skip(1).any(args::is_inet);
        inet.then(|| Call {
            fd: None,
            socket: None,
            name: self.name.to_owned(),
            args: [args::undecorated(list), self.part(2).to_owned()]
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect(),
        })
    }

    fn select(&self) -> Option<Call> {
        let sets = [1, 2, 3].map(|at| self.part(at));
        let inet = |set: &str| set.split('<').skip(1).any(args::is_inet);
        let without_mask = matches!(self.part(5), "" | "NULL");
        let name = if without_mask { "select" } else { "pselect" };
        let limit = args::duration(self.part(4));
        sets.into_iter().any(inet).then(|| Call {
            fd: None,
            socket: None,
            name: name.to_owned(),
            args: sets.map(args::numbers).into_iter().chain(limit).collect(),
        })
    }

    fn epoll_ctl(&self) -> Option<Call> {
        let (fd, _) = args::descriptor(self.part(0))?;
        let (socket, kind) = args::descriptor(self.part(2))?;
        let events = args::events(self.part(3)).map(str::to_owned);
        args::is_inet(kind).then(|| Call {
            fd: Some(fd),
            socket: None,
            name: self.name.to_owned(),
            args: [self.part(1).to_owned(), socket.to_string()]
                .into_iter()
                .chain(events)
                .collect(),
        })
    }

    /// Whether a socket of the wire is among what it waits for, only the calls before it tell.
    fn epoll_wait(&self) -> Option<Call> {
        let (fd, _) = args::descriptor(self.part(0))?;
        let without_mask = matches!(self.part(4), "" | "NULL");
        let name = match self.name {
            "epoll_pwait" if without_mask => "epoll_wait",
            name => name,
        };
        let limit = args::duration(self.part(3)).or_else(|| Some(self.part(3).to_owned()));
        Some(Call {
            fd: Some(fd),
            socket: None,
            name: name.to_owned(),
            args: [self.part(2).to_owned()]
                .into_iter()
                .chain(limit)
                .filter(|text| !text.is_empty())
                .collect(),
        })
    }

    /// What goes from a pipe into a socket, which is the third argument.
    fn splice(&self) -> Option<Call> {
        let (_, kind) = args::descriptor(self.part(2))?;
        args::is_inet(kind).then(|| Call {
            fd: None,
            socket: args::ends(kind),
            name: self.name.to_owned(),
            args: self.parts.iter().map(|it| args::undecorated(it)).collect(),
        })
    }

    fn on_socket(&self) -> Option<Call> {
        let open = args::descriptor(self.part(0)).filter(|(_, kind)| args::is_inet(kind));
        let (fd, kind) = open.or_else(|| Some((self.not_open()?, "")))?;
        let to_nobody = self.part(4) == "NULL";
        // What the C library makes of `send`, `recv` and `accept`.
        let name = match self.name {
            "accept4" => "accept",
            "sendto" if to_nobody => "send",
            "recvfrom" if args::is_tcp(kind) || kind.is_empty() && to_nobody => "recv",
            name => name,
        };
        Some(Call {
            fd: Some(fd),
            socket: args::ends(kind),
            name: name.to_owned(),
            args: self.args(name),
        })
    }

    /// The descriptor of a call that only sockets have, if it is none of an open file: Python has −1 in a socket that it has
    /// closed. It may have been one that the wire could see.
    fn not_open(&self) -> Option<i32> {
        let of_sockets = [
            "accept",
            "accept4",
            "bind",
            "connect",
            "getpeername",
            "getsockname",
            "getsockopt",
            "listen",
            "recvfrom",
            "recvmsg",
            "sendmsg",
            "sendto",
            "setsockopt",
            "shutdown",
        ];
        let elsewhere = self.parts.iter().any(|part| part.contains("=AF_UNIX"));
        let asks = of_sockets.contains(&self.name) && !elsewhere;
        self.part(0).parse().ok().filter(|_| asks)
    }

    fn args(&self, name: &str) -> Vec<String> {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let shown: Vec<Option<String>> = match name {
            "bind" | "connect" => vec![args::address_or_family(self.part(1))],
            "accept" | "close" | "getsockname" | "getpeername" => Vec::new(),
            "write" => vec![args::string(self.part(1))],
            "read" => vec![some(self.part(2))],
            "send" => vec![args::string(self.part(1)), self.flags()],
            "sendto" => vec![
                args::string(self.part(1)),
                self.flags(),
                args::address(self.part(4)).map(|it| it.to_string()),
            ],
            "recv" | "recvfrom" => vec![some(self.part(2)), self.flags()],
            "setsockopt" => vec![
                some(args::option(self.part(2))),
                some(&args::option_value(self.part(2), inner(self.part(3)))),
            ],
            "getsockopt" => vec![some(args::option(self.part(2)))],
            _ => {
                let rest = self.parts.iter().skip(1);
                let shown = rest.map(|part| match self.discards() {
                    true => args::without_strings(&args::undecorated(part)),
                    false => args::undecorated(part),
                });
                shown.map(|part| some(&part)).collect()
            }
        };
        shown.into_iter().flatten().collect()
    }

    /// The flags of a transfer, if it has any.
    fn flags(&self) -> Option<String> {
        let flags = Some(self.part(3)).filter(|flags| !matches!(*flags, "" | "0"));
        flags.map(str::to_owned)
    }

    /// Whether the kernel discards the bytes of a stream instead of copying them (tcp(7), MSG_TRUNC): what strace shows of the buffer
    /// was there before.
    fn discards(&self) -> bool {
        let is_stream = args::descriptor(self.part(0)).is_some_and(|(_, kind)| args::is_tcp(kind));
        let flags = match self.name {
            "recvfrom" | "recvmmsg" => self.part(3),
            "recvmsg" => self.part(2),
            _ => return false,
        };
        is_stream && flags.split('|').any(|flag| flag == "MSG_TRUNC")
    }

    /// What the kernel answered; `None` if the call never returned.
    pub(super) fn answer(&self, call: &Call) -> Option<Answer> {
        let result = self.rest?.trim_start().strip_prefix("= ")?;
        let result = result.rsplit_once(" <").map_or(result, |(text, _)| text);
        let mut words = result.split_whitespace();
        let value = words.next()?;
        if matches!(value, "-1" | "?") {
            return Some(Answer::Error(words.next()?.to_owned()));
        }
        let number = value.split_once('<').map_or(value, |(number, _)| number);
        Some(Answer::Value(self.value(call, number, result)))
    }

    fn value(&self, call: &Call, number: &str, result: &str) -> String {
        let address = |at| args::address(self.part(at)).map(|it| it.to_string());
        let with = |more: Option<String>, sign: &str| match more {
            Some(more) => format!("{number}{sign}{more}"),
            None => number.to_owned(),
        };
        match call.name.as_str() {
            "accept" => with(address(1), ", "),
            "getsockname" | "getpeername" => address(1).unwrap_or_else(|| number.to_owned()),
            "recv" | "read" | "recvfrom" => {
                let data = args::string(self.part(1)).filter(|data| *data != quoted(b""));
                let data = data.filter(|_| !self.discards());
                let from = address(4).map(|from| format!(", {from}"));
                with(data, " ") + &from.unwrap_or_default()
            }
            "getsockopt" => inner(self.part(3)).to_owned(),
            "poll" | "ppoll" => args::undecorated(result),
            "select" | "pselect" => args::without_rest_of_time(&args::undecorated(result)),
            "epoll_wait" | "epoll_pwait" | "epoll_pwait2" => {
                let ready = args::ready(self.part(1));
                with((!ready.is_empty()).then(|| format!("[{ready}]")), " ")
            }
            _ => number.to_owned(),
        }
    }

    /// The ends of the connection whose descriptor it has returned, or that alone it has found ready.
    pub(super) fn made(&self) -> Option<Endpoints> {
        match self.name {
            "poll" | "ppoll" => return self.ready("fd=", &[0]),
            "select" | "pselect6" => return self.ready("", &[1, 2, 3]),
            _ => {}
        }
        let result = self.rest?.trim_start().strip_prefix("= ")?;
        let (_, kind) = args::descriptor(result.split_whitespace().next()?)?;
        args::ends(kind)
    }

    /// The ends of the connection of the one descriptor that is ready: the answer has its number, behind `mark`, and the arguments what
    /// it is. A list of several is about no connection.
    fn ready(&self, mark: &str, lists: &[usize]) -> Option<Endpoints> {
        let result = self.rest?.trim_start().strip_prefix("= 1 (")?;
        let result = args::undecorated(result);
        let (_, list) = result.split_once('[')?;
        let list = list.trim_start_matches('{').strip_prefix(mark)?;
        let number = list.split([',', ']']).next()?;
        let asked = lists.iter().map(|at| self.part(*at));
        let mut kinds = asked.filter_map(|list| args::kind_of(list, &format!("{mark}{number}<")));
        args::ends(kinds.next()?)
    }

    /// What a program puts into an epoll to know a socket by, and the ends of its connection, if it has one.
    pub(super) fn watched(&self) -> Option<(&'a str, Option<Endpoints>)> {
        let adds = self.name == "epoll_ctl" && self.rest.is_some_and(|rest| rest.contains("= 0"));
        let (_, kind) = args::descriptor(self.part(2)).filter(|_| adds)?;
        let mut data = args::data(self.part(3));
        Some((data.next()?, args::ends(kind)))
    }

    /// What its program knows the one socket by that an epoll has found ready.
    pub(super) fn ready_data(&self) -> Option<&'a str> {
        let waits = matches!(self.name, "epoll_wait" | "epoll_pwait" | "epoll_pwait2");
        let mut ready = args::data(self.part(1)).filter(|_| waits);
        ready.next().filter(|_| ready.next().is_none())
    }

    /// How long the call took, in nanoseconds.
    pub(super) fn took_ns(&self) -> Option<u64> {
        let (_, took) = self.rest?.rsplit_once('<')?;
        args::seconds_ns(took.strip_suffix('>')?)
    }
}

/// `[1]` as `1`.
fn inner(text: &str) -> &str {
    let inner = |text: &'_ str| -> Option<(usize, usize)> {
        text.strip_prefix('[')?.strip_suffix(']')?;
        Some((1, text.len() - 1))
    };
    inner(text).map_or(text, |(begin, end)| &text[begin..end])
}
