//! What needs the network, with `--online` only: package indexes and registries.

use std::time::Instant;

use super::engine::endpoint::Endpoint;
use super::engine::info::judge_info;
use super::engine::probe::{EngineAnswer, EngineProbe, over_socket};
use super::subject::{Entry, Subject, entry};
use crate::catalog::manifest::Need;
use crate::doctor::check::{BoxedCheck, Check, check, classes};
use crate::doctor::draft::{Draft, no_answer, short};
use crate::doctor::kind::{Group, Kind};
use crate::doctor::observations::Observations;
use crate::doctor::probe::{Probe, SharedProbe, probe};
use crate::doctor::scope::{Demand, Scope};
use crate::doctor::tool::{ToolEnd, ToolOutput, run_tool};
use crate::platform::process::Unfit;

pub(in crate::doctor) const SUBJECT: Subject = Subject { entries, checks };

fn entries() -> Vec<Entry> {
    vec![entry::<Packages>(), entry::<Image>()]
}

fn checks(demand: &Demand, scope: &Scope) -> Vec<BoxedCheck> {
    let needs = demand.needs.iter().filter(|_| scope.online);
    let checks = needs.flat_map(|need| match need {
        Need::Python(_) => vec![check(Packages)],
        Need::Images(images) => images.iter().map(|image| check(Image(image.clone()))).collect(),
        _ => Vec::new(),
    });
    checks.collect()
}

classes! {
    PackagesClass {
        Unreachable = "unreachable",
        Late = "late",
        Absent = "absent",
    }
}

#[derive(Debug, PartialEq)]
struct Packages;

impl Check for Packages {
    type Class = PackagesClass;

    const KIND: &'static Kind =
        &Kind::new("online.packages", Group::Online, "pip reaches its package index").blocks_up();

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(IndexProbe)]
    }

    fn judge(&self, observed: &Observations) -> Draft<PackagesClass> {
        match observed.get(&IndexProbe) {
            Some(output) => packages(output).output(output),
            None => Draft::late(PackagesClass::Late, observed.timeout),
        }
    }
}

fn packages(output: &ToolOutput) -> Draft<PackagesClass> {
    match &output.end {
        ToolEnd::Code(0) => Draft::pass("pip reaches its index"),
        ToolEnd::Late(timeout) => {
            Draft::unknown(PackagesClass::Late, format!("pip's index: {}", no_answer(*timeout)))
        }
        ToolEnd::Absent | ToolEnd::Unfit(Unfit::BrokenLink) => {
            Draft::unknown(PackagesClass::Absent, "there is no python3 to run pip with")
        }
        _ => {
            let title = format!("pip cannot reach its index: {}", short(output.message(), 160));
            Draft::fail(PackagesClass::Unreachable, title)
        }
    }
}

/// pip's index, as pip is configured.
#[derive(Debug, PartialEq)]
struct IndexProbe;

/// One package of the index, without retries.
const PIP: &str = "-I -m pip --disable-pip-version-check --no-input --retries 0 --timeout 3 \
                   index versions pip";

impl Probe for IndexProbe {
    type Observation = ToolOutput;

    fn run(&self, _: &Scope, end: Instant) -> ToolOutput {
        let args: Vec<&str> = PIP.split_whitespace().collect();
        run_tool("python3", &args, end)
    }
}

classes! {
    ImageClass {
        NoSuchImage = "no-such-image",
        Unreachable = "unreachable",
        Late = "late",
    }
}

#[derive(Debug, PartialEq)]
struct Image(String);

impl Check for Image {
    type Class = ImageClass;

    const KIND: &'static Kind = &Kind::new(
        "online.image",
        Group::Online,
        "the engine reaches the image's registry, and the tag exists",
    )
    .blocks_up();

    fn id(&self) -> String {
        format!("online.image.{}", self.0)
    }

    fn probes(&self) -> Vec<SharedProbe> {
        vec![probe(EngineProbe), probe(RegistryProbe(self.0.clone()))]
    }

    fn judge(&self, observed: &Observations) -> Draft<ImageClass> {
        let image = &self.0;
        let answer = observed.get(&RegistryProbe(image.clone()));
        let draft = judge_info(observed, ImageClass::Late, |_, _| match answer {
            Some(answer) => registry(answer),
            None => Draft::late(ImageClass::Late, observed.timeout),
        });
        draft.cmd(format!("docker manifest inspect {image}")).fact("image", image)
    }
}

fn registry(answer: &EngineAnswer) -> Draft<ImageClass> {
    let unreachable = |message: &str| {
        let title = format!("the engine cannot reach the registry: {}", short(message, 120));
        Draft::fail(ImageClass::Unreachable, title)
    };
    match answer {
        EngineAnswer::Json(_) => Draft::pass("the registry has it"),
        EngineAnswer::Status(404 | 403 | 401, message) => {
            let title = format!("the registry does not serve it: {}", short(message, 120));
            Draft::fail(ImageClass::NoSuchImage, title)
        }
        EngineAnswer::Status(_, message)
        | EngineAnswer::Broken(message)
        | EngineAnswer::ClientFailed(message)
        | EngineAnswer::NotDocker(message) => unreachable(message),
        EngineAnswer::Absent | EngineAnswer::Refused | EngineAnswer::Denied => {
            unreachable("no engine answers")
        }
        EngineAnswer::Late => Draft::unknown(ImageClass::Late, "no answer from the registry"),
        EngineAnswer::NotProbed => Draft::skip("not probed for an engine on another machine"),
    }
}

/// An image's registry, by the engine. Nothing is pulled.
#[derive(Debug, PartialEq)]
struct RegistryProbe(String);

impl Probe for RegistryProbe {
    type Observation = EngineAnswer;

    fn run(&self, _: &Scope, end: Instant) -> EngineAnswer {
        let endpoint = Endpoint::resolve();
        let Some(socket) = endpoint.socket() else { return EngineAnswer::NotProbed };
        let path = format!("/distribution/{}/json", self.0);
        over_socket(socket, &path, end.saturating_duration_since(Instant::now()))
    }
}
