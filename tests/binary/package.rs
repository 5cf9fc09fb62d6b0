//! What the package installs: the manual and the completions as the command line is, a configuration that loads, two units
//! that say the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;
use recording_archiver::cli::Cli;
use recording_archiver::config::Config;

/// Set, what was generated is written down instead of compared.
const REGENERATE: &str = "REGENERATE";

fn house(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files of a folder, by name.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let read = |path: &Path| std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    entries.map(|entry| (entry.file_name().into_string().unwrap(), read(&entry.path()))).collect()
}

/// Holds what stands in `folder` against what is `generated`.
fn is_up_to_date(folder: &str, generated: &Path) {
    let (folder, generated) = (house(folder), files(generated));
    if std::env::var_os(REGENERATE).is_some() {
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in &generated {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let stale: Vec<_> = {
        let there = files(&folder);
        let names = there.keys().chain(generated.keys());
        names.filter(|name| there.get(*name) != generated.get(*name)).cloned().collect()
    };
    assert!(
        stale.is_empty(),
        "{stale:?} are not what the command line is; `{REGENERATE}=1 cargo test --test binary package` writes them"
    );
}

#[test]
fn the_manual_is_the_command_line() {
    let generated = tempfile::tempdir().unwrap();
    clap_mangen::generate_to(Cli::command(), generated.path()).unwrap();
    is_up_to_date("systemd/package/man", generated.path());
}

#[test]
fn the_completions_are_the_command_line() {
    let generated = tempfile::tempdir().unwrap();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "recording-archiver", generated.path()).unwrap();
    }
    is_up_to_date("systemd/package/completions", generated.path());
}

#[test]
fn the_configuration_that_is_installed_loads_and_names_the_units_catalog() {
    let loaded = Config::load(Some(&house("config/package.toml")), []).unwrap();
    assert_eq!(loaded.config.catalog.path, Path::new("/var/lib/recording-archiver/catalog.db"));
    assert!(loaded.config.discover.organization);
}

#[test]
fn the_unit_of_an_instance_says_what_the_unit_says() {
    // The lines of a unit that are no comment, with what tells an instance from the others taken out.
    let said = |unit: &str| -> Vec<String> {
        let text = std::fs::read_to_string(house(unit)).unwrap();
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        lines.map(str::to_owned).collect()
    };
    let plain = |line: String| {
        line.replace(" for %i", "")
            .replace("--config /etc/recording-archiver/%i.toml ", "")
            .replace("/etc/recording-archiver/%i.app_secret", "/etc/recording-archiver/app_secret")
            .replace("recording-archiver/%i", "recording-archiver")
    };
    let instance: Vec<String> = said("systemd/recording-archiver@.service").into_iter().map(plain).collect();
    assert_eq!(instance, said("systemd/recording-archiver.service"));
}
