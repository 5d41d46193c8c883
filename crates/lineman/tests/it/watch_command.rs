//! `lineman watch`: what it says, how it ends, and what it does without the right to capture.

use serde_json::Value;

use crate::support::lineman;
use crate::watch_support::in_network;
use crate::watch_support::in_network_as_root;

/// A call on this machine, over and done with.
const CALL: &str = "
\"$LINEMAN\" chat listen 127.0.0.1:4009 > /dev/null < /dev/null 2> /dev/null & PEER=$!
until ss -ltn | grep -q :4009; do sleep 0.01; done
echo hello | \"$LINEMAN\" chat call 127.0.0.1:4009 > /dev/null 2> /dev/null
wait $PEER; sleep 0.5
";

#[test]
fn a_call_is_a_ladder_whose_lines_name_their_conversation() {
    let ran = in_network(&format!("watch -i lo tcp port 4009{CALL}finish"));
    let out = ran.text("out");
    assert!(out.starts_with("   1┌ TCP 127.0.0.1:"), "{out}");
    let ladder: Vec<&str> = out.lines().take_while(|line| !line.is_empty()).collect();
    assert!(ladder.iter().all(|line| line.starts_with("   1")), "{out}");
    for word in ["SYN+ACK", "FIN", "~ESTABLISHED", "~CLOSE-WAIT"] {
        assert!(out.contains(word), "{word}: {out}");
    }
    assert!(out.contains("conversations: 1"), "{out}");
    assert_eq!(ran.code(), "130");
}

#[test]
fn conversations_that_go_on_at_once_are_told_apart() {
    let ran = in_network(
        "watch -i lo udp or icmp
        echo one | \"$LINEMAN\" udp send 127.0.0.1:4009 2> /dev/null || true
        echo two | \"$LINEMAN\" udp send 127.0.0.1:4010 2> /dev/null || true
        sleep 0.5; finish",
    );
    let out = ran.text("out");
    for (number, port) in [("   1┌ UDP", ":4009"), ("   2┌ UDP", ":4010")] {
        let line = out.lines().find(|line| line.starts_with(number));
        assert!(line.is_some_and(|line| line.contains(port)), "{out}");
    }
}

#[test]
fn it_ends_after_so_many_packets_or_seconds_and_when_it_is_told() {
    let send = "seq 50 | \"$LINEMAN\" udp send 127.0.0.1:4009 2> /dev/null || true\n";
    let ran = in_network(&format!(
        "watch --json --count 7 -w a.pcapng -i lo udp\n{send}await"
    ));
    assert_eq!((ran.code().as_str(), ran.events("packet").len()), ("0", 7));
    assert_eq!(ran.tshark("a.pcapng", "frame"), 7);
    let ran = in_network("watch --for 0.3 -i lo udp\nawait");
    assert_eq!(ran.code(), "0");
    assert!(ran.text("out").contains("0 packets"), "{}", ran.text("out"));
    let ran = in_network(&format!(
        "watch -w a.pcapng -i lo udp\n{send}kill -TERM $WATCH; await"
    ));
    assert_eq!(ran.code(), "0");
    assert_eq!(ran.tshark("a.pcapng", "udp"), 50);
}

/// What was recorded is replayed; what goes to stdout is read by others while it comes.
#[test]
fn packets_and_log_go_to_files_and_pipes() {
    let ran = in_network(&format!(
        "watch --record log.jsonl -i lo tcp port 4009{CALL}finish
        \"$LINEMAN\" lab replay log.jsonl > ladder
        : > out; : > err; \"$LINEMAN\" watch -i lo --count 3 -w - udp 2> err > pipe.pcapng & WATCH=$!; begun
        seq 50 | \"$LINEMAN\" udp send 127.0.0.1:4009 2> /dev/null || true
        await"
    ));
    assert!(
        ran.text("ladder").contains("SYN+ACK"),
        "{}",
        ran.text("ladder")
    );
    assert_eq!(ran.tshark("pipe.pcapng", "udp"), 3);
}

/// In a connection whose beginning nobody has seen, packets tell no states; the kernel does.
#[test]
fn the_kernel_is_asked_what_packets_do_not_tell() {
    let watched = |watch: &str| {
        in_network(&format!(
            "nc -l -p 4009 > /dev/null & PEER=$!
            until ss -ltn | grep -q :4009; do sleep 0.01; done
            mkfifo lines; nc 127.0.0.1 4009 < lines > /dev/null & CALLER=$!
            exec 3> lines; echo before >&3
            until ss -tn | grep -q ESTAB; do sleep 0.01; done; sleep 0.3
            {watch} -i lo tcp port 4009
            echo after >&3; sleep 1; finish
            exec 3>&-; kill $PEER $CALLER || true"
        ))
    };
    let out = watched("watch").text("out");
    let words = "the kernel says: client ESTABLISHED, server ESTABLISHED";
    assert!(out.contains(words), "{out}");
    // And programs are told, too.
    let out = watched("watch --json").text("out");
    let told: Vec<Value> = out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .filter(|line: &Value| line["event"] == "kernel_states")
        .collect();
    assert_eq!(told.len(), 1, "{out}");
    assert_eq!(told[0]["conversation"], 1);
    assert_eq!(told[0]["client"], "ESTABLISHED");
    assert_eq!(told[0]["server"], "ESTABLISHED");
}

#[test]
fn without_the_right_it_says_how_to_get_it() {
    let script = |path: &str| {
        format!(
            "cp \"$LINEMAN\" lineman; chmod 755 lineman; code=0
            PATH={path} setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \\
                ./lineman watch -i lo > out 2> err || code=$?
            echo $code > code"
        )
    };
    for (path, group) in [
        ("/nonexistent", "install"),
        (
            "\"$PATH\"",
            "dpkg-reconfigure wireshark-common) and join its group",
        ),
    ] {
        let setpriv = script(path).replace("setpriv", "/usr/bin/setpriv");
        let Some(ran) = in_network_as_root(&setpriv) else {
            return;
        };
        let said = ran.text("err");
        assert_eq!(ran.code(), "7", "{said}");
        let program = ran.path().join("lineman").display().to_string();
        let setcap = format!("sudo setcap cap_net_raw,cap_net_bind_service=+ep {program}");
        assert!(said.contains(&setcap) && said.contains(group), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
}

/// A dumpcap that has the right, and a lineman that has not.
#[test]
fn dumpcap_captures_where_only_that_may() {
    let ran = in_network_as_root(
        "mkdir bin; cp \"$LINEMAN\" bin/lineman; cp $(command -v dumpcap) bin/dumpcap; chmod 755 bin bin/*
        setcap cap_net_raw,cap_net_admin=eip bin/dumpcap
        : > err; : > out
        PATH=$PWD/bin:$PATH setpriv --reuid=65534 --regid=65534 --clear-groups \\
            bin/lineman watch --json -i lo udp dst port 4009 > out 2> err & WATCH=$!
        begun
        echo other | \"$LINEMAN\" udp send 127.0.0.1:4010 2> /dev/null || true
        seq 50 | \"$LINEMAN\" udp send 127.0.0.1:4009 2> /dev/null || true
        sleep 1; finish",
    );
    let Some(ran) = ran else { return };
    assert_eq!(
        ran.events("watching")[0]["by"],
        "dumpcap",
        "{}",
        ran.text("err")
    );
    assert_eq!(ran.events("packet").len(), 50, "{}", ran.text("out"));
}

#[test]
fn a_filter_that_makes_no_sense_is_shown_with_its_place() {
    let said = |lang: &str, filter: &str| {
        let output = lineman()
            .args(["--lang", lang, "watch", "-i", "lo", filter])
            .output()
            .expect("runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        String::from_utf8(output.stderr).expect("UTF-8")
    };
    assert_eq!(
        said("en", "tcp prot 80"),
        "error: the filter cannot be understood:\n  tcp prot 80\n      ^^^^\n\
         “prot” is no word of filters; did you mean port?\n"
    );
    assert_eq!(
        said("zh", "tcp port 80 or 八十"),
        "错误：无法理解过滤表达式：\n  tcp port 80 or 八十\n                 ^^^^\n\
         “八十”不是过滤表达式的词；此处可以是：and, or\n"
    );
    let resolved = said("en", "host example.net");
    assert!(resolved.contains("getent hosts example.net"), "{resolved}");
}

#[test]
fn interfaces_are_listed() {
    let output = lineman()
        .args(["watch", "--interfaces"])
        .output()
        .expect("runs");
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(shown.lines().any(|line| line.starts_with("lo ")), "{shown}");
    assert!(
        shown.lines().any(|line| line.starts_with("any ")),
        "{shown}"
    );
    let output = lineman()
        .args(["watch", "-i", "nonsense0"])
        .output()
        .expect("runs");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("lo") && said.contains("any"), "{said}");
}

/// The same filters decide about the packets of a file.
#[test]
fn what_was_written_is_read_with_a_filter_too() {
    let ran = in_network(&format!(
        "watch -i any -w a.pcapng{CALL}seq 9 | \"$LINEMAN\" udp send 127.0.0.1:4010 2> /dev/null || true
        sleep 0.2; finish
        \"$LINEMAN\" read a.pcapng tcp port 4009 > tcp
        \"$LINEMAN\" --json read a.pcapng 'udp and port 4010' > udp
        \"$LINEMAN\" read a.pcapng vlan > none 2> said"
    ));
    assert!(ran.text("tcp").contains("SYN+ACK"), "{}", ran.text("tcp"));
    let udp = ran.text("udp");
    let summary = udp.lines().last().unwrap_or_default();
    assert!(summary.contains("\"packets\":9,"), "{udp}");
    let said = ran.text("said");
    assert!(said.contains("only Ethernet frames have"), "{said}");
}

/// A server is confined to its directory, and its capture is elsewhere: the file is there from the beginning, grows
/// while the server runs, and has everything in the end.
#[test]
fn a_confined_server_records_its_transfers_as_they_go_on() {
    let ran = in_network(
        "mkdir files; head -c 5000 /dev/zero > files/zero
        echo before > served.pcapng
        \"$LINEMAN\" tftp serve files --listen 127.0.0.1:69 --capture served.pcapng > log 2> said & SERVER=$!
        until ss -lun | grep -q '127.0.0.1:69 '; do kill -0 $SERVER; sleep 0.01; done
        echo other | \"$LINEMAN\" udp send 127.0.0.1:4011 2> /dev/null || true
        \"$LINEMAN\" tftp get tftp://127.0.0.1/zero -o copy 2> /dev/null
        for TRY in 1 2 3 4 5 6 7 8 9 10; do
            tshark -r served.pcapng -Y 'tftp.opcode == 4' > grown 2> /dev/null && test -s grown && break
            sleep 0.1
        done
        \"$LINEMAN\" tftp get tftp://127.0.0.1/zero -o again 2> /dev/null
        kill $SERVER; wait $SERVER || true",
    );
    let said = ran.text("said");
    assert!(!ran.text("grown").is_empty(), "{said}");
    assert_eq!(ran.tshark("served.pcapng", "udp.dstport == 69"), 2);
    let all = ran.tshark("served.pcapng", "frame");
    assert_eq!(ran.tshark("served.pcapng", "tftp"), all, "{said}");
    assert!(said.contains(&format!("packets recorded: {all}")), "{said}");
}

/// A command records its own packets, to the last.
#[test]
fn a_command_records_its_own_packets() {
    let ran = in_network(
        "mkdir files; head -c 5000 /dev/zero > files/zero
        \"$LINEMAN\" tftp serve files --listen 127.0.0.1:69 > /dev/null 2> served & SERVER=$!
        until ss -lun | grep -q '127.0.0.1:69 '; do kill -0 $SERVER; sleep 0.01; done
        \"$LINEMAN\" tftp get tftp://127.0.0.1/zero -o copy --capture tftp.pcapng 2> said
        kill $SERVER
        \"$LINEMAN\" chat listen 127.0.0.1:4009 > /dev/null < /dev/null 2> /dev/null & PEER=$!
        until ss -ltn | grep -q :4009; do sleep 0.01; done
        echo hello | \"$LINEMAN\" chat call 127.0.0.1:4009 --capture chat.pcapng > /dev/null 2>> said
        wait $PEER
        \"$LINEMAN\" udp listen 127.0.0.1:4010 --capture udp.pcapng > /dev/null < /dev/null 2> heard & PEER=$!
        until ss -lun | grep -q :4010; do kill -0 $PEER; sleep 0.01; done; sleep 0.2
        echo hello | \"$LINEMAN\" udp send 127.0.0.1:4010 2> /dev/null
        echo other | \"$LINEMAN\" udp send 127.0.0.1:4011 2> /dev/null || true
        sleep 0.2; kill -INT $PEER; wait $PEER || true",
    );
    // The request, and what follows from another port.
    assert!(ran.tshark("tftp.pcapng", "udp.dstport == 69") == 1);
    assert!(ran.tshark("tftp.pcapng", "tftp.opcode == 3") > 0);
    assert_eq!(ran.tshark("chat.pcapng", "tcp.flags.fin == 1"), 2);
    assert_eq!(ran.tshark("chat.pcapng", "tcp.flags.syn == 1"), 2);
    assert_eq!(ran.tshark("udp.pcapng", "frame"), 1);
    assert!(
        ran.text("said").contains("packets recorded"),
        "{}",
        ran.text("said")
    );
}
