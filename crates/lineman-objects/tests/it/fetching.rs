//! One fetch for all who ask, read while it is written.

use std::io::Write as _;
use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::Condvar;
use std::sync::Mutex;
use std::time::Duration;

use crate::kit::Serving;
use crate::kit::content;
use crate::kit::get;
use crate::kit::plain;
use crate::origin::Origin;
use crate::origin::head;
use crate::origin::object;

/// A gate that a test opens.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().expect("whole") = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let guard = self.0.0.lock().expect("whole");
        drop(self.0.1.wait_while(guard, |open| !*open).expect("whole"));
    }
}

/// An object whose second half comes when the gate is open.
fn halves(body: &[u8], gate: &Gate) -> Origin {
    let (body, gate) = (body.to_vec(), gate.clone());
    Origin::new(move |_, stream| {
        let length = body.len().to_string();
        head(
            stream,
            "200 OK",
            &[("etag", "\"1\""), ("content-length", &length)],
        );
        let (first, second) = body.split_at(body.len() / 2);
        let _ = stream.write_all(first);
        gate.pass();
        let _ = stream.write_all(second);
    })
}

#[test]
fn a_crowd_that_asks_for_one_object_has_it_fetched_once() {
    let body = content(1, 300_000);
    let gate = Gate::default();
    let origin = halves(&body, &gate);
    let serving = Serving::new(&origin.url(), &plain());
    let address = serving.address;
    let (half, reached) = std::sync::mpsc::channel();
    let clients: Vec<_> = (0..100)
        .map(|_| {
            let half = half.clone();
            std::thread::spawn(move || {
                get(address, "kernel", "octet", |block| {
                    if block == 18 {
                        half.send(()).expect("receiver"); // 147,456 bytes of 150,000 are there
                    }
                })
            })
        })
        .collect();
    // All of them have the first half while the second is not there.
    for _ in 0..100 {
        reached
            .recv_timeout(Duration::from_secs(60))
            .expect("half of it");
    }
    gate.open();
    for client in clients {
        assert!(client.join().expect("client").expect("all of it") == body);
    }
    assert_eq!(origin.asked().len(), 1);
}

#[test]
fn a_client_that_goes_away_ends_nobodys_fetch() {
    let body = content(1, 200_000);
    let gate = Gate::default();
    let origin = halves(&body, &gate);
    let serving = Serving::new(&origin.url(), &plain());
    let first = UdpSocket::bind("127.0.0.1:0").expect("bind");
    let ask = b"\0\x01kernel\0octet\0";
    first.send_to(ask, serving.address).expect("send");
    let (_, tid) = first.recv_from(&mut [0; 600]).expect("a block");
    first.send_to(b"\0\x05\0\0gone\0", tid).expect("send");
    gate.open();
    assert!(serving.get("kernel").expect("all of it") == body);
    assert_eq!(origin.asked().len(), 1);
}

#[test]
fn a_text_is_translated_when_all_of_it_is_there() {
    let gate = Gate::default();
    let origin = halves(&b"line\n".repeat(10_000), &gate);
    let serving = Serving::new(&origin.url(), &plain());
    let opener = gate.clone();
    let later = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        opener.open();
    });
    let text = get(serving.address, "text", "netascii", |_| {}).expect("all of it");
    assert!(text == b"line\r\n".repeat(10_000));
    later.join().expect("opened");
}

#[test]
fn an_empty_object_is_an_empty_file() {
    let origin = Origin::new(|_, stream| {
        head(
            stream,
            "200 OK",
            &[("etag", "\"0\""), ("content-length", "0")],
        );
    });
    let serving = Serving::new(&origin.url(), &plain());
    assert_eq!(serving.get("empty"), Ok(Vec::new()));
}

#[test]
fn what_begins_while_another_version_is_written_keeps_its_own() {
    let (old, new) = (content(1, 400_000), content(2, 500_000));
    let is_new = Arc::new(Mutex::new(false));
    let (bodies, version) = ((old.clone(), new.clone()), Arc::clone(&is_new));
    let origin = Origin::new(move |asked, stream| match *version.lock().expect("whole") {
        false => object(asked, stream, &bodies.0, "\"1\""),
        true => object(asked, stream, &bodies.1, "\"2\""),
    });
    let serving = Serving::new(&origin.url(), &plain());
    let address = serving.address;
    let got = get(address, "kernel", "octet", |block| {
        if block == 10 {
            *is_new.lock().expect("whole") = true;
            // The store is asked again when its word is two seconds old.
            loop {
                let now = get(address, "kernel", "octet", |_| {}).expect("either");
                if now == new {
                    break;
                }
                assert!(now == old);
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    });
    assert!(got.expect("all of it") == old);
}
