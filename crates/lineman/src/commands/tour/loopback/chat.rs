//! A call over TCP: listen, connect, accept, talk, close each direction.

use lineman_net::Operation;
use lineman_net::calls::TracedSocket;

use super::any_port;
use super::stage::CLIENT;
use super::stage::SERVER;
use super::stage::Stage;
use crate::failure::Failure;
use crate::lang::tour::Tour as Words;

/// Shows a call; gives the number of lines that went over it.
pub fn run(stage: &mut Stage) -> Result<usize, Failure> {
    stage.title(&Words::ChatTitle {})?;
    stage.explain(&Words::ChatServer {})?;
    let door = listen(stage)?;
    stage.explain(&Words::ChatConnect {})?;
    let (caller, called) = connect(stage, &door)?;
    stage.explain(&Words::ChatTalk {})?;
    say(stage, &caller, &called, &["你好, are you there?\n"])?;
    say(stage, &called, &caller, &["yes, I hear you\n"])?;
    let two = ["two lines,\n", "one after the other\n"];
    match say(stage, &caller, &called, &two)? {
        1 => stage.explain(&Words::ChatTogether {})?,
        _ => stage.explain(&Words::ChatApart {})?,
    }
    stage.explain(&Words::ChatClose {})?;
    close(stage, caller, called, door)?;
    Ok(4)
}

fn listen(stage: &mut Stage) -> Result<TracedSocket, Failure> {
    let mut log = |call: &_| stage.call(call);
    let make = |log: &mut dyn FnMut(&_)| {
        let door = TracedSocket::stream(SERVER, log)?;
        door.bind(any_port(), log)?;
        door.listen(5, log)?;
        Ok(door)
    };
    let made = make(&mut log);
    made.map_err(|error| stage.failed(Operation::Listen, error))
}

fn connect(
    stage: &mut Stage,
    door: &TracedSocket,
) -> Result<(TracedSocket, TracedSocket), Failure> {
    let mut log = |call: &_| stage.call(call);
    let call = |log: &mut dyn FnMut(&_)| {
        let address = door.local(log)?;
        let caller = TracedSocket::stream(CLIENT, log)?;
        caller.connect(address, log)?;
        caller.local(log)?;
        Ok(caller)
    };
    let called = call(&mut log);
    let caller = called.map_err(|error| stage.failed(Operation::Connect, error))?;
    stage.explain(&Words::ChatAccept {})?;
    let taken = door.accept(&mut |call| stage.call(call));
    let (called, _) = taken.map_err(|error| stage.failed(Operation::Listen, error))?;
    Ok((caller, called))
}

/// One side says lines, the other reads until it has them all; gives how many reads that took.
fn say(
    stage: &mut Stage,
    from: &TracedSocket,
    to: &TracedSocket,
    lines: &[&str],
) -> Result<usize, Failure> {
    let sent = lines.concat();
    let mut log = |call: &_| stage.call(call);
    let talk = |log: &mut dyn FnMut(&_)| {
        for line in lines {
            from.send(line.as_bytes(), log)?;
        }
        let mut received = Vec::new();
        let mut reads = 0;
        while received.len() < sent.len() {
            let piece = to.recv(1024, log)?;
            if piece.is_empty() {
                break;
            }
            reads += 1;
            received.extend(piece);
        }
        Ok((received, reads))
    };
    let talked = talk(&mut log);
    let (received, reads) = talked.map_err(|error| stage.failed(Operation::Receive, error))?;
    if received != sent.as_bytes() {
        let received = &String::from_utf8_lossy(&received);
        return Err(stage.untrue(&Words::WrongOrder {
            sent: &sent,
            received,
        }));
    }
    Ok(reads)
}

/// Four steps: the client finishes, the server hears it and finishes too.
fn close(
    stage: &mut Stage,
    caller: TracedSocket,
    called: TracedSocket,
    door: TracedSocket,
) -> Result<(), Failure> {
    let mut log = |call: &_| stage.call(call);
    let first = |log: &mut dyn FnMut(&_)| {
        caller.finish_sending(log)?;
        called.recv(1024, log)
    };
    let heard = first(&mut log);
    heard.map_err(|error| stage.failed(Operation::Receive, error))?;
    stage.explain(&Words::ChatHalf {})?;
    let mut log = |call: &_| stage.call(call);
    let second = |log: &mut dyn FnMut(&_)| {
        called.send(b"goodbye\n", log)?;
        called.close(log)?;
        while !caller.recv(1024, log)?.is_empty() {}
        caller.close(log)?;
        door.close(log)
    };
    let closed = second(&mut log);
    closed.map_err(|error| stage.failed(Operation::Receive, error))
}
