//! Checks of what the engine reports of itself, where it answers.

use serde_json::Value;

use super::answers::Engine;
use super::probe::{EngineAnswer, EngineFacts, EngineProbe};
use crate::doctor::check::{Check, Class};
use crate::doctor::draft::Draft;
use crate::doctor::observations::Observations;

/// What the engine reports of itself, or the draft that stands for it where it does not.
pub(in crate::doctor::checks) fn judge_info<C: Class>(
    observed: &Observations,
    late: C,
    judge: impl FnOnce(&Value, &EngineFacts) -> Draft<C>,
) -> Draft<C> {
    let Some(facts) = observed.get(&EngineProbe) else {
        return Draft::late(late, observed.timeout);
    };
    match &facts.info {
        EngineAnswer::Json(info) if info["ID"].as_str().is_some_and(|id| !id.is_empty()) => {
            let draft = judge(info, facts);
            match facts.endpoint.socket() {
                Some(socket) => {
                    draft.cmd(format!("curl --unix-socket {} http://docker/info", socket.display()))
                }
                None => draft.cmd("docker info --format '{{json .}}'"),
            }
        }
        _ => Draft::blocked(Engine::KIND),
    }
}
