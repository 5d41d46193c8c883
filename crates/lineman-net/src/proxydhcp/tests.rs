use super::*;

#[test]
fn only_files_beneath_the_root_are_loaders() {
    let dir = tempfile::tempdir().expect("a directory");
    let root = dir.path().join("root");
    std::fs::create_dir_all(root.join("bootx64.efi")).expect("mkdir");
    std::fs::write(root.join("ipxe.efi"), "loader").expect("write");
    std::fs::write(dir.path().join("outside.efi"), "loader").expect("write");
    std::os::unix::fs::symlink("ipxe.efi", root.join("link.efi")).expect("symlink");
    std::os::unix::fs::symlink("../outside.efi", root.join("out.efi")).expect("symlink");
    let root = LoaderRoot::open(&root).expect("it opens");
    assert!(root.has("ipxe.efi") && root.has("link.efi"));
    for name in [
        "bootx64.efi",
        "out.efi",
        "../outside.efi",
        "none",
        "",
        "a\0b",
    ] {
        assert!(!root.has(name), "{name:?}");
    }
}
