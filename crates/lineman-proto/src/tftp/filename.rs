//! File names as clients write them, turned into a path below the served root.

/// The components of a requested name, joined with `/`, or `None` if nothing is left of it.
///
/// Boot programs write `\boot\bcd`, `C:\x`, `//x` and `./x` (quirk 9 of the field): backslashes
/// count as slashes, a drive prefix and empty and `.` components are dropped. `..` stays: whether
/// it leaves the root is for the opening of the file to decide, not for a look at the text.
pub fn clean(requested: &[u8]) -> Option<Vec<u8>> {
    let name = match requested {
        [drive, b':', rest @ ..]
            if drive.is_ascii_alphabetic() && matches!(rest, [b'/' | b'\\', ..]) =>
        {
            rest
        }
        _ => requested,
    };
    let mut path = Vec::with_capacity(name.len());
    for component in name.split(|&byte| byte == b'/' || byte == b'\\') {
        if component.is_empty() || component == b"." {
            continue;
        }
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(component);
    }
    (!path.is_empty()).then_some(path)
}

/// A path with each `..` and what stands before it left out; `None` where that leads above the root. It is as [`clean`] gives it. A link
/// before a `..` is not looked at.
pub fn without_dots(path: &[u8]) -> Option<Vec<u8>> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join(&b'/'))
}

/// A name without the bytes that some boot programs leave behind it, which are 0xFF of erased memory,
/// blanks and line ends; as it is, if it consists of nothing else.
pub fn unpadded(name: &[u8]) -> &[u8] {
    match name.iter().rposition(|byte| !PADDING.contains(byte)) {
        Some(last) => &name[..=last],
        None => name,
    }
}

/// The path beneath the served root that `path` names with the root's own path before it, as a client
/// writes it that knows where the files lie on the server, or remembers where they usually do. Both
/// are as [`clean`] gives them. `None` where it begins otherwise.
pub fn without_root<'a>(path: &'a [u8], root: &[u8]) -> Option<&'a [u8]> {
    let own = Some(root).filter(|root| !root.is_empty());
    let mut known = own.into_iter().chain(USUAL_ROOTS.iter().copied());
    known.find_map(|root| path.strip_prefix(root)?.strip_prefix(b"/"))
}

const PADDING: &[u8] = b"\xff \t\r\n";
/// Where TFTP servers of distributions and vendors have their files.
const USUAL_ROOTS: &[&[u8]] = &[
    b"tftpboot",
    b"var/lib/tftpboot",
    b"srv/tftp",
    b"var/tftpboot",
    b"private/tftpboot",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_boot_programs_write_them() {
        for (asked, path) in [
            ("pxelinux.0", "pxelinux.0"),
            ("/grub/grub.cfg", "grub/grub.cfg"),
            (r"\Boot\BCD", "Boot/BCD"),
            (r"/\EFI\boot\x.efi", "EFI/boot/x.efi"),
            (r"C:\x", "x"),
            ("//a//./b", "a/b"),
            ("a..b", "a..b"),
            ("../../etc/passwd", "../../etc/passwd"),
            ("c:x", "c:x"),
        ] {
            assert_eq!(
                clean(asked.as_bytes()).as_deref(),
                Some(path.as_bytes()),
                "{asked}"
            );
        }
        assert_eq!(clean(b"/"), None);
        assert_eq!(clean(b"\\.\\"), None);
        assert_eq!(clean(b"caf\xe9\xff").as_deref(), Some(&b"caf\xe9\xff"[..]));
    }

    #[test]
    fn however_much_padding_is_behind_a_name() {
        for (name, rest) in [
            (&b"file"[..], &b"file"[..]),
            (b"file\xff", b"file"),
            (b"file\xff\xff\xff", b"file"),
            (b"file \r\n", b"file"),
            (b"a b", b"a b"),
            (b"\xff\xff", b"\xff\xff"),
            (b"", b""),
        ] {
            assert_eq!(unpadded(name), rest);
        }
    }

    #[test]
    fn the_path_of_the_root_before_a_name() {
        let strip = |path: &'static str| without_root(path.as_bytes(), b"data/boot");
        assert_eq!(strip("data/boot/x/y"), Some(&b"x/y"[..]));
        assert_eq!(strip("tftpboot/x"), Some(&b"x"[..]));
        assert_eq!(strip("srv/tftp/x"), Some(&b"x"[..]));
        for other in ["data/bootx", "data/boot", "x/data/boot/y", "x", ""] {
            assert_eq!(strip(other), None, "{other}");
        }
        assert_eq!(without_root(b"x", b""), None);
    }
}
