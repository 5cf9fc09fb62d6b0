//! The two commands together: `simulate` prints a configuration that works, and may be killed and started again.

use std::net::TcpListener;
use std::process::{Command, Stdio};

use super::archives;
use crate::harness::{Daemon, Place, eventually, number, says, sql, text};

/// `simulate` at `address`, its printed configuration in the file `simulated.toml`.
fn simulate(place: &Place, address: &str) -> Daemon {
    let arguments = ["simulate", "--listen", address, "--meetings", "400", "--seed", "7", "--speed", "600"];
    let printed = std::fs::File::create(place.path("simulated.toml")).unwrap();
    let simulator = Daemon::spawn_to(place, place.std_command(&arguments), Stdio::from(printed));
    simulator.has_said("listens on");
    simulator
}

/// An address that was free a moment ago.
fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn run(place: &Place) -> Command {
    place.std_command(&["run", "--config", "simulated.toml"])
}

#[test]
fn what_simulate_prints_is_a_good_configuration_and_run_works_with_it_over_a_restart_of_the_simulator() {
    let place = Place::with("");
    let address = free_address();
    let simulator = simulate(&place, &address);
    says(&text(&place.path("simulated.toml")), &[&address]);
    says(&place.run(&["check-config", "--config", "simulated.toml"]).done(), &["the configuration is good"]);

    let daemon = Daemon::spawn(&place, run(&place));
    daemon.has_said("at work on");
    archives(&place, 2);
    let archived = "SELECT r.* FROM recordings r JOIN conferences c USING (conference_id) WHERE c.state = 'archived'";
    eventually("some are archived", || (!sql(&place.catalog(), archived).is_empty()).then_some(()));
    let before = sql(&place.catalog(), archived);
    simulator.kill();
    let count = number(&place.catalog(), "SELECT count(*) FROM recordings");

    let simulator = simulate(&place, &address);
    archives(&place, count + 2);
    let after = sql(&place.catalog(), archived);
    assert!(before.iter().all(|row| after.contains(row)), "{before:?} is not all in {after:?}");
    daemon.stop();
    simulator.stop();
}

#[test]
fn an_address_that_is_taken_is_said_so() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    says(&Place::with("").run(&["simulate", "--listen", &address]).refused(1), &[&address, "--listen"]);
}
