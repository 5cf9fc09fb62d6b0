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

/// What the page of the program says beyond its command line.
const BEYOND: &str = r#".SH "EXIT STATUS"
.TP
0
It is done.
.TP
1
It failed.
.TP
2
It was asked for wrongly, or the configuration is wrong. systemd does not restart the daemon after this.
.SH ENVIRONMENT
.TP
\fBRECORDING_ARCHIVER_CONFIG\fR
The configuration file.
.TP
\fBRECORDING_ARCHIVER__\fR\fISECTION\fR\fB__\fR\fIKEY\fR
A key of the configuration, over what the file says.
.TP
\fBRUST_LOG\fR
What is logged, over log.level.
.SH FILES
.TP
/etc/recording\-archiver/config.toml
The configuration. Every key, explained, at its default: /usr/share/doc/recording\-archiver/recording\-archiver.toml
.TP
/etc/recording\-archiver/app_secret
The app's secret, for root alone.
.TP
/var/lib/recording\-archiver/catalog.db
The catalog, for the group recording\-archiver to read.
.TP
/etc/recording\-archiver/\fINAME\fR.toml, \fINAME\fR.app_secret, /var/lib/recording\-archiver/\fINAME\fR/catalog.db
The same for recording\-archiver@\fINAME\fR.service, one instance an organisation.
"#;

/// The page of a command: what clap knows of it, and where to read on.
fn page(command: &clap::Command, above: Option<&str>) -> String {
    let name = command.get_display_name().unwrap_or(command.get_name()).to_owned();
    let mut text = Vec::new();
    clap_mangen::Man::new(command.clone()).render(&mut text).unwrap();
    let text = String::from_utf8(text).unwrap();
    // Without a date, which would be another one each day, clap_mangen's own heading has the version for it.
    let (preamble, body) = text.split_once(".TH").unwrap();
    let (_, body) = body.split_once('\n').unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let title = format!(".TH {name} 1 \"\" \"recording-archiver {version}\" \"recording-archiver\"\n");
    let after = above.map_or_else(
        || format!("{BEYOND}.SH \"SEE ALSO\"\nsystemctl(1), journalctl(1), sqlite3(1)\n"),
        |above| format!(".SH \"SEE ALSO\"\n{}(1)\n", above.replace('-', "\\-")),
    );
    format!("{preamble}{title}{}\n{after}", body.trim_end())
}

/// The pages of a command and of all below it.
fn pages(command: &clap::Command, above: Option<&str>, folder: &Path) {
    let name = command.get_display_name().unwrap_or(command.get_name());
    std::fs::write(folder.join(format!("{name}.1")), page(command, above)).unwrap();
    command.get_subcommands().for_each(|below| pages(below, Some(name), folder));
}

#[test]
fn the_manual_is_the_command_line() {
    let generated = tempfile::tempdir().unwrap();
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    pages(&command, None, generated.path());
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
