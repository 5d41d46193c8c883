//! Network boots beside a DHCP server that only gives addresses: `lineman tftp serve --proxydhcp` says what to load.

use serde_json::Value;

use crate::firmware_kit::Machine;
use crate::firmware_kit::SERVER;
use crate::firmware_kit::Segment;
use crate::firmware_kit::firmware;
use crate::proxydhcp_kit::Capture;
use crate::support::registry;
use crate::support::wait_for;
use crate::tftp_kit::LIMIT;
use crate::tftp_kit::Served;
use crate::tftp_reports::reports;

const EDK2: &str = "/usr/share/OVMF/OVMF_CODE_4M.fd";
/// QEMU gives it to the card by itself, and fits it to it.
const IPXE_ROM: &str = "/usr/lib/ipxe/qemu/efi-virtio.rom";
const QEMU: &str = "qemu-system-x86_64";
const MAC: &str = "52:54:00:12:34:56";
const UUID: &str = "30313233-3435-3637-3839-3a3b3c3d3e3f";
const SCRIPT: &[u8] = b"#!ipxe\necho script-is-read ${net0/mac} ${uuid}\nsleep 600\n";

/// EDK2 is told the loader for its architecture, which is iPXE; iPXE, asking anew, is told its script.
#[test]
fn edk2_is_told_ipxe_and_ipxe_its_script() {
    let segment = Segment::with_switch();
    let server = segment.serve_with(&["--proxydhcp"]);
    let loader = registry("ipxe").join("boot/ipxe.efi");
    server.write("ipxe.efi", &std::fs::read(loader).expect("iPXE"));
    server.write("boot.ipxe", SCRIPT);
    let capture = Capture::start(&segment, server.outside());
    let _dhcp = segment.addresses_only();
    let image = format!("if=pflash,format=raw,readonly=on,file={}", firmware(EDK2));
    let mut machine = segment.machine(
        QEMU,
        // Without a ROM of its own: EDK2's driver, EDK2's DHCP and TFTP.
        &format!("virtio-net-pci,romfile=,bootindex=1,mac={MAC}"),
        &[
            "-machine", "q35", "-m", "256", "-drive", &image, "-uuid", UUID,
        ],
    );
    expect_script(&mut machine);
    for file in ["ipxe.efi", "boot.ipxe"] {
        let reports = reports(&server, file, 1);
        assert!(reports[0].complete, "{file}: {reports:?}");
    }
    assert_told(&server, "ipxe.efi", false, 7);
    assert_told(&server, "boot.ipxe", true, 7);
    capture.check();
    // EDK2 takes the offer, and has it acknowledged at the boot server's port.
    let (acknowledged, text) = capture.ours("udp.srcport == 4011 && dhcp.option.dhcp == 5");
    assert_eq!(acknowledged, 1, "{text}");
}

/// Firmware that loads by HTTP is told URLs of the same server, and nothing is loaded by TFTP.
#[test]
fn edk2_is_told_where_to_load_by_http() {
    let segment = Segment::with_switch();
    let at = |file: &str| format!("http://{SERVER}:8000/{file}");
    let (loader, script) = (at("ipxe.efi"), at("boot.ipxe"));
    let settings = [format!("x64-http={loader}"), format!("ipxe={script}")];
    let server = segment.serve_with(&[
        "--proxydhcp",
        "--proxydhcp-loader",
        &settings[0],
        "--proxydhcp-loader",
        &settings[1],
        "--http",
        &format!("{SERVER}:8000"),
    ]);
    let ipxe = std::fs::read(registry("ipxe").join("boot/ipxe.efi"));
    server.write("ipxe.efi", &ipxe.expect("iPXE"));
    server.write("boot.ipxe", SCRIPT);
    let _dhcp = segment.addresses_only();
    let image = format!("if=pflash,format=raw,readonly=on,file={}", firmware(EDK2));
    let no_pxe = |family| format!("name=opt/org.tianocore/{family}PXESupport,string=n");
    let mut machine = segment.machine(
        QEMU,
        &format!("virtio-net-pci,romfile=,bootindex=1,mac={MAC}"),
        &[
            "-machine",
            "q35",
            "-m",
            "256",
            "-drive",
            &image,
            "-uuid",
            UUID,
            "-device",
            "virtio-rng-pci",
            "-fw_cfg",
            &no_pxe("IPv4"),
            "-fw_cfg",
            &no_pxe("IPv6"),
        ],
    );
    expect_script(&mut machine);
    assert_told(&server, &loader, false, 16);
    assert_told(&server, &script, true, 7);
    let lines = server.lines();
    assert!(
        !lines.iter().any(|line| line.contains("\"transfer\"")),
        "{lines:#?}"
    );
    for (file, firmware) in [("ipxe.efi", "EDK2"), ("boot.ipxe", "iPXE")] {
        let told = wait_for(file, LIMIT, || {
            let lines = server.lines();
            let mut told = lines
                .iter()
                .filter_map(|line| serde_json::from_str(line).ok());
            told.find(|it: &Value| {
                it["event"] == "http-request" && it["method"] == "GET" && it["file"] == file
            })
        });
        assert_eq!(
            (&told["status"], &told["reason"]),
            (&200.into(), &"complete".into())
        );
        assert_eq!(told["firmware"], firmware, "{told}");
    }
}

/// SeaBIOS runs the card's ROM, which is iPXE.
#[test]
fn a_bios_with_ipxe_in_rom_is_told_the_script() {
    let segment = Segment::with_switch();
    let server = segment.serve_with(&["--proxydhcp", "--proxydhcp-loader", "ipxe=start.ipxe"]);
    server.write("start.ipxe", SCRIPT);
    let capture = Capture::start(&segment, server.outside());
    let _dhcp = segment.addresses_only();
    let mut machine = bios(&segment);
    expect_script(&mut machine);
    assert!(reports(&server, "start.ipxe", 1)[0].complete);
    assert_told(&server, "start.ipxe", true, 0);
    capture.check();
}

/// iPXE would load itself for ever, were it told its loader again: without a script it is told nothing.
#[test]
fn a_machine_without_a_loader_is_named_in_the_log() {
    let segment = Segment::with_switch();
    let server = segment.serve_with(&["--proxydhcp"]);
    server.write("undionly.kpxe", b"a loader");
    let _dhcp = segment.addresses_only();
    let _machine = bios(&segment);
    let line = server.wait_line("no-script");
    assert!(line.contains(MAC), "{line}");
}

fn bios(segment: &Segment) -> Machine {
    firmware(IPXE_ROM);
    let args = ["-machine", "pc", "-m", "64", "-boot", "n", "-uuid", UUID];
    segment.machine(QEMU, &format!("virtio-net-pci,mac={MAC}"), &args)
}

/// The script names the machine as the log does.
fn expect_script(machine: &mut Machine) {
    let said = machine.expect("script-is-read") + &machine.expect(UUID);
    assert!(said.contains(MAC), "{said}");
}

#[track_caller]
fn assert_told(server: &Served, file: &str, is_ipxe: bool, arch: u16) {
    let told = format!("\"told\":\"{file}\"");
    let line = server.wait_line(&told);
    let line: Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(line["event"], "proxydhcp", "{line}");
    assert_eq!(line["mac"], MAC, "{line}");
    assert_eq!(line["uuid"], UUID, "{line}");
    assert_eq!(line["ipxe"], is_ipxe, "{line}");
    assert_eq!(line["architectures"], serde_json::json!([arch]), "{line}");
}
