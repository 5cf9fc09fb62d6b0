//! A list of conferences that comes a page at a time.

use super::decode::Answer;
use super::error::Error;
use super::query;
use crate::domain::conference::Sighting;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The meetings on it.
    pub sightings: Vec<Sighting>,
    /// What asks for the next page; `None` on the last.
    pub next_token: Option<String>,
}

/// What asks for a page of at most `max_results` meetings.
pub(super) fn ask(max_results: u32, next_token: Option<&str>) -> Vec<(&'static str, String)> {
    let token = next_token.map(|token| ("nextToken", token.to_owned()));
    [("maxResults", max_results.to_string())].into_iter().chain(token).collect()
}

/// The page whose list stands under `key`.
pub(super) fn read(answer: &Answer<'_>, key: &str) -> Result<Page, Error> {
    Ok(Page {
        sightings: query::sightings(answer.list(key)?),
        next_token: answer.fields.text("nextToken").filter(|_| answer.fields.flag("hasMore") != Some(false)),
    })
}
