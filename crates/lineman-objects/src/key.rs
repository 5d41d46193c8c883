//! From a name as a client writes it to the key of an object.

use lineman_net::tftp::Refusal;
use lineman_net::tftp::StoreFault;
use lineman_proto::tftp::clean;
use lineman_proto::tftp::unpadded;
use object_store::path::Path;

/// The key beneath `prefix` that a requested name stands for.
///
/// A name is read as in a directory: slashes and backslashes are one, and those before it count for nothing.
/// But in a store `a//b` and `a/./b` are other keys than `a/b`, so that in the middle of a name neither is let
/// through; nor is what a store, or what stands before it, might read as another key: `..`, `%2e`, control
/// characters.
///
/// # Errors
/// For a name that is none of a file, or might be another key.
pub(crate) fn key(prefix: &Path, requested: &[u8]) -> Result<Path, Refusal> {
    let requested = unpadded(requested);
    if requested.ends_with(b"/") || requested.ends_with(b"\\") {
        return Err(Refusal::NotAFile);
    }
    let name = clean(requested).ok_or(Refusal::NotAFile)?;
    let other = || Refusal::Store(StoreFault::Name);
    let name = String::from_utf8(name).map_err(|_| other())?;
    if name.split('/').any(|part| part == "..") {
        return Err(Refusal::OutsideRoot);
    }
    if name.chars().any(char::is_control)
        || has_escape(name.as_bytes())
        || !is_as_written(requested, name.as_bytes())
    {
        return Err(other());
    }
    let key = match prefix.as_ref() {
        "" => name,
        prefix => format!("{prefix}/{name}"),
    };
    if key.len() > LONGEST {
        return Err(Refusal::NotFound { nearest: None });
    }
    Path::parse(key).map_err(|_| other())
}

/// Whether nothing has been left out of a name but before it.
fn is_as_written(requested: &[u8], name: &[u8]) -> bool {
    let slash = |byte: &u8| if *byte == b'\\' { b'/' } else { *byte };
    let written = requested.iter().map(slash).rev();
    written.take(name.len()).eq(name.iter().copied().rev())
}

/// Whether it has something that decodes to another name: `%` and two hexadecimal digits.
fn has_escape(name: &[u8]) -> bool {
    name.windows(3)
        .any(|it| it[0] == b'%' && it[1].is_ascii_hexdigit() && it[2].is_ascii_hexdigit())
}

/// Bytes of a key in S3, Google and Azure.
const LONGEST: usize = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &[u8]) -> Result<String, Refusal> {
        key(&Path::from("boot/v1"), name).map(String::from)
    }

    #[test]
    fn names_as_boot_programs_write_them_are_keys_beneath_the_prefix() {
        for (name, expected) in [
            (&b"pxelinux.0"[..], "boot/v1/pxelinux.0"),
            (
                b"/grub/x86_64-efi/command.lst",
                "boot/v1/grub/x86_64-efi/command.lst",
            ),
            (b"\\Boot\\BCD", "boot/v1/Boot/BCD"),
            (b"//grub/grub.cfg", "boot/v1/grub/grub.cfg"),
            (b"././grub.cfg", "boot/v1/grub.cfg"),
            (b"C:\\x", "boot/v1/x"),
            (
                b"pxelinux.cfg/01-88-99-aa",
                "boot/v1/pxelinux.cfg/01-88-99-aa",
            ),
            (b"a b+c@d", "boot/v1/a b+c@d"),
            ("内核".as_bytes(), "boot/v1/内核"),
            (b"file\xff\xff", "boot/v1/file"),
            (b"100%", "boot/v1/100%"),
            (b"a..b", "boot/v1/a..b"),
        ] {
            assert_eq!(of(name).ok().as_deref(), Some(expected));
        }
        assert_eq!(
            key(&Path::default(), b"x").map(String::from).ok(),
            Some("x".to_owned())
        );
    }

    #[test]
    fn names_that_would_leave_the_prefix_are_refused() {
        for name in [
            "..",
            "../x",
            "a/../../x",
            "a/..",
            "/../x",
            "..\\x",
            "a/../b",
        ] {
            assert!(
                matches!(of(name.as_bytes()), Err(Refusal::OutsideRoot)),
                "{name}"
            );
        }
    }

    #[test]
    fn names_that_might_be_another_key_are_refused() {
        for name in [
            &b"%2e%2e/x"[..],
            b"a%2Fb",
            b"a%00",
            b"a\0b",
            b"a//b",
            b"/a/b//c",
            b"a\\\\b",
            b"a/./b",
            b"a\nb",
            b"a\x1b[2J",
            b"a\x7fb",
            b"caf\xe9/x",
            "a\u{85}b".as_bytes(),
        ] {
            assert!(
                matches!(of(name), Err(Refusal::Store(StoreFault::Name))),
                "{name:?}"
            );
        }
    }

    #[test]
    fn directories_are_no_files() {
        for name in ["", "/", "dir/", "\\", ".", "a\\"] {
            assert!(
                matches!(of(name.as_bytes()), Err(Refusal::NotAFile)),
                "{name}"
            );
        }
    }

    #[test]
    fn no_store_has_a_key_that_long() {
        assert!(matches!(of(&[b'a'; 1100]), Err(Refusal::NotFound { .. })));
    }
}
