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
}
