//! A DingTalk in memory, served over real HTTP: what the daemon is tried on, in tests, in `demo` and by `simulate`.
//!
//! It is built from DingTalk's own pages and knows nothing of the daemon; of the whole house it sees only the clock.
//! [`Organisation`] is the truth (who met when, what was recorded, when it becomes listed), [`Behaviour`] settles what
//! the pages leave open, [`Faults`] is what goes wrong, and [`Simulator`] puts the three on a socket, keeps the log of
//! what it was asked and meters it as DingTalk does. [`StreamGateway`] is the part of it that pushes events.

mod answer;
mod ask;
mod behaviour;
mod calendar;
mod endless;
mod endpoint;
mod endpoints;
mod faults;
mod gateway;
mod generate;
mod line;
mod meeting;
mod meter;
mod observer;
mod organisation;
mod past;
mod random;
mod reply;
mod sample;
mod server;
mod stream;
#[cfg(test)]
mod tests;
mod wire;

pub use answer::Answer;
pub use behaviour::{
    AcceptedUnionIds, Behaviour, EarlierVideos, EmptyField, EmptyList, Envelope, ErrorCodes, KeyOrder,
};
pub use behaviour::{
    Histories, Host, ListingOrder, Numbers, OutsideBatch, PlannedStart, PlayedSize, RecordStatus, SecondStart,
    UnknownField,
};
pub use endpoint::Endpoint;
pub use faults::{Fault, Faults};
pub use generate::Plan;
pub use meeting::{Meeting, Phase, Recording, Session, User};
pub use meter::Call;
pub use observer::{CallEvent, Observer};
pub use organisation::Organisation;
pub use random::Random;
pub use server::Simulator;
pub use stream::{
    ConnectionRecord, CreatedStatus, Event, EventTopic, Noise, Push, PushAnswer, PushedEvent, StreamBehaviour,
    StreamGateway, SystemFrames,
};
