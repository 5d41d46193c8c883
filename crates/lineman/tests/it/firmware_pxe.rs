//! Network boots over DHCP: iPXE's ROM, and EDK2, which boots GRUB; both read from
//! `lineman tftp serve`.

use std::path::Path;
use std::process::Command;

use crate::firmware_kit::Segment;
use crate::firmware_kit::crc32;
use crate::firmware_kit::find;
use crate::firmware_kit::firmware;
use crate::firmware_kit::memory_file;
use crate::support::peer;
use crate::tftp_kit::content;
use crate::tftp_kit::run;
use crate::tftp_kit::stderr;
use crate::tftp_reports::reports;

const EDK2: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
/// QEMU gives it to the card by itself, and fits it to it.
const IPXE: &str = "/usr/lib/ipxe/qemu/efi-virtio.rom";
const QEMU: &str = "qemu-system-x86_64";

/// The script says which file; where that lies in the machine's memory, the whole of it must be.
#[test]
fn ipxe_boots_a_script_and_loads_a_file() {
    let segment = Segment::new();
    let server = segment.serve();
    let bytes = content(4 << 20);
    server.write("image", &bytes);
    server.write(
        "boot.ipxe",
        b"#!ipxe\nimgfetch image && echo image-is-loaded || echo no-image\nsleep 600\n",
    );
    let _dhcp = segment.offer("boot.ipxe");
    let memory = memory_file(&server);
    let backend = format!(
        "memory-backend-file,id=memory,size=64M,share=on,mem-path={}",
        memory.display()
    );
    firmware(IPXE);
    let args = ["-machine", "pc,memory-backend=memory", "-m", "64"];
    let args = [&args[..], &["-boot", "n", "-object", &backend]].concat();
    let mut machine = segment.machine(QEMU, "virtio-net-pci", &args);
    machine.expect("image-is-loaded");
    let memory = std::fs::read(memory).expect("memory");
    let at = find(&memory, &bytes[..64]).expect("the file's first bytes in memory");
    assert!(
        memory[at..].starts_with(&bytes),
        "what lies in memory differs from the file"
    );
    for file in ["boot.ipxe", "image"] {
        let reports = reports(&server, file, 1);
        assert!(reports[0].complete, "{file}: {reports:?}");
        assert_eq!(reports[0].resent, 0, "{file}: {reports:?}");
    }
}

/// EDK2 asks for the length, then loads GRUB in windows; GRUB loads a file in lockstep.
#[test]
fn edk2_boots_grub_which_reads_a_file() {
    let segment = Segment::new();
    let server = segment.serve();
    let bytes = content(4 << 20);
    server.write("image", &bytes);
    let (script, grub) = (
        server.outside().join("script"),
        server.root().join("grub.efi"),
    );
    std::fs::write(&script, "crc (tftp)/image\necho image-is-read\nsleep 600\n").expect("write");
    let output = run(&mut grub_image(&script, &grub));
    assert!(output.status.success(), "{}", stderr(&output));
    let _dhcp = segment.offer("grub.efi");
    let image = format!("if=pflash,format=raw,readonly=on,file={}", firmware(EDK2));
    let mut machine = segment.machine(
        QEMU,
        // Without a ROM of its own: EDK2's driver and EDK2's TFTP.
        "virtio-net-pci,romfile=,bootindex=1",
        &["-machine", "q35", "-m", "256", "-drive", &image],
    );
    let said = machine.expect("image-is-read");
    let sum = format!("{:08x}", crc32(&bytes));
    assert!(said.contains(&sum), "not {sum}: {said}");
    for (file, windowsize) in [("grub.efi", 4), ("image", 1)] {
        let reports = reports(&server, file, 1);
        assert!(reports[0].complete, "{file}: {reports:?}");
        assert_eq!(reports[0].windowsize, windowsize, "{file}: {reports:?}");
        assert_eq!(reports[0].resent, 0, "{file}: {reports:?}");
    }
}

fn grub_image(script: &Path, image: &Path) -> Command {
    let mut command = peer("grub-mkimage");
    command
        .args(["--format", "x86_64-efi", "--prefix", "/", "--config"])
        .arg(script)
        .arg("--output")
        .arg(image)
        .args("efinet tftp net echo hashsum gcry_crc sleep".split(' '));
    command
}
