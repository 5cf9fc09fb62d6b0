//! The binary while it runs.

use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

use super::{Place, eventually, text};

/// A process that is killed when it is dropped; its log is kept beside its catalog.
pub(crate) struct Daemon {
    child: Child,
    log: PathBuf,
}

impl Daemon {
    /// Starts `run` and waits until it is at work.
    pub(crate) fn start(place: &Place) -> Self {
        let daemon = Self::spawn(place, place.std_command(&["run"]));
        daemon.has_said("at work on");
        daemon
    }

    /// Starts any command.
    pub(crate) fn spawn(place: &Place, command: Command) -> Self {
        Self::spawn_to(place, command, Stdio::null())
    }

    /// The same, with its results going to `stdout`.
    pub(crate) fn spawn_to(place: &Place, command: Command, stdout: Stdio) -> Self {
        Self::spawn_with(place, command, Stdio::null(), stdout)
    }

    /// The same, with its standard input, too.
    pub(crate) fn typed_into(place: &Place, command: Command, stdout: Stdio) -> (Self, ChildStdin) {
        let mut daemon = Self::spawn_with(place, command, Stdio::piped(), stdout);
        let keys = daemon.child.stdin.take().unwrap();
        (daemon, keys)
    }

    fn spawn_with(place: &Place, mut command: Command, stdin: Stdio, stdout: Stdio) -> Self {
        let log = (0..10_000).map(|n| place.path(&format!("{n}.log"))).find(|path| !path.exists()).unwrap();
        let stderr = std::fs::File::create(&log).unwrap();
        let child = command.stdin(stdin).stdout(stdout).stderr(stderr).spawn().unwrap();
        Self { child, log }
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How much memory it has, in kB, by a line of its `/proc/PID/status`: `VmRSS`, or `VmHWM` for the most that it had.
    pub(crate) fn memory_kb(&self, line: &str) -> i64 {
        let status = text(format!("/proc/{}/status", self.pid()).as_ref());
        let value = status.lines().find_map(|found| found.strip_prefix(line)?.strip_prefix(':')).unwrap();
        value.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Everything that it logged so far, in complete lines.
    pub(crate) fn said(&self) -> String {
        let mut said = text(&self.log);
        said.truncate(said.rfind('\n').map_or(0, |end| end + 1));
        said
    }

    /// Waits until it has said `words`.
    #[track_caller]
    pub(crate) fn has_said(&self, words: &str) {
        eventually(words, || self.said().contains(words).then_some(()));
    }

    /// Sends it a signal, by its short name.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success(), "{kill}");
    }

    /// Waits for its end; how it ended.
    #[track_caller]
    pub(crate) fn ended(&mut self) -> ExitStatus {
        eventually("the process ends", || self.child.try_wait().unwrap())
    }

    /// Stops it as systemd would; it must take it well.
    #[track_caller]
    pub(crate) fn stop(mut self) {
        self.signal("TERM");
        assert_eq!(self.ended().code(), Some(0), "{}", self.said());
    }

    /// Kills it as a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
