//! `docs/tftp-conformance.md` names tests; each of them exists.

use std::path::Path;

/// Name and text of each source file beneath `dir`.
fn sources(dir: &Path, all: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(dir).expect("directory") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            sources(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path
                .file_stem()
                .expect("name")
                .to_string_lossy()
                .into_owned();
            all.push((name, std::fs::read_to_string(&path).expect("source")));
        }
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(top.join("docs/tftp-conformance.md")).expect("page");
    let mut code = Vec::new();
    sources(&top.join("crates"), &mut code);
    let mut count = 0;
    for name in page.split('`').skip(1).step_by(2) {
        let exists = if let Some((file, _)) = name.split_once("::") {
            let function = name.rsplit("::").next().expect("function");
            let has = format!("fn {function}(");
            let is = |(name, text): &(String, String)| name == file && text.contains(&has);
            function.is_empty() || code.iter().any(is)
        } else if name.contains('…') {
            continue;
        } else if name.ends_with(".toml") {
            let scenarios = top.join("crates/lineman-proto/tests/tftp/scenarios");
            scenarios.join(name).is_file()
        } else if name.ends_with(".rs") {
            top.join("fuzz/fuzz_targets").join(name).is_file()
        } else {
            continue;
        };
        assert!(exists, "{name}");
        count += 1;
    }
    assert!(count > 100, "only {count} names were found");
}
