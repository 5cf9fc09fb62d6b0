//! What the package installs: the commands' pages and the completions as the command line is, a configuration that loads, two
//! units that say the same, and a third in the same sandbox.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap_complete::Shell;
use recording_archiver::cli::Cli;
use recording_archiver::config::Config;

/// Set, what was generated is written down instead of compared.
pub(crate) const REGENERATE: &str = "REGENERATE";

pub(crate) fn house(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files of a folder, by name.
pub(crate) fn files(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let entries = entries.filter(|entry| entry.path().is_file());
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

/// The page of a command: what clap knows of it, and where to read on.
fn page(command: &clap::Command, above: &str) -> String {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text).unwrap();
    // What is a line's end to clap_mangen, and nothing more to mandoc.
    let text = String::from_utf8(text).unwrap().replace("\n.br\n\n.br\n", "\n.sp\n");
    // Without a date, which would be another one each day, clap_mangen's own heading has the version for it.
    let (preamble, body) = text.split_once(".TH").unwrap();
    let (_, body) = body.split_once('\n').unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let title = format!(".TH {name} 1 \"\" \"recording-archiver {version}\" \"recording-archiver\"\n");
    format!("{preamble}{title}{}\n.SH \"SEE ALSO\"\n{}(1)\n", body.trim_end(), above.replace('-', "\\-"))
}

/// The pages of all commands below `command`. Its own is written in Markdown.
fn pages(command: &clap::Command, folder: &Path) {
    let above = command.get_display_name().unwrap_or(command.get_name());
    for below in command.get_subcommands() {
        let name = below.get_display_name().unwrap_or(below.get_name());
        std::fs::write(folder.join(format!("{name}.1")), page(below, above)).unwrap();
        pages(below, folder);
    }
}

#[test]
fn the_manual_is_the_command_line() {
    let generated = tempfile::tempdir().unwrap();
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    pages(&command, generated.path());
    is_up_to_date("systemd/package/man/commands", generated.path());
}

const NAME: &str = "recording-archiver";

/// `clap_complete` 4.6 takes a hyphen in the program's name for the step to a subcommand where it writes what completes
/// a command, and not where it looks for it: after the first word, nothing is found (clap-rs/clap#6421).
fn with_labels_that_agree(script: &str) -> String {
    let (sought, written) = (NAME.replace('-', "__"), NAME.replace('-', "__subcmd__"));
    script.replace(&written, &sought)
}

#[test]
fn the_completions_are_the_command_line() {
    let generated = tempfile::tempdir().unwrap();
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        let path = clap_complete::generate_to(shell, &mut Cli::command(), NAME, generated.path()).unwrap();
        if shell == Shell::Bash {
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::write(&path, with_labels_that_agree(&text)).unwrap();
        }
    }
    is_up_to_date("systemd/package/completions", generated.path());
}

#[test]
fn the_configuration_that_is_installed_loads_and_names_the_units_catalog() {
    let loaded = Config::load(Some(&house("config/package.toml")), []).unwrap();
    assert_eq!(loaded.config.catalog.path, Path::new("/var/lib/recording-archiver/catalog.db"));
    assert!(loaded.config.discover.organization);
}

/// The lines of a unit that are no comment.
fn said(unit: &str) -> Vec<String> {
    let text = std::fs::read_to_string(house(unit)).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(str::to_owned).collect()
}

#[test]
fn the_packages_changelog_begins_with_this_version() {
    let changelog = std::fs::read_to_string(house("systemd/package/debian/changelog")).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    assert!(changelog.starts_with(&format!("{NAME} ({version}-1) ")), "version {version} has no entry at the top");
}

#[test]
fn the_unit_of_an_instance_says_what_the_unit_says() {
    // What tells an instance from the others is taken out.
    let plain = |line: String| {
        line.replace(" for %i", "")
            .replace("--config /etc/recording-archiver/%i.toml ", "")
            .replace("/etc/recording-archiver/%i.app_secret", "/etc/recording-archiver/app_secret")
            .replace(
                "/etc/recording-archiver/%i.dingtalk_robot_secret",
                "/etc/recording-archiver/dingtalk_robot_secret",
            )
            .replace("/etc/recording-archiver/%i.catalog_password", "/etc/recording-archiver/catalog_password")
            .replace("recording-archiver/%i", "recording-archiver")
    };
    let instance: Vec<String> = said("systemd/recording-archiver@.service").into_iter().map(plain).collect();
    assert_eq!(instance, said("systemd/recording-archiver.service"));
}

#[test]
fn the_backup_is_made_in_the_daemons_sandbox_by_its_account_and_without_a_network() {
    let [daemon, backup] = ["", "-backup"].map(|of| said(&format!("systemd/recording-archiver{of}.service")));
    let of_the_account = ["User=", "Group=", "UMask=", "StateDirectoryMode=", "Environment=RECORDING_ARCHIVER"];
    let first = daemon.iter().position(|line| line == "LimitCORE=0").unwrap();
    let sandbox = daemon[first..].iter().take_while(|line| *line != "[Install]");
    let wanted = daemon.iter().filter(|line| of_the_account.iter().any(|key| line.starts_with(key))).chain(sandbox);
    let missing: Vec<_> = wanted.filter(|line| !backup.contains(line)).collect();
    assert_eq!(missing, ["RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX"]);
    for stricter in ["RestrictAddressFamilies=AF_UNIX", "PrivateNetwork=yes", "IPAddressDeny=any"] {
        assert!(backup.iter().any(|line| line == stricter), "{stricter}");
    }
}
