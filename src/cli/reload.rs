//! `reload`: asks the daemon to read its configuration anew, and waits for its verdict.
//!
//! The daemon is found by its catalog's path alone: it is to be asked about a configuration that is wrong elsewhere.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process};

use super::{output, sanitize};
use crate::config::{Config, ConfigError, Loaded};
use crate::daemon::lock::{Lock, Note};
use crate::domain::clock::{Clock, SystemClock};

/// How long the daemon may take. It finishes the calls under way first, for three seconds at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often its note is read meanwhile.
const REST: Duration = Duration::from_millis(20);

pub(super) async fn run(
    path: Option<&Path>,
    environment: impl IntoIterator<Item = (String, String)>,
    load: impl Fn() -> Result<Loaded, ConfigError>,
) -> anyhow::Result<()> {
    let catalog = Config::catalog_path(path, environment);
    let Some((pid, before)) = Lock::holder(&catalog) else {
        // Where the configuration is wrong, another catalog may be meant.
        load()?;
        bail!("no daemon works on {}: start it, or name its configuration with --config", catalog.display());
    };
    let Some(reloads) = before.reloads else {
        bail!("what works on {} (pid {pid}) reads its configuration only once: restart it", catalog.display());
    };
    // One that is being read already may be read from before the last change.
    let awaited = reloads.begun + 1;
    hang_up(pid)?;
    let note = verdict(&catalog, pid, awaited).await?;
    if let Some(reason) = note.refused {
        bail!("the daemon (pid {pid}) refuses the configuration, and the running settings stay: {reason}");
    }
    output::say(&format!("the daemon (pid {pid}) has taken the configuration"));
    Ok(())
}

/// Sends SIGHUP.
fn hang_up(pid: u32) -> anyhow::Result<()> {
    let process = pid.try_into().ok().and_then(Pid::from_raw).context("the daemon's note names no process")?;
    match kill_process(process, Signal::HUP) {
        Err(Errno::PERM) => bail!(
            "only root and the daemon's own user may ask it: `sudo systemctl reload recording-archiver`, or the unit of \
             the instance"
        ),
        sent => sent.with_context(|| format!("the daemon (pid {pid}) could not be signalled")),
    }
}

/// Waits until the daemon has passed a verdict on so many configurations.
async fn verdict(catalog: &Path, pid: u32, awaited: u64) -> anyhow::Result<Note> {
    let clock = SystemClock::new();
    let begun = clock.elapsed();
    loop {
        let holder = Lock::holder(catalog).filter(|(holder, _)| *holder == pid);
        let (_, note) = holder.with_context(|| format!("the daemon (pid {pid}) ended before it had a verdict"))?;
        if note.reloads.is_some_and(|reloads| reloads.done >= awaited) {
            return Ok(note);
        }
        let waits_for = note.waits_for.map(|waits_for| format!("; it waits: {}", sanitize::text(&waits_for)));
        ensure!(
            clock.elapsed().saturating_sub(begun) < PATIENCE,
            "the daemon (pid {pid}) has had no verdict for {PATIENCE:?}{}; see its log",
            waits_for.unwrap_or_default()
        );
        clock.sleep(REST).await;
    }
}
