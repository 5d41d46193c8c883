//! Lines that strace 6.1 has written.

use lineman_trace::log::Answer;

use super::Trace;
use super::Traced;
use super::registers;

/// `name(fd, args) = answer`, or `name(fd, args)` when it begins.
fn shown(traced: &Traced) -> String {
    let fd = traced.fd.map(|fd| fd.to_string());
    let all: Vec<String> = fd.into_iter().chain(traced.args.clone()).collect();
    let call = format!("{}({})", traced.name, all.join(", "));
    match &traced.answer {
        None => call,
        Some(Answer::Value(value)) => format!("{call} = {value}"),
        Some(Answer::Error(error)) => format!("{call} = !{error}"),
    }
}

fn all(lines: &str) -> Vec<String> {
    let mut trace = Trace::default();
    let told = lines.lines().flat_map(|line| trace.line(line));
    told.map(|traced| shown(&traced)).collect()
}

/// What the last line of these says.
fn last(lines: &str) -> String {
    all(lines).pop().unwrap_or_default()
}

#[test]
fn a_client_opens_and_is_refused() {
    let lines = r#"10352 1795407796.879417 socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, IPPROTO_TCP) = 3<TCP:[3461923]> <0.000012>
10352 1795407796.880212 connect(3<TCP:[3461923]>, {sa_family=AF_INET, sin_port=htons(9123), sin_addr=inet_addr("127.0.0.1")}, 16) = -1 EINPROGRESS (Operation now in progress) <0.000045>
10352 1795407796.880731 getsockopt(3<TCP:[3461923]>, SOL_SOCKET, SO_ERROR, [ECONNREFUSED], [4]) = 0 <0.000010>
10352 1795407796.881126 close(3<TCP:[3461923]>) = 0 <0.000014>
10352 1795407796.881711 +++ exited with 1 +++"#;
    assert_eq!(
        all(lines),
        [
            "socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK)",
            "socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK) = 3",
            "connect(3, 127.0.0.1:9123)",
            "connect(3, 127.0.0.1:9123) = !EINPROGRESS",
            "getsockopt(3, SO_ERROR)",
            "getsockopt(3, SO_ERROR) = ECONNREFUSED",
            "close(3)",
            "close(3) = 0",
        ]
    );
}

#[test]
fn a_server_listens_on_ipv6_and_accepts() {
    let lines = r#"1 1795407798.430394 bind(3<TCPv6:[3461959]>, {sa_family=AF_INET6, sin6_port=htons(9124), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28) = 0 <0.000013>"#;
    assert_eq!(last(lines), "bind(3, [::]:9124) = 0");
    let lines = r#"1 1795407798.430707 listen(3<TCPv6:[[::]:9124]>, 10) = 0 <0.000015>"#;
    assert_eq!(last(lines), "listen(3, 10) = 0");
    let lines = r#"1 1795407799.339665 accept(4<TCP:[0.0.0.0:9124]>, {sa_family=AF_INET, sin_port=htons(43546), sin_addr=inet_addr("127.0.0.1")}, [128 => 16]) = 5<TCP:[127.0.0.1:9124->127.0.0.1:43546]> <0.000063>"#;
    assert_eq!(last(lines), "accept(4) = 5, 127.0.0.1:43546");
    let lines = r#"1 1795407798.429598 setsockopt(3<TCPv6:[3461959]>, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0 <0.000011>"#;
    assert_eq!(last(lines), "setsockopt(3, SO_REUSEADDR, 1) = 0");
}

/// "16777226", of 10.0.0.1: a program hands over an address of four bytes, and strace shows them as a number.
#[test]
fn the_address_of_a_multicast_interface_was_shown_as_a_number() {
    for ip in [[10, 0, 0, 1], [10, 0, 0, 200]] {
        let number = i32::from_ne_bytes(ip);
        let address = std::net::Ipv4Addr::from(ip);
        let lines = format!(
            "1 1795407798.429598 setsockopt(3<UDP:[3461959]>, SOL_IP, IP_MULTICAST_IF, [{number}], 4) = 0 <0.000011>"
        );
        let shown = format!("setsockopt(3, IP_MULTICAST_IF, {address}) = 0");
        assert_eq!(last(&lines), shown);
    }
    let lines = r#"1 1795407798.429598 setsockopt(3<UDP:[3461959]>, SOL_IP, IP_MULTICAST_TTL, [3], 4) = 0 <0.000011>"#;
    assert_eq!(last(lines), "setsockopt(3, IP_MULTICAST_TTL, 3) = 0");
}

#[test]
fn calls_of_two_threads_cross() {
    let lines = r#"10581 1795407799.342572 sendto(3<TCP:[127.0.0.1:43546->127.0.0.1:9124]>, "hi\n\"x\1", 6, 0, NULL, 0 <unfinished ...>
10696 1795407799.343000 recvfrom(3<TCP:[127.0.0.1:43546->127.0.0.1:9124]>,  <unfinished ...>
10581 1795407799.343077 <... sendto resumed>) = 6 <0.000080>
10581 1795407799.343233 shutdown(3<TCP:[127.0.0.1:43546->127.0.0.1:9124]>, SHUT_WR) = 0 <0.000125>
10696 1795407799.343435 <... recvfrom resumed>"", 100, 0, NULL, NULL) = 0 <0.000411>
10696 1795407799.343853 +++ exited with 0 +++"#;
    assert_eq!(
        all(lines),
        [
            "send(3, \"hi\\n\"x^A\")",
            "recv(3)",
            "send(3, \"hi\\n\"x^A\") = 6",
            "shutdown(3, SHUT_WR)",
            "shutdown(3, SHUT_WR) = 0",
            "recv(3, 100) = 0",
        ]
    );
}

#[test]
fn a_call_that_waits_is_told_when_it_begins_and_once() {
    let mut trace = Trace::default();
    let half = "7 1795407799.100000 recvfrom(5<TCP:[10.0.0.2:1->10.0.0.1:2]>, ";
    let begun = trace.unfinished(half).expect("a beginning");
    assert_eq!(shown(&begun), "recv(5)");
    assert_eq!(begun.utc_ns, 1_795_407_799_100_000_000);
    assert_eq!(trace.unfinished(half), None);
    let whole = format!("{half}\"hello\\n\", 8192, 0, NULL, NULL) = 6 <1.500000>");
    let told = trace.line(&whole);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(shown(&told[0]), "recv(5, 8192) = 6 \"hello\\n\"");
    assert_eq!(told[0].utc_ns, 1_795_407_800_600_000_000);
}

#[test]
fn datagrams_have_addresses() {
    let lines = r#"1 1795407799.344162 sendto(4<UDP:[3462062]>, "x", 1, 0, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("127.0.0.1")}, 16) = 1 <0.001067>"#;
    assert_eq!(last(lines), "sendto(4, \"x\", 127.0.0.1:9) = 1");
    let lines = r#"1 1795407799.344162 recvfrom(4<UDP:[10.0.0.2:69]>, "abc", 100, 0, {sa_family=AF_INET, sin_port=htons(69), sin_addr=inet_addr("10.0.0.1")}, [16]) = 3 <0.001067>"#;
    assert_eq!(last(lines), "recvfrom(4, 100) = 3 \"abc\", 10.0.0.1:69");
    let lines = r#"1 1795407799.345718 getsockname(4<UDP:[0.0.0.0:53131]>, {sa_family=AF_INET, sin_port=htons(53131), sin_addr=inet_addr("0.0.0.0")}, [16]) = 0 <0.000121>"#;
    assert_eq!(last(lines), "getsockname(4) = 0.0.0.0:53131");
}

/// connect() with `AF_UNSPEC` had no argument at all, and what the socket did after its next connect() was told of the connection
/// before, of which strace goes on speaking.
#[test]
fn a_dissolved_connection_is_named_and_forgotten() {
    let mut trace = Trace::default();
    let mut told = |text: &str| trace.line(text).pop().expect("a call");
    let socket = "3<TCP:[10.0.0.1:40000->10.0.0.2:9000]>";
    let sends = format!(r#"1 1795407799.4 sendto({socket}, "a", 1, 0, NULL, 0) = 1 <0.00001>"#);
    assert!(told(&sends).socket.is_some());
    let dissolves = told(&format!(
        r#"1 1795407799.5 connect({socket}, {{sa_family=AF_UNSPEC, sa_data="\0\0"}}, 16) = 0 <0.00001>"#
    ));
    assert_eq!(shown(&dissolves), "connect(3, AF_UNSPEC) = 0");
    assert!(dissolves.socket.is_some());
    assert_eq!(told(&sends).socket, None);
}

/// Bytes of a pipe that splice() had given to a socket left by no call.
#[test]
fn what_is_spliced_into_a_socket_and_out_of_it_is_told() {
    let mut trace = Trace::default();
    let mut told = |text: &str| trace.line(text).pop();
    let into = "1 1795407799.4 splice(4<pipe:[3462025]>, NULL, 3<TCP:[10.0.0.1:40000->10.0.0.2:9000]>, NULL, 5, 0) = 5 <0.00001>";
    let into = told(into).expect("a call");
    assert_eq!(shown(&into), "splice(4, NULL, 3, NULL, 5, 0) = 5");
    assert!(into.socket.is_some());
    let from = "1 1795407799.4 splice(3<TCP:[10.0.0.1:40000->10.0.0.2:9000]>, NULL, 5<pipe:[3462025]>, NULL, 5, 0) = 5 <0.00001>";
    let from = told(from).expect("a call");
    assert_eq!(shown(&from), "splice(3, NULL, 5, NULL, 5, 0) = 5");
    assert_eq!((from.fd, into.fd), (Some(3), None));
    let other = "1 1795407799.4 splice(3<pipe:[3462024]>, NULL, 5<pipe:[3462025]>, NULL, 5, 0) = 5 <0.00001>";
    assert_eq!(told(other), None);
}

/// `SO_RCVTIMEO` was told as `SO_RCVTIMEO_OLD`, which no program writes.
#[test]
fn options_have_the_names_that_programs_write() {
    let lines = r#"1 1795407799.344162 setsockopt(4<TCP:[1->2]>, SOL_SOCKET, SO_RCVTIMEO_OLD, "\0\0", 16) = 0 <0.001067>"#;
    assert_eq!(last(lines), r#"setsockopt(4, SO_RCVTIMEO, "\0\0") = 0"#);
}

/// A peek looked like a read that takes the bytes away.
#[test]
fn flags_are_told_where_there_are_some() {
    let lines = r#"1 1795407799.344162 recvfrom(4<TCP:[1->2]>, "a", 10, MSG_PEEK|MSG_DONTWAIT, NULL, NULL) = 1 <0.001067>"#;
    assert_eq!(last(lines), "recv(4, 10, MSG_PEEK|MSG_DONTWAIT) = 1 \"a\"");
    let lines = r#"1 1795407799.344162 sendto(4<TCP:[1->2]>, "a", 1, MSG_NOSIGNAL, NULL, 0) = -1 EPIPE (Broken pipe) <0.001067>"#;
    assert_eq!(last(lines), "send(4, \"a\", MSG_NOSIGNAL) = !EPIPE");
    let lines = r#"1 1795407799.344162 sendto(4<UDP:[3462062]>, "x", 1, MSG_DONTWAIT, {sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("10.0.0.2")}, 16) = 1 <0.001067>"#;
    assert_eq!(
        last(lines),
        "sendto(4, \"x\", MSG_DONTWAIT, 10.0.0.2:9) = 1"
    );
}

/// `recv(100, MSG_TRUNC)` of a stream was answered by what had been in the buffer before.
#[test]
fn bytes_that_the_kernel_discards_are_not_shown() {
    let lines = r#"1 1795407799.344162 recvfrom(4<TCP:[1->2]>, "\200\3\360\4"..., 100, MSG_TRUNC, NULL, NULL) = 5 <0.001067>"#;
    assert_eq!(last(lines), "recv(4, 100, MSG_TRUNC) = 5");
    let lines = r#"1 1795407799.344162 recvfrom(4<TCPv6:[1->2]>, "\200", 1, MSG_PEEK|MSG_TRUNC, NULL, NULL) = 1 <0.001067>"#;
    assert_eq!(last(lines), "recv(4, 1, MSG_PEEK|MSG_TRUNC) = 1");
    let lines = r#"1 1795407799.344162 recvmsg(4<TCP:[1->2]>, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="a\"b"..., iov_len=100}], msg_iovlen=1, msg_controllen=0, msg_flags=MSG_TRUNC}, MSG_TRUNC) = 5 <0.001067>"#;
    assert_eq!(
        last(lines),
        "recvmsg(4, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=..., iov_len=100}], msg_iovlen=1, msg_controllen=0, msg_flags=MSG_TRUNC}, MSG_TRUNC) = 5"
    );
    // Of a datagram what has room is copied.
    let lines = r#"1 1795407799.344162 recvfrom(4<UDP:[10.0.0.2:69]>, "ab", 2, MSG_TRUNC, NULL, NULL) = 5 <0.001067>"#;
    assert_eq!(last(lines), "recvfrom(4, 2, MSG_TRUNC) = 5 \"ab\"");
}

/// `iov_base="bold and 1`, of a message with markup: what stands between angle brackets was taken for what strace adds to a descriptor.
#[test]
fn bytes_between_angle_brackets_were_cut_out_of_a_message() {
    let message = |bytes: &str| {
        format!(
            "{{msg_name=NULL, msg_namelen=0, msg_iov=[{{iov_base={bytes}, iov_len=19}}], msg_iovlen=1, msg_controllen=0, msg_flags=0}}"
        )
    };
    for bytes in [
        r#""<b>bold</b> and 1<2""#,
        r#""a > b""#,
        r#""1<2"..."#,
        r#""\"<\\\\" "#.trim_end(),
        r#""\\", iov_len=1}, {iov_base="<x>""#,
        r#""a->b <TCP:[1->2]>""#,
    ] {
        let message = message(bytes);
        let lines =
            format!("1 1795407799.344162 sendmsg(4<TCP:[1->2]>, {message}, 0) = 19 <0.001067>");
        assert_eq!(last(&lines), format!("sendmsg(4, {message}, 0) = 19"));
    }
    let lines = r#"1 1795407799.344162 writev(4<UDP:[10.0.0.2:69]>, [{iov_base="v <a> x\n", iov_len=8}, {iov_base="1<2", iov_len=3}], 2) = 11 <0.001067>"#;
    assert_eq!(
        last(lines),
        r#"writev(4, [{iov_base="v <a> x\n", iov_len=8}, {iov_base="1<2", iov_len=3}], 2) = 11"#
    );
    // A descriptor among control messages is shown without what it is.
    let lines = r#"1 1795407799.344162 sendmsg(4<TCP:[1->2]>, {msg_iov=[{iov_base="<", iov_len=1}], msg_control=[{cmsg_data=[5<TCP:[3->4]>]}]}, 0) = 1 <0.001067>"#;
    assert_eq!(
        last(lines),
        r#"sendmsg(4, {msg_iov=[{iov_base="<", iov_len=1}], msg_control=[{cmsg_data=[5]}]}, 0) = 1"#
    );
}

/// `msg_namelen=16 => 0`, what the kernel has made of a length, ended the message there: what it had received stood in another argument,
/// and its flags were not those of the call.
#[test]
fn a_message_ended_behind_the_length_of_its_address() {
    let message = r#"{msg_name=0x7fff27935580, msg_namelen=16 => 0, msg_iov=[{iov_base="ab", iov_len=100}], msg_iovlen=1, msg_controllen=0, msg_flags=0}"#;
    let lines =
        format!("1 1795407799.344162 recvmsg(4<TCP:[1->2]>, {message}, MSG_PEEK) = 2 <0.001067>");
    let mut trace = Trace::default();
    let told = trace.line(&lines).pop().expect("a call");
    assert_eq!(told.args, [message, "MSG_PEEK"]);
    let discards = lines.replace("MSG_PEEK", "MSG_TRUNC");
    assert!(last(&discards).contains("iov_base=..."), "{discards}");
}

/// While it waited, a peek looked like a call that takes the bytes away: strace tells its flags when it returns.
#[test]
fn a_call_that_waits_is_told_with_its_size_and_flags() {
    let args = |half: &str, waits: &str| {
        let mut begun = Trace::default().unfinished(half).expect("a beginning");
        assert!(registers::knows_more(&begun), "{half}");
        begun.args = registers::args(&begun, waits).unwrap_or_default();
        shown(&begun)
    };
    let half = |name: &str, kind: &str| format!("7 1795407799.100000 {name}(5<{kind}>, ");
    let recv = half("recvfrom", "TCP:[10.0.0.2:1->10.0.0.1:2]");
    let peeks = "45 0x5 0x7f3ac4000b60 0x64 0x2 0x0 0x0 0x7ffc0ffb3100 0x7f3ac5b1a0dc";
    assert_eq!(args(&recv, peeks), "recv(5, 100, MSG_PEEK)");
    let several = "45 0xabcd00000005 0x7f3ac4000b60 0xa 0x10142 0x0 0x0 0x7ffc 0x7f3a";
    assert_eq!(
        args(&recv, several),
        "recv(5, 10, MSG_PEEK|MSG_DONTWAIT|MSG_WAITALL|0x10000)"
    );
    let none = "45 0x5 0x7f3ac4000b60 0x64 0x0 0x0 0x0 0x7ffc 0x7f3a";
    assert_eq!(
        args(&half("recvfrom", "UDP:[10.0.0.2:69]"), none),
        "recvfrom(5, 100)"
    );
    let read = half("read", "TCP:[10.0.0.2:1->10.0.0.1:2]");
    assert_eq!(args(&read, none), "read(5, 100)");
    let message = "47 0x5 0x7ffc0ffb3000 0x2 0x0 0x0 0x0 0x7ffc 0x7f3a";
    let recvmsg = half("recvmsg", "UDP:[10.0.0.2:69]");
    assert_eq!(args(&recvmsg, message), "recvmsg(5, MSG_PEEK)");
    // It is in another call, or in none.
    let other = "45 0x6 0x7f3ac4000b60 0x64 0x2 0x0 0x0 0x7ffc 0x7f3a";
    for waits in [other, "running\n", "-1 0x7ffc 0x7f3a\n", "", "45 0x5 0x"] {
        assert_eq!(args(&recv, waits), "recv(5)", "{waits}");
    }
}

#[test]
fn long_data_are_cut_and_octal_digits_read() {
    let lines = r#"1 1795407799.344162 write(4<TCP:[1->2]>, "\344\275\240\0001a"..., 700) = 700 <0.001067>"#;
    assert_eq!(last(lines), "write(4, \"你^@1a\"...) = 700");
}

/// Two processes of a server have the same number for different sockets: which connection a call was about was not told.
#[test]
fn a_call_tells_which_connection_it_is_about() {
    let ends = |lines: &str| -> Vec<Option<String>> {
        let mut trace = Trace::default();
        let told = lines.lines().flat_map(|line| trace.line(line));
        let shown = |traced: Traced| {
            let ends = traced.socket?;
            Some(format!("{} {}", ends.local, ends.remote?))
        };
        told.map(shown).collect()
    };
    let known = |text: &str| Some(text.to_owned());
    let lines = r#"1 1795407799.339665 accept4(4<TCPv6:[[::]:9124]>, {sa_family=AF_INET6, sin6_port=htons(43546), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::ffff:10.0.0.1", &sin6_addr), sin6_scope_id=0}, [128 => 28], SOCK_CLOEXEC) = 5<TCPv6:[[::ffff:10.0.0.2]:9124->[::ffff:10.0.0.1]:43546]> <0.000063>"#;
    assert_eq!(ends(lines), [None, known("10.0.0.2:9124 10.0.0.1:43546")]);
    let lines = r#"7 1795407799.100000 recvfrom(5<TCP:[10.0.0.2:1->10.0.0.1:2]>, "a", 10, 0, NULL, NULL) = 1 <0.001067>"#;
    assert_eq!(ends(lines), vec![known("10.0.0.2:1 10.0.0.1:2"); 2]);
    let lines = r#"1 1795407796.880212 connect(3<TCP:[3461923]>, {sa_family=AF_INET, sin_port=htons(9123), sin_addr=inet_addr("127.0.0.1")}, 16) = 0 <0.000045>"#;
    assert_eq!(ends(lines), [None, None]);
}

#[test]
fn poll_is_told_where_it_waits_for_the_wire() {
    let lines = r#"1 1795407799.344162 poll([{fd=3<TCP:[10.0.0.1:4->10.0.0.2:9]>, events=POLLIN}, {fd=0</dev/null<char 1:3>>, events=POLLIN}], 2, -1) = 1 ([{fd=3, revents=POLLIN}]) <0.001067>"#;
    assert_eq!(
        last(lines),
        "poll([{fd=3, events=POLLIN}, {fd=0, events=POLLIN}], -1) = 1 ([{fd=3, revents=POLLIN}])"
    );
}

/// A server that waits in select() looked as if it called accept() at once.
#[test]
fn select_and_epoll_are_told_where_they_wait_for_the_wire() {
    let lines = r#"1 1795407799.753271 pselect6(4, [3<TCP:[127.0.0.1:42089]>], NULL, NULL, {tv_sec=1, tv_nsec=0}, NULL) = 1 (in [3], left {tv_sec=0, tv_nsec=999997746}) <0.000007>"#;
    assert_eq!(last(lines), "select([3], [], [], 1) = 1 (in [3])");
    let lines = r#"1 1795407799.753809 pselect6(6, [3<TCP:[127.0.0.1:42089]> 5<TCP:[127.0.0.1:42089->127.0.0.1:46408]>], NULL, NULL, {tv_sec=0, tv_nsec=50000000}, NULL) = 0 (Timeout) <0.050133>"#;
    assert_eq!(last(lines), "select([3, 5], [], [], 0.05) = 0 (Timeout)");
    let lines = r#"1 1795407799.807534 select(6, NULL, [5<TCP:[127.0.0.1:42089->127.0.0.1:46408]>], NULL, NULL) = 1 (out [5]) <0.000037>"#;
    assert_eq!(last(lines), "select([], [5], []) = 1 (out [5])");
    let lines = r#"1 1795407799.807534 pselect6(6, [0</dev/pts/1<char 136:1>> 5<UDP:[0.0.0.0:69]>], NULL, NULL, NULL, {sigmask=[CHLD], sigsetsize=8}) = 1 (in [0]) <0.000037>"#;
    assert_eq!(last(lines), "pselect([0, 5], [], []) = 1 (in [0])");
    let lines = r#"1 1795407799.807534 select(1, [0</dev/pts/1<char 136:1>>], NULL, NULL, NULL) = 1 (in [0]) <0.000037>
1 1795407799.808 epoll_ctl(6<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 9<pipe:[3462025]>, {events=EPOLLIN, data={u32=9, u64=9}}) = 0 <0.000910>
1 1795407799.809 epoll_wait(6<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=9, u64=9}}], 2, 50) = 1 <0.000005>"#;
    assert_eq!(all(lines), [""; 0], "nothing of the wire");
    let lines = r#"1 1795407799.808853 epoll_ctl(6<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 5<TCP:[127.0.0.1:42089->127.0.0.1:46408]>, {events=EPOLLIN|EPOLLOUT, data={u32=5, u64=139865609994245}}) = 0 <0.000007>
1 1795407799.808935 epoll_wait(6<anon_inode:[eventpoll]>, [{events=EPOLLIN, data={u32=3, u64=3}}, {events=EPOLLOUT, data={u32=5, u64=139865609994245}}], 2, 50) = 2 <0.000005>
1 1795407799.808981 epoll_ctl(6<anon_inode:[eventpoll]>, EPOLL_CTL_DEL, 5<TCP:[127.0.0.1:42089->127.0.0.1:46408]>, 0x7ffc0ffb36b4) = 0 <0.000005>
1 1795407799.810561 epoll_pwait(6<anon_inode:[eventpoll]>, [], 1, 20, NULL, 8) = 0 <0.020088>"#;
    let returned: Vec<String> = all(lines).into_iter().skip(1).step_by(2).collect();
    assert_eq!(
        returned,
        [
            "epoll_ctl(6, EPOLL_CTL_ADD, 5, EPOLLIN|EPOLLOUT) = 0",
            "epoll_wait(6, 2, 50) = 2 [{EPOLLIN, u32=3}, {EPOLLOUT, u32=5}]",
            "epoll_ctl(6, EPOLL_CTL_DEL, 5) = 0",
            "epoll_wait(6, 1, 20) = 0",
        ]
    );
}

/// A select() was about no connection, and could return in the row of another's packet.
#[test]
fn a_call_that_finds_one_socket_ready_tells_which_connection_that_has() {
    let ends = |lines: &str| {
        let mut trace = Trace::default();
        let told = lines.lines().flat_map(|line| trace.line(line)).last();
        let ends = told.expect("a call").socket?;
        Some(format!("{} {}", ends.local, ends.remote?))
    };
    let second = Some("10.0.0.2:9000 10.0.0.1:40002".to_owned());
    let sockets = "[3<TCP:[10.0.0.2:9000]> 5<TCP:[10.0.0.2:9000->10.0.0.1:40001]> 15<TCP:[10.0.0.2:9000->10.0.0.1:40002]>]";
    let select = |answer: &str| {
        ends(&format!(
            "1 1795407799.753271 pselect6(16, {sockets}, NULL, NULL, NULL, NULL) = {answer} <0.0001>"
        ))
    };
    assert_eq!(select("1 (in [15])"), second);
    assert_eq!(select("1 (in [3])"), None, "a listener");
    assert_eq!(select("2 (in [5 15])"), None);
    assert_eq!(select("0 (Timeout)"), None);
    let poll = r#"1 1795407799.344162 poll([{fd=1<TCP:[10.0.0.2:9000]>, events=POLLIN}, {fd=11<TCPv6:[[::ffff:10.0.0.2]:9000->[::ffff:10.0.0.1]:40002]>, events=POLLIN}], 2, -1) = 1 ([{fd=11, revents=POLLIN}]) <0.001067>"#;
    assert_eq!(ends(poll), second);
    let epoll = |waits: u32, ready: &str| {
        ends(&format!(
            "1 1795407799.1 epoll_ctl(6<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 5<TCP:[10.0.0.2:9000->10.0.0.1:40002]>, {{events=EPOLLIN, data={{u32=7, u64=7}}}}) = 0 <0.00001>\n\
             1 1795407799.2 epoll_ctl(6<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 3<TCP:[10.0.0.2:9000]>, {{events=EPOLLIN, data={{u32=3, u64=3}}}}) = 0 <0.00001>\n\
             {waits} 1795407799.3 epoll_wait(6<anon_inode:[eventpoll]>, [{ready}], 8, -1) = 1 <0.5>"
        ))
    };
    let seventh = "{events=EPOLLIN, data={u32=7, u64=7}}";
    let third = "{events=EPOLLIN, data={u32=3, u64=3}}";
    assert_eq!(epoll(1, seventh), second);
    assert_eq!(epoll(1, third), None);
    assert_eq!(epoll(1, &format!("{third}, {seventh}")), None);
    assert_eq!(epoll(2, seventh), None, "another process may have another");
}

/// One that waits is half a line: what is unknown then is told when it returns.
#[test]
fn a_select_that_waits_is_told_when_it_begins() {
    let mut trace = Trace::default();
    let half = "7 1795407799.100000 pselect6(4, [3<TCP:[0.0.0.0:9000]>], NULL, NULL, NULL, NULL";
    let begun = trace.unfinished(half).expect("a beginning");
    assert_eq!(shown(&begun), "select([3], [], [])");
    let told = trace.line(&format!("{half}) = 1 (in [3]) <1.500000>"));
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(shown(&told[0]), "select([3], [], []) = 1 (in [3])");
}

#[test]
fn what_is_not_on_the_wire_is_left_out() {
    let lines = r#"1 1795407799.344162 write(1</dev/null<char 1:3>>, "x", 1) = 1 <0.001067>
1 1795407796.878448 connect(3<UNIX-STREAM:[3461915]>, {sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}, 110) = -1 ENOENT (No such file or directory) <0.000014>
1 1795407798.933823 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=10588} ---
1 1795407799.343023 read(0<pipe:[3462025]>,  <unfinished ...>
1 1795407799.343215 <... read resumed>"/usr/bin/readlink\n", 4096) = 18 <0.002204>
1 1795407799.345975 recvfrom(4<UDP:[0.0.0.0:53131]>,  <detached ...>"#;
    assert_eq!(all(lines), [""; 0]);
}

/// Python has −1 in a socket that it has closed: its calls had no row.
#[test]
fn a_call_on_a_closed_socket_is_told() {
    let lines = r#"1 1795407840.035327 sendto(-1, "x", 1, 0, NULL, 0) = -1 EBADF (Bad file descriptor) <0.000014>
1 1795407840.035447 recvfrom(-1, 0x7f6428e6fe60, 5, 0, NULL, NULL) = -1 EBADF (Bad file descriptor) <0.000013>
1 1795407840.035506 connect(-1, {sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("10.0.0.2")}, 16) = -1 EBADF (Bad file descriptor) <0.000013>
1 1795407840.035586 accept4(-1, 0x7fff47fc22b0, [16], SOCK_CLOEXEC) = -1 EBADF (Bad file descriptor) <0.000013>
1 1795407840.035638 listen(5, 128)       = -1 EBADF (Bad file descriptor) <0.000012>
1 1795407840.035640 connect(-1, {sa_family=AF_UNIX, sun_path="/run/x"}, 110) = -1 EBADF (Bad file descriptor) <0.000012>
1 1795407840.035641 read(-1, 0x7f6428e6fe60, 5) = -1 EBADF (Bad file descriptor) <0.000013>
1 1795407840.035645 sendto(4</tmp/x>, "x", 1, 0, NULL, 0) = -1 ENOTSOCK (Socket operation on non-socket) <0.000014>"#;
    let told = all(lines);
    let answered: Vec<&String> = told.iter().filter(|it| it.contains(" = ")).collect();
    assert_eq!(
        answered,
        [
            "send(-1, \"x\") = !EBADF",
            "recv(-1, 5) = !EBADF",
            "connect(-1, 10.0.0.2:1) = !EBADF",
            "accept(-1) = !EBADF",
            "listen(5, 128) = !EBADF",
        ]
    );
}

#[test]
fn nonsense_is_nothing() {
    let texts = [
        "",
        " ",
        "1",
        "1 2",
        "1 1.2 ",
        "1 1.2 x(",
        "1 1.2 x)",
        "1 1.2 close(3<TCP:[) = 0",
        "1 1.2 \"",
        "1 1.2 send(3<TCP:>, \"\\",
        "1 1.2 <... ",
        "1 1.2 <... a resumed>",
        "1 9.9999999999 a(b) = 0",
        "1 1.2 bind(3<TCP:[1]>, {sa_family=AF_INET, sin_port=htons(99999), sin_addr=inet_addr(\"x\")}) = 0",
        "1 99999999999999999999.1 close(3<TCP:[1]>) = 0",
        "1 1.2 \u{4f60}(3<TCP:\u{4f60}",
    ];
    let mut trace = Trace::default();
    for text in texts {
        for cut in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            let _ = trace.unfinished(&text[..cut]);
            let _ = trace.line(&text[..cut]);
        }
    }
}
