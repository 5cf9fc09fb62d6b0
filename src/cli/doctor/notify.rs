//! Checks who is told when something needs a person. Sends nothing.

use super::{Findings, Verdict};
use crate::catalog::Catalog;
use crate::config::{Config, Notify};
use crate::domain::clock::Timestamp;

pub(super) async fn check(findings: &mut Findings, config: &Config, catalog: Option<&Catalog>) {
    let told = match told(&config.notify) {
        Ok(told) if told.is_empty() => {
            let what = "nobody is told when something needs a person: set notify.url or notify.dingtalk_robot";
            return findings.add("notify", Verdict::Ok, what);
        }
        Ok(told) => told,
        Err(problem) => return findings.add("notify", Verdict::Failed, problem),
    };
    let receivers = match catalog {
        Some(catalog) => catalog.receivers().await.unwrap_or_default(),
        None => Vec::new(),
    };
    let failing = receivers.into_iter().filter_map(|row| {
        let since = Timestamp::from_millis(row.failing_since?);
        Some(format!("notify.{} takes no message since {since}: {}", row.receiver, row.last_error.unwrap_or_default()))
    });
    let failing: Vec<_> = failing.collect();
    if failing.is_empty() {
        findings.add("notify", Verdict::Ok, format!("{}; `doctor` sends nothing there", told.join(" and ")));
    } else {
        findings.add("notify", Verdict::Failed, failing.join("; "));
    }
}

/// Who is told, in words; or what keeps it from being told.
fn told(notify: &Notify) -> Result<Vec<String>, String> {
    let mut told = Vec::new();
    if notify.url.is_some() {
        told.push("notify.url is told".to_owned());
    }
    if notify.dingtalk_robot.is_some() {
        let how = match notify.credential_for_the_daemon_alone() {
            Some(path) => format!("signed with the secret in {}, which is not readable from here", path.display()),
            None => match notify.dingtalk_robot_secret().map_err(|problem| problem.to_string())? {
                Some(_) => "signed".to_owned(),
                None => "not signed".to_owned(),
            },
        };
        told.push(format!("notify.dingtalk_robot is told, {how}"));
    }
    Ok(told)
}
