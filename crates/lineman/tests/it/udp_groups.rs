//! Multicast and broadcast, in a network namespace of the test's own: two cables
//! whose other ends are in it too, so that nothing leaves the machine.

use std::process::Command;

use crate::support::free_port;
use crate::support::peer_path;
use crate::udp_rig::Ended;
use crate::udp_rig::Program;

const SETUP: &str = "set -e
ip link set lo up
for net in 0 1; do
  ip link add d$net type veth peer name e$net
  ip link set e$net up
  ip addr add 10.9.$net.1/24 dev d$net
  ip addr add fd09:$net::1/64 dev d$net nodad
  ip link set d$net up multicast on
done
echo ready
exec cat";

/// A network of its own; it ends with the program that holds it.
struct Net {
    holder: Program,
}

impl Net {
    fn new() -> Self {
        let mut command = Command::new(peer_path("unshare"));
        command.args(["--map-root-user", "--net", "sh", "-c", SETUP]);
        let holder = Program::start(&mut command);
        holder.shows("ready");
        Self { holder }
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(peer_path("nsenter"));
        let target = self.holder.id().to_string();
        command.args([
            "--preserve-credentials",
            "--user",
            "--net",
            "--target",
            &target,
        ]);
        command.arg(program).env("LC_ALL", "C.UTF-8");
        command
    }

    fn lineman(&self, args: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_lineman"));
        command.arg("udp").args(args);
        command
    }

    fn listen(&self, args: &[&str]) -> (Program, u16) {
        let mut all = vec!["listen"];
        all.extend(args);
        Program::listening(&mut self.lineman(&all))
    }

    fn send(&self, args: &[&str], text: &str) -> Ended {
        let mut all = vec!["send", "--wait", "0"];
        all.extend(args);
        let mut sender = Program::start(&mut self.lineman(&all));
        sender.say(text);
        let ended = sender.ended();
        assert_eq!(ended.code(), 0, "{}", ended.stderr);
        ended
    }
}

#[test]
fn a_group_is_heard_on_the_interface_that_was_named() {
    let net = Net::new();
    for (group, there, elsewhere) in [
        ("239.1.2.3", "d1", "d0"),
        ("239.1.2.3", "10.9.1.1", "10.9.0.1"),
        ("ff15::123", "d1", "d0"),
        ("ff15::123", "fd09:1::1", "fd09:0::1"),
    ] {
        let (listener, port) = net.listen(&[":0", "--multicast", group, "--interface", there]);
        listener.notes(&format!("joined {group} on d1"));
        let to = match group.contains(':') {
            true => format!("[{group}]:{port}"),
            false => format!("{group}:{port}"),
        };
        net.send(
            &["--multicast", &to, "--interface", elsewhere],
            "elsewhere\n",
        );
        net.send(
            &["--multicast", &to, "--interface", there, "--no-loop"],
            "outside\n",
        );
        net.send(&["--multicast", &to, "--interface", there], "here 你好\n");
        let heard = listener.shows("] here 你好\n");
        assert_eq!(heard.lines().count(), 1, "{heard}");
        let from = if group.contains(':') {
            "[@1 [fd09:1::1]:"
        } else {
            "[@1 10.9.1.1:"
        };
        assert!(heard.starts_with(from), "{heard}");
    }
}

#[test]
fn members_answer_from_their_own_addresses() {
    let net = Net::new();
    let group = ["--multicast", "239.1.2.3", "--interface", "d0"];
    let (mut one, port) = net.listen(&[&[":0"][..], &group].concat());
    // Members share the port.
    let shared = format!(":{port}");
    let (mut two, _) = net.listen(&[&[&shared[..]][..], &group].concat());
    let to = format!("239.1.2.3:{port}");
    let args = ["send", "--multicast", &to, "--interface", "d0"];
    let mut sender = Program::start(&mut net.lineman(&args));
    sender.say("who is there?\n");
    one.shows("] who is there?\n");
    two.shows("] who is there?\n");
    one.say("one\n");
    two.say("two\n");
    sender.shows(&format!("[10.9.0.1:{port}] one\n"));
    sender.shows(&format!("[10.9.0.1:{port}] two\n"));
    assert_eq!(sender.ended().code(), 0);
}

#[test]
fn the_number_of_routers_is_as_asked() {
    let net = Net::new();
    for (args, ttl) in [(&[][..], "ttl=1\n"), (&["--ttl", "7"], "ttl=7\n")] {
        let port = free_port();
        let listen =
            format!("UDP4-RECVFROM:{port},ip-add-membership=239.1.2.3:d0,ip-recvttl,reuseaddr");
        let mut command = net.command(peer_path("socat").to_str().expect("UTF-8"));
        command.args([
            "-d",
            "-d",
            "-d",
            &listen,
            "SYSTEM:echo ttl=$SOCAT_IP_TTL >&2",
        ]);
        let member = Program::start(&mut command);
        member.notes("receiving on");
        let to = format!("239.1.2.3:{port}");
        let group = ["--multicast", &to, "--interface", "d0"];
        net.send(&[&group[..], args].concat(), "hello\n");
        member.notes(ttl);
    }
}

#[test]
fn a_group_of_socat_is_heard() {
    let net = Net::new();
    let group = ["--multicast", "239.1.2.3", "--interface", "d0"];
    let (listener, port) = net.listen(&[&[":0"][..], &group].concat());
    let to = format!("UDP4-DATAGRAM:239.1.2.3:{port},ip-multicast-if=10.9.0.1");
    let mut command = net.command(peer_path("socat").to_str().expect("UTF-8"));
    let mut socat = Program::start(command.args(["-", &to]));
    socat.say("from socat\n");
    let heard = listener.shows("] from socat\n");
    assert!(heard.starts_with("[@1 10.9.0.1:"), "{heard}");
}

#[test]
fn a_broadcast_leaves_by_the_interface_that_was_named() {
    let net = Net::new();
    let (listener, port) = net.listen(&["0.0.0.0:0"]);
    for (to, interface, from) in [
        ("255.255.255.255", "d1", "[@1 10.9.1.1:"),
        ("255.255.255.255", "10.9.0.1", "[@2 10.9.0.1:"),
        ("10.9.1.255", "d1", "[@3 10.9.1.1:"),
    ] {
        let (line, to) = (format!("{to} {interface}\n"), format!("{to}:{port}"));
        net.send(&["--broadcast", &to, "--interface", interface], &line);
        let heard = listener.shows(&line);
        let last = heard.lines().last().expect("a line");
        assert!(last.starts_with(from), "{last}");
    }
}

#[test]
fn where_no_route_leads_is_unreachable() {
    let net = Net::new();
    let sender = Program::start(&mut net.lineman(&["send", "192.0.2.7"]));
    let ended = sender.ended();
    assert_eq!(ended.code(), 3);
    let said = "cannot connect to 192.0.2.7:8889: unreachable";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
}
