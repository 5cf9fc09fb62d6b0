//! What this machine has to bring: a configuration, a secret that is kept, a catalog that is sound and can grow, a daemon.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::{Findings, Verdict};
use crate::archive::health;
use crate::catalog::Catalog;
use crate::cli::wiring;
use crate::config::{Config, Loaded};
use crate::daemon::lock::Lock;
use crate::domain::clock::{Clock, SystemClock};

/// A catalog grows by some kilobytes a meeting; with less than this, the disk is what fills first.
const LEAST_FREE_MIB: u64 = 100;

pub(super) fn configuration(findings: &mut Findings, loaded: &Loaded) {
    let config = &loaded.config;
    let source = loaded
        .source
        .as_ref()
        .map_or_else(|| "the defaults and the environment".to_owned(), |path| path.display().to_string());
    let looks =
        config.discover.organization || !config.discover.users.is_empty() || !config.watch.conferences.is_empty();
    if looks {
        findings.say("configuration", Verdict::Ok, source);
    } else {
        let what = "no meeting is looked for: set discover.organization, discover.users or watch.conferences";
        findings.say("configuration", Verdict::Warning, format!("{source}; {what}"));
    }
}

/// Where the secret comes from, and who may read it there. Whether there is one.
pub(super) fn secret(findings: &mut Findings, loaded: &Loaded) -> bool {
    let dingtalk = &loaded.config.dingtalk;
    let place = match dingtalk.secret_file() {
        Some(("dingtalk.app_secret", path)) => format!("the systemd credential {}", path.display()),
        Some((_, path)) => path.display().to_string(),
        None => "dingtalk.app_secret".to_owned(),
    };
    match dingtalk.credentials() {
        Ok(_) => findings.say("credentials", Verdict::Ok, format!("the secret is in {place}")),
        Err(problem) => {
            let systemd = "where systemd keeps it: `sudo env CREDENTIALS_DIRECTORY=/etc/recording-archiver recording-archiver doctor`";
            findings.say("credentials", Verdict::Failed, format!("{problem}; {systemd}"));
            return false;
        }
    }
    let exposed = loaded.exposed();
    for exposed in &exposed {
        findings.say("permissions", Verdict::Failed, exposed.to_string());
    }
    if exposed.is_empty() {
        findings.say("permissions", Verdict::Ok, "not everybody may read the secret");
    }
    true
}

/// Whether the catalog is there, is sound, and can grow; the catalog, if calls can be counted in it.
pub(super) async fn catalog(findings: &mut Findings, config: &Config) -> Option<Catalog> {
    let path = &config.catalog.path;
    space(findings, path);
    if !path.exists() && !may_make(path) {
        let what = format!("{} is not there yet: the daemon makes it when it starts", path.display());
        findings.say("catalog", Verdict::Warning, what);
        return None;
    }
    let catalog = match Catalog::open(path).await {
        Ok(catalog) => catalog,
        Err(error) => {
            findings.say("catalog", Verdict::Failed, error.to_string());
            return None;
        }
    };
    match catalog.verify().await {
        Ok(broken) if broken.is_empty() => findings.say("catalog", Verdict::Ok, format!("{} is sound", path.display())),
        Ok(broken) => {
            let what = format!(
                "{} checks found something: `recording-archiver verify` says where; put a backup in its place",
                broken.len()
            );
            findings.say("catalog", Verdict::Failed, what);
        }
        Err(error) => findings.say("catalog", Verdict::Failed, error.to_string()),
    }
    daemon(findings, config, &catalog).await;
    Some(catalog)
}

/// A catalog that root makes in somebody else's folder could not be opened by the daemon.
fn may_make(path: &Path) -> bool {
    folder_of(path).metadata().is_ok_and(|folder| folder.uid() == rustix::process::geteuid().as_raw())
}

/// The folder that a catalog lies in.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn space(findings: &mut Findings, path: &Path) {
    let folder = folder_of(path);
    match rustix::fs::statvfs(folder) {
        Ok(disk) => {
            let free_mib = disk.f_bavail.saturating_mul(disk.f_frsize) / (1024 * 1024);
            let verdict = if free_mib < LEAST_FREE_MIB { Verdict::Failed } else { Verdict::Ok };
            let what = if verdict == Verdict::Ok { "" } else { "; make room: a full disk stops the daemon" };
            findings.say("space", verdict, format!("{free_mib} MiB free in {}{what}", folder.display()));
        }
        Err(error) => {
            let what = "it must be there: systemd makes it when the service starts";
            findings.say("space", Verdict::Warning, format!("{}: {error}; {what}", folder.display()));
        }
    }
}

async fn daemon(findings: &mut Findings, config: &Config, catalog: &Catalog) {
    let Some(holder) = Lock::holder(&config.catalog.path) else {
        let what = "it does not run: `systemctl start recording-archiver`, or `recording-archiver run`";
        return findings.say("daemon", Verdict::Warning, what);
    };
    let pid = holder.pid;
    if let Some(trouble) = holder.note.waits_for.or(holder.note.refused) {
        return findings.say("daemon", Verdict::Failed, format!("it runs, pid {pid}, and says: {trouble}"));
    }
    let (settings, share) = (wiring::settings(config), config.quota.calls_per_month);
    match health::stale(catalog, &settings, share, SystemClock::new().now()).await {
        Ok(stale) if stale.is_empty() => findings.say("daemon", Verdict::Ok, format!("it runs, pid {pid}")),
        Ok(stale) => {
            let stale: Vec<String> = stale.iter().map(ToString::to_string).collect();
            findings.say("daemon", Verdict::Failed, format!("it runs, pid {pid}, but {}", stale.join("; ")));
        }
        Err(error) => findings.say("daemon", Verdict::Failed, error.to_string()),
    }
}
