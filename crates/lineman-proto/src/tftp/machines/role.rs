//! What a file is to a boot, deduced from its name.

/// The part that a file has in a boot. It is deduced from its name, and no more than likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A boot loader, or a part of one.
    Loader,
    /// A configuration, or a script.
    Config,
    /// A kernel.
    Kernel,
    /// An initial file system, or an image that is booted from memory.
    Initrd,
    /// Anything else.
    Other,
}

impl Role {
    /// Deduces it from the name in a request.
    pub fn of(name: &[u8]) -> Self {
        let name = String::from_utf8_lossy(name).to_ascii_lowercase();
        let name = name.replace('\\', "/");
        let last = name.rsplit('/').next().unwrap_or_default();
        let begins = |with: &[&str]| with.iter().any(|it| last.starts_with(it));
        let ends = |with: &[&str]| with.iter().any(|it| last.ends_with(it));
        if name.contains("pxelinux.cfg/") || ends(CONFIG_ENDS) || begins(CONFIG_BEGINS) {
            Self::Config
        } else if begins(INITRD_BEGINS) || ends(INITRD_ENDS) {
            Self::Initrd
        } else if begins(LOADER_BEGINS) || ends(LOADER_ENDS) {
            Self::Loader
        } else if begins(KERNEL_BEGINS) || ends(KERNEL_ENDS) {
            Self::Kernel
        } else {
            Self::Other
        }
    }

    /// For programs.
    pub fn id(self) -> &'static str {
        match self {
            Self::Loader => "loader",
            Self::Config => "config",
            Self::Kernel => "kernel",
            Self::Initrd => "initrd",
            Self::Other => "other",
        }
    }
}

const CONFIG_BEGINS: &[&str] = &["grub.cfg", "menu.lst", "bcd", "boot.scr", "extlinux.conf"];
const CONFIG_ENDS: &[&str] = &[
    ".cfg", ".conf", ".ipxe", ".ini", ".lst", ".txt", ".json", ".yaml", ".xml", ".ks",
];
const INITRD_BEGINS: &[&str] = &["initrd", "initramfs", "ramdisk", "rootfs", "boot.sdi"];
const INITRD_ENDS: &[&str] = &[
    ".wim",
    ".cpio",
    ".cpio.gz",
    ".cpio.xz",
    ".cpio.zst",
    ".iso",
    ".squashfs",
    ".initrd",
];
const LOADER_BEGINS: &[&str] = &[
    "pxelinux",
    "lpxelinux",
    "grub",
    "shim",
    "bootmgr",
    "wdsmgfw",
    "wdsnbp",
    "pxeboot",
    "u-boot",
    "bootcode",
    "start4",
    "wimboot",
    "undionly",
];
const LOADER_ENDS: &[&str] = &[
    ".efi", ".0", ".kpxe", ".kkpxe", ".pxe", ".c32", ".com", ".n12", ".mod", ".elf", ".exe",
];
const KERNEL_BEGINS: &[&str] = &[
    "vmlinuz", "vmlinux", "bzimage", "zimage", "uimage", "image", "linux", "kernel",
];
const KERNEL_ENDS: &[&str] = &[".itb", ".fit", ".lkrn", ".vmlinuz", "-kernel"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_real_boots() {
        for (name, role) in [
            ("pxelinux.0", Role::Loader),
            ("lpxelinux.0", Role::Loader),
            ("EFI\\boot\\bootx64.efi", Role::Loader),
            ("ldlinux.c32", Role::Loader),
            ("/grub/x86_64-efi/normal.mod", Role::Loader),
            ("undionly.kpxe", Role::Loader),
            ("pxelinux.cfg/01-52-54-00-12-34-56", Role::Config),
            ("pxelinux.cfg/C0A80007", Role::Config),
            ("pxelinux.cfg/default", Role::Config),
            ("/grub/grub.cfg-01-52-54-00-12-34-56", Role::Config),
            ("autoexec.ipxe", Role::Config),
            ("\\Boot\\BCD", Role::Config),
            ("debian/vmlinuz", Role::Kernel),
            ("vmlinuz-6.1.0-18-amd64", Role::Kernel),
            ("kernel8.img", Role::Kernel),
            ("initrd.gz", Role::Initrd),
            ("initrd.img-6.1", Role::Initrd),
            ("\\Sources\\boot.wim", Role::Initrd),
            ("bcm2711-rpi-4-b.dtb", Role::Other),
            ("", Role::Other),
            ("\u{fffd}/..", Role::Other),
        ] {
            assert_eq!(Role::of(name.as_bytes()), role, "{name}");
        }
    }
}
