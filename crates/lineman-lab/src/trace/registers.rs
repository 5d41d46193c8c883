//! The arguments of a call that waits, as proc(5) has them (`/proc/TID/syscall`): `0 0x5 0x7ffe… 0x64 0x2 …`.
//!
//! strace tells what a call that receives was given only when it has returned, for with that it tells what the kernel
//! has put there: while it waits, nothing but its descriptor is known.

use rustix::net::RecvFlags;

use super::Traced;

/// Whether its kernel knows more of a call that has begun than strace has said.
pub(crate) fn knows_more(traced: &Traced) -> bool {
    let receives = matches!(
        traced.name.as_str(),
        "recv" | "recvfrom" | "recvmsg" | "read"
    );
    receives && traced.answer.is_none() && traced.args.is_empty() && traced.fd.is_some()
}

/// The arguments of a call, as they stand in the log when it has returned; none if the thread is in no such call.
pub(crate) fn args(traced: &Traced, waits: &str) -> Option<Vec<String>> {
    let mut fields = waits.split_whitespace();
    fields.next()?.parse::<u32>().ok()?; // the number of the call, or `running`
    let arguments: Vec<u64> = fields
        .map_while(|field| u64::from_str_radix(field.strip_prefix("0x")?, 16).ok())
        .collect();
    let [fd, _, second, third, ..] = arguments[..] else {
        return None;
    };
    // The upper half of the register of an int means nothing.
    if Some(fd as i32) != traced.fd {
        return None;
    }
    let size = Some(second.to_string());
    let shown = match traced.name.as_str() {
        "read" => [size, None],
        "recvmsg" => [None, flags(second as u32)],
        _ => [size, flags(third as u32)],
    };
    Some(shown.into_iter().flatten().collect())
}

/// `MSG_PEEK|MSG_DONTWAIT`, as strace writes them.
fn flags(bits: u32) -> Option<String> {
    let flags = RecvFlags::from_bits_retain(bits);
    let mut named: Vec<_> = flags.iter_names().collect();
    named.sort_by_key(|(_, flag)| flag.bits());
    let known = named.iter().fold(0, |all, (_, flag)| all | flag.bits());
    let names = named.iter().map(|(name, _)| format!("MSG_{name}"));
    let rest = (bits & !known != 0).then(|| format!("{:#x}", bits & !known));
    let all: Vec<String> = names.chain(rest).collect();
    (!all.is_empty()).then(|| all.join("|"))
}
