//! `explain-code`: what an error code means, what the daemon does about it, and what a person can do.
//!
//! The same explanations, in the same order, are in recording-archiver-errors(7).

use anyhow::bail;
use clap::Args;

use super::{output, sanitize};
use crate::dingtalk::error::codes;
use crate::domain::explanation::{self, Explanation};
use crate::domain::failure::Class;

/// How alike two codes must be for one to be taken for the other misspelt; 1 is equal.
const ALIKE: f64 = 0.6;

/// So many codes like an unknown one are shown.
const SHOWN: usize = 3;

#[derive(Args, Debug)]
pub(super) struct ExplainCode {
    /// The code, as `status`, the log or the catalog has it
    code: String,
}

/// DingTalk's codes, those of one meaning together, then those of this program.
pub fn explanations() -> (Vec<Explanation>, Vec<Explanation>) {
    let mut groups: Vec<(Class, Vec<&'static str>)> = Vec::new();
    for (code, class) in codes() {
        match groups.iter_mut().find(|(other, _)| *other == class) {
            Some((_, codes)) => codes.push(code),
            None => groups.push((class, vec![code])),
        }
    }
    let of_dingtalk = groups.into_iter().map(|(class, codes)| explanation::of_class(codes, class)).collect();
    (of_dingtalk, explanation::own())
}

pub(super) fn run(wanted: &ExplainCode) -> anyhow::Result<()> {
    let code = wanted.code.trim();
    let (of_dingtalk, own) = explanations();
    let all: Vec<Explanation> = of_dingtalk.into_iter().chain(own).collect();
    let Some(Explanation { means, daemon, person, .. }) = find(code, &all) else {
        let near = match near(code, &all) {
            near if near.is_empty() => String::new(),
            near => format!("; did you mean {}?", near.join(" or ")),
        };
        bail!("no page explains {code:?}, and this program does not give it{near}");
    };
    let code = sanitize::text(code);
    output::print(&format!("{code}: {means}\n\nThe daemon: {daemon}\n\nYou: {person}\n"))
}

/// The explanation of `code`, which may drag something behind it.
fn find<'a>(code: &str, all: &'a [Explanation]) -> Option<&'a Explanation> {
    // `recordStartError` is not a longer `recordStart`: of the codes that it begins with, the longest is meant.
    let beginning = |explanation: &&Explanation| {
        explanation.codes.iter().filter(|known| code.starts_with(*known)).map(|known| known.len()).max()
    };
    all.iter().filter(|explanation| beginning(explanation).is_some()).max_by_key(beginning)
}

/// The codes that are most like `code`, the likest first.
fn near(code: &str, all: &[Explanation]) -> Vec<&'static str> {
    let like = |known: &str| {
        let (code, known) = (code.to_ascii_lowercase(), known.to_ascii_lowercase());
        // The last word of a long code is what people remember.
        let last = known.rsplit('.').next().unwrap_or_default();
        strsim::normalized_damerau_levenshtein(&code, &known).max(strsim::normalized_damerau_levenshtein(&code, last))
    };
    let known = all.iter().flat_map(|explanation| &explanation.codes);
    let mut near: Vec<_> = known.map(|known| (like(known), *known)).filter(|(like, _)| *like >= ALIKE).collect();
    near.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    near.into_iter().take(SHOWN).map(|(_, known)| known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Explanation> {
        let (of_dingtalk, own) = explanations();
        of_dingtalk.into_iter().chain(own).collect()
    }

    #[test]
    fn a_code_is_found_by_how_it_begins() {
        let all = all();
        let codes = |code| find(code, &all).map(|found| found.codes.clone()).unwrap_or_default();
        assert_eq!(codes("cloudRecordNotFound%!(EXTRA string=50513)"), ["cloudRecordNotFound"]);
        assert_eq!(codes("Forbidden.AccessDenied.QpsLimitForApi"), ["Forbidden.AccessDenied.Qps"]);
        assert_eq!(codes("http_502"), ["http_"]);
        assert_eq!(codes("recordStopError").len(), 3);
        assert_eq!(codes("somethingNew"), [""; 0]);
    }

    #[test]
    fn an_unknown_code_has_its_neighbours_named() {
        assert_eq!(near("romNotFound", &all())[0], "roomNotFound");
        assert_eq!(near("ipnotinwhitelist", &all())[0], "Forbidden.AccessDenied.IpNotInWhiteList");
        assert!(near("xyzzy", &all()).is_empty());
    }

    #[test]
    fn no_code_is_explained_twice() {
        let mut codes: Vec<_> = all().into_iter().flat_map(|explanation| explanation.codes).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }
}
