//! A DingTalk in memory, served over real HTTP: what the daemon is tried on, in tests, in `demo` and by `simulate`.
//!
//! It is built from DingTalk's own pages and knows nothing of the daemon; of the whole house it sees only the clock.
//! [`Organisation`] is the truth (who met when, what was recorded, when it becomes listed), [`Behaviour`] settles what
//! the pages leave open, [`Faults`] is what goes wrong, and [`Simulator`] puts the three on a socket, keeps the log of
//! what it was asked and meters it as DingTalk does.

mod behaviour;
mod calendar;
mod dice;
mod endless;
mod endpoint;
mod endpoints;
mod faults;
mod gateway;
mod generate;
mod meeting;
mod meter;
mod organisation;
mod server;
#[cfg(test)]
mod tests;
mod wire;
mod witness;

pub use behaviour::{AcceptedUnionIds, Behaviour, EmptyList, Envelope, ErrorCodes, ListingOrder, Numbers};
pub use behaviour::{OutsideBatch, PlannedStart, RecordStatus};
pub use dice::Dice;
pub use endpoint::Endpoint;
pub use faults::{Answer, Fault, Faults};
pub use generate::Plan;
pub use meeting::{Meeting, Phase, Recording, User};
pub use meter::Call;
pub use organisation::Organisation;
pub use server::Simulator;
pub use witness::{Moment, Witness};
