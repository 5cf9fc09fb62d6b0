//! Commands, as processes: `status`, a list as CSV, and the demo, which archives a simulated month.

use std::fs;
use std::process::{Command, Stdio};

use divan::Bencher;
use divan::counter::ItemsCount;
use tempfile::TempDir;

use crate::old::{old, sizes};

fn archiver() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recording-archiver"));
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// The archiver with a catalog of so many closed conferences; its configuration is in the folder.
fn archiver_of(closed: u32, folder: &TempDir) -> Command {
    let config = folder.path().join("config.toml");
    let catalog = old(closed).catalog.location();
    fs::write(&config, format!("[catalog]\npath = \"{catalog}\"\n")).unwrap();
    let mut command = archiver();
    command.arg("--config").arg(config);
    command
}

#[divan::bench(args = sizes(), sample_count = 20, sample_size = 1)]
fn status(bencher: Bencher<'_, '_>, closed: u32) {
    let folder = tempfile::tempdir().unwrap();
    let mut status = archiver_of(closed, &folder);
    status.arg("status").stdout(Stdio::piped());
    bencher.bench_local(|| {
        // By the clock on the wall, the last pass is long ago. That is unhealthy, so the exit code says nothing.
        assert!(!status.output().unwrap().stdout.is_empty());
    });
}

#[divan::bench(sample_count = 20, sample_size = 1)]
fn list_as_csv(bencher: Bencher<'_, '_>) {
    let [closed, _] = sizes();
    let folder = tempfile::tempdir().unwrap();
    let mut list = archiver_of(closed, &folder);
    list.args(["recordings", "list", "--format", "csv"]);
    bencher.counter(ItemsCount::new(closed)).bench_local(|| assert!(list.status().unwrap().success()));
}

/// `demo`: twenty working days of ten meetings, by a clock that jumps.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn simulated_month(bencher: Bencher<'_, '_>) {
    bencher.with_inputs(|| tempfile::tempdir().unwrap()).bench_local_refs(|folder: &mut TempDir| {
        let month = ["demo", "--days", "20", "--meetings", "200", "--catalog"];
        assert!(archiver().args(month).arg(folder.path().join("month.db")).status().unwrap().success());
    });
}
