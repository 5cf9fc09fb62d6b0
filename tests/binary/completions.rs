//! What a shell offers when Tab is pressed: the installed scripts in a real shell on a terminal, typed into.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};

use crate::harness::{Daemon, Place, eventually};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/systemd/package/completions");

/// What is typed, and every word that is offered then but options.
const OFFERED: [(&str, &[&str]); 5] = [
    ("recordings ", &["list", "show", "help"]),
    ("conferences list --state ", &["waiting", "active", "ended", "archived", "unrecorded", "failed"]),
    ("recordings list --format ", &["table", "json", "csv"]),
    ("status --format ", &["table", "json"]),
    ("--config x.toml record ", &["start", "stop", "help"]),
];

/// A shell on a terminal of its own.
struct Shell {
    keys: ChildStdin,
    _screen: Daemon,
    path: std::path::PathBuf,
}

impl Shell {
    /// Starts `command`, which must show the prompt `ready> `. `None` if the shell or `script` is not installed.
    fn start(place: &Place, shell: &str, command: &str) -> Option<Self> {
        for program in [shell, "script"] {
            if Command::new(program).arg("--version").output().is_err() {
                eprintln!("SKIPPED: {program} is not installed");
                return None;
            }
        }
        let path = place.path("screen");
        let screen = std::fs::File::create(&path).unwrap();
        let mut script = Command::new("script");
        script.args(["--quiet", "--flush", "--command", command, "/dev/null"]).current_dir(place.path(""));
        script.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", place.path("")).env("TERM", "vt100");
        let (screen, keys) = Daemon::typed_into(place, script, Stdio::from(screen));
        let shell = Self { keys, _screen: screen, path };
        shell.shows("ready> ", 0);
        Some(shell)
    }

    fn seen(&self) -> String {
        plain(&String::from_utf8_lossy(&std::fs::read(&self.path).unwrap()))
    }

    /// Waits until `words` stand on the screen, after so many bytes of it.
    #[track_caller]
    fn shows(&self, words: &str, after: usize) {
        eventually(words, || self.seen().get(after..)?.contains(words).then_some(()));
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// What appears when Tab is pressed behind `line`.
    #[track_caller]
    fn offers(&mut self, line: &str) -> String {
        let before = self.seen().len();
        self.types(line);
        self.shows(line.trim_end(), before);
        let typed = self.seen().len();
        // The second Tab lists what the first one only found.
        self.types("\t\t");
        // Ctrl-U takes the line back.
        self.types("\u{15}echo do''ne\r");
        self.shows("done\n", before);
        self.seen()[typed..].to_owned()
    }
}

/// Text without what moves the cursor and what colours.
fn plain(screen: &str) -> String {
    let mut plain = String::new();
    let mut chars = screen.chars();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                if chars.next() == Some('[') {
                    chars.find(char::is_ascii_alphabetic);
                }
            }
            '\r' => {}
            c => plain.push(c),
        }
    }
    plain
}

/// Presses Tab behind each line of [`OFFERED`], and holds what is offered against what is expected.
#[track_caller]
fn offers_what_fits(shell: &mut Shell) {
    let known: BTreeSet<&str> = OFFERED.iter().flat_map(|(_, words)| *words).copied().collect();
    for (line, expected) in OFFERED {
        let seen = shell.offers(&format!("recording-archiver {line}"));
        let other = seen.replace(line.trim_end(), "");
        let words: BTreeSet<&str> = other.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let offered: BTreeSet<&str> = known.intersection(&words).copied().collect();
        assert_eq!(offered, expected.iter().copied().collect(), "{line}: {seen}");
    }
}

#[test]
fn bash_offers_the_words_that_fit() {
    let place = Place::with("");
    let script = Path::new(SCRIPTS).join("recording-archiver.bash");
    let settings = "set enable-bracketed-paste off\nset completion-query-items 0\nset page-completions off\n";
    place.write("inputrc", settings);
    place.write("bashrc", format!("stty columns 200\nsource {}\nPS1='ready> '\n", script.display()));
    let command = "env INPUTRC=inputrc bash --noprofile --rcfile bashrc -i";
    let Some(mut bash) = Shell::start(&place, "bash", command) else { return };
    offers_what_fits(&mut bash);
}

#[test]
fn zsh_offers_the_words_that_fit() {
    let place = Place::with("");
    let settings = "stty columns 200\nunsetopt prompt_sp\nLISTMAX=0\nautoload -Uz compinit\ncompinit -u -d zcompdump\n";
    place.write(".zshrc", format!("fpath=({SCRIPTS} $fpath)\n{settings}PS1='ready> '\n"));
    let Some(mut zsh) = Shell::start(&place, "zsh", "zsh -d -i") else { return };
    offers_what_fits(&mut zsh);
}

#[test]
fn fish_offers_the_words_that_fit() {
    let place = Place::with("");
    let script = Path::new(SCRIPTS).join("recording-archiver.fish");
    let settings = "set -g fish_greeting\nset -g fish_autosuggestion_enabled 0\nstty columns 200\n";
    place.write(
        "init.fish",
        format!("{settings}source {}\nfunction fish_prompt; echo -n 'ready> '; end\n", script.display()),
    );
    let Some(mut fish) = Shell::start(&place, "fish", "fish --no-config --init-command 'source init.fish' -i") else {
        return;
    };
    offers_what_fits(&mut fish);
}
