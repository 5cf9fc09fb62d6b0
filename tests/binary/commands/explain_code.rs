//! `explain-code`.

use crate::harness::{Place, says};

#[test]
fn a_code_is_explained_without_a_configuration() {
    let place = Place::with("nonsense: no configuration is read");
    let said = place.run(&["explain-code", "permissionError"]).done();
    says(&said, &["permissionError: This unionId, or this app, may not see it.", "\n\nThe daemon: ", "\n\nYou: "]);
    says(&said, &["--union-id or dingtalk.fallback_union_id", "`conferences retry ID`"]);
}

#[test]
fn a_code_is_known_by_how_it_begins() {
    let place = Place::with("");
    let said = place.run(&["explain-code", "cloudRecordNotFound%!(EXTRA string=50513)"]).done();
    says(&said, &["There is no recording: not yet, or never."]);
    says(&place.run(&["explain-code", "http_502"]).done(), &["An HTTP status without a code"]);
}

#[test]
fn an_unknown_code_is_a_failure_that_names_its_neighbours() {
    let place = Place::with("");
    let said = place.run(&["explain-code", "romNotFound"]).refused(1);
    says(&said, &["\"romNotFound\"", "did you mean roomNotFound"]);
    let said = place.run(&["explain-code", "xyzzy"]).refused(1);
    assert!(!said.contains("did you mean"), "{said}");
    place.run(&["explain-code"]).refused(2);
}
