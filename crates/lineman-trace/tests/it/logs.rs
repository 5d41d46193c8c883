//! The logs in `tests/logs` are what the scripts make.

use std::path::PathBuf;

use crate::scripts;

/// `UPDATE_LOGS=1` writes them anew.
#[test]
fn the_logs_are_what_the_scripts_make() {
    let dir = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/logs");
    let update = std::env::var_os("UPDATE_LOGS").is_some();
    for (name, make) in scripts::ALL {
        let path = dir.join(name).with_extension("jsonl");
        if update {
            std::fs::create_dir_all(&dir).expect("a directory");
            std::fs::write(&path, make()).expect("a file");
        }
        let there = std::fs::read(&path).expect("the log; UPDATE_LOGS=1 writes it");
        assert!(there == make(), "{name}: UPDATE_LOGS=1 writes it anew");
    }
}
