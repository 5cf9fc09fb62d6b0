//! What the tests stand on: a folder to work in, the binary in it, and a simulated DingTalk beside it.

mod daemon;
mod far;
mod nobody;
mod receiver;
mod sql;
mod terminal;

pub(crate) use daemon::Daemon;
pub(crate) use far::{Far, now};
pub(crate) use nobody::{NOBODY, as_nobody, chmod, is_root};
pub(crate) use receiver::{Receiver, Takes};
pub(crate) use sql::{block_on, column, columns, execute, number, one, sql};
pub(crate) use terminal::Terminal;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use recording_archiver::domain::clock::{Clock, SystemClock};
use tempfile::TempDir;

/// How long a test waits for what must come true. No test depends on how fast the machine is: only one that fails waits for
/// so long.
pub(crate) const PATIENCE: Duration = Duration::from_mins(10);

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_recording-archiver");

/// The variable that names the configuration file.
pub(crate) const CONFIG: &str = "RECORDING_ARCHIVER_CONFIG";

/// Credentials that are as good as any where nothing is called.
pub(crate) const CREDENTIALS: &str =
    "[dingtalk]\napp_key = \"dingxxxsimulated\"\napp_secret = \"simulated-app-secret\"\n";

/// A folder of its own, with a configuration in it; its catalog is `catalog.db`, by default.
pub(crate) struct Place {
    folder: TempDir,
}

/// What a command said, and how it ended.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Place {
    /// A folder whose `config.toml` says `toml`.
    pub(crate) fn with(toml: &str) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap() };
        place.write("config.toml", toml);
        place
    }

    /// A file in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The catalog that the configuration leaves at its default.
    pub(crate) fn catalog(&self) -> PathBuf {
        self.path("catalog.db")
    }

    /// Writes a file.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// The names of the files in it, but for the configuration.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| name != "config.toml");
        names.sort();
        names
    }

    /// The binary with `arguments`, in this folder, with its configuration and no other environment.
    pub(crate) fn command(&self, arguments: &[&str]) -> assert_cmd::Command {
        assert_cmd::Command::from_std(self.std_command(arguments))
    }

    /// The same, to be started beside the test.
    pub(crate) fn std_command(&self, arguments: &[&str]) -> std::process::Command {
        let mut command = std::process::Command::new(BINARY);
        command.args(arguments).current_dir(self.folder.path()).env_clear().env(CONFIG, self.path("config.toml"));
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(arguments))
    }

    /// Runs the binary with one more variable in its environment.
    pub(crate) fn run_with(&self, variable: &str, value: impl AsRef<OsStr>, arguments: &[&str]) -> Said {
        Said::of(self.command(arguments).env(variable, value))
    }
}

impl Said {
    /// What `command` says.
    pub(crate) fn of(command: &mut assert_cmd::Command) -> Self {
        let output = command.timeout(PATIENCE).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// Its results; it must have been done.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }

    /// What was said to people; it must have ended with `code` and without a result.
    #[track_caller]
    pub(crate) fn refused(self, code: i32) -> String {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.out, "", "{self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self.err
    }
}

/// Every one of `words` stands in `text`.
#[track_caller]
pub(crate) fn says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{word:?} is missing in:\n{text}");
    }
}

/// Waits for what must come true.
#[track_caller]
#[expect(
    clippy::disallowed_methods,
    reason = "the real binary runs on the wall clock; the wait ends with the condition"
)]
pub(crate) fn eventually<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let clock = SystemClock::new();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(clock.elapsed() < PATIENCE, "in {PATIENCE:?}, this did not come true: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Lets so much time pass, for what must not happen. On a slow machine, less could have happened, and never more.
#[track_caller]
pub(crate) fn linger(time: Duration) {
    let clock = SystemClock::new();
    eventually("time passes", || (clock.elapsed() >= time).then_some(()));
}

/// Waits until a program that was just written can be run: a process that another test started meanwhile may still have it
/// open for writing, until it becomes a program itself.
#[track_caller]
pub(crate) fn can_run(program: &Path) {
    eventually("the program can be run", || std::process::Command::new(program).arg("--version").output().ok());
}

/// The text of a file that is there.
pub(crate) fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}
