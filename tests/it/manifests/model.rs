//! Kubernetes objects as plain JSON, and where pods hide in them.

use serde_json::Value;

/// The text at a JSON pointer, or nothing.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The list at a JSON pointer, or an empty one.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The entries of the mapping at a JSON pointer.
pub fn entries<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    value
        .pointer(pointer)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.as_str(), value))
}

pub fn kind(object: &Value) -> &str {
    text(object, "/kind")
}

pub fn name(object: &Value) -> &str {
    text(object, "/metadata/name")
}

pub fn namespace(object: &Value) -> &str {
    text(object, "/metadata/namespace")
}

/// How a finding names an object.
pub fn id(object: &Value) -> String {
    format!("{}/{}", kind(object), name(object))
}

/// The object of this kind and name in the namespace of another one.
pub fn find<'a>(
    objects: &'a [Value],
    beside: &Value,
    wanted: &str,
    called: &str,
) -> Option<&'a Value> {
    objects.iter().find(|object| {
        kind(object) == wanted && name(object) == called && namespace(object) == namespace(beside)
    })
}

/// A pod, or what pods are made from.
pub struct Pod<'a> {
    /// The object that it stands in.
    pub owner: &'a Value,
    /// Empty where the owner makes the labels itself.
    pub labels: Vec<(&'a str, &'a str)>,
    pub spec: &'a Value,
    /// Names of volumes that come from the claim templates of a StatefulSet.
    pub claims: Vec<&'a str>,
    /// An operator fills in the rest: no image, port or probe need be here.
    pub partial: bool,
}

/// The frameworks that a KServe component may name, each a container.
const MODELS: [&str; 11] = [
    "model",
    "sklearn",
    "xgboost",
    "tensorflow",
    "pytorch",
    "triton",
    "onnx",
    "huggingface",
    "pmml",
    "lightgbm",
    "paddle",
];

impl<'a> Pod<'a> {
    fn template(owner: &'a Value, template: &'a Value) -> Pod<'a> {
        let labels = entries(template, "/metadata/labels")
            .map(|(key, value)| (key, value.as_str().unwrap_or_default()));
        let claims = list(owner, "/spec/volumeClaimTemplates").iter().map(name).collect();
        Pod { owner, labels: labels.collect(), spec: &template["spec"], claims, partial: false }
    }

    fn partial(owner: &'a Value, spec: &'a Value) -> Pod<'a> {
        Pod { owner, labels: Vec::new(), spec, claims: Vec::new(), partial: true }
    }

    pub fn init(&self) -> &'a [Value] {
        list(self.spec, "/initContainers")
    }

    /// The containers that stay up.
    pub fn main(&self) -> Vec<&'a Value> {
        let models = MODELS.iter().filter_map(|name| self.spec.get(*name)).filter(|_| self.partial);
        list(self.spec, "/containers").iter().chain(models).collect()
    }

    pub fn containers(&self) -> Vec<&'a Value> {
        self.init().iter().chain(self.main()).collect()
    }

    /// Whether a selector of labels picks it, in its namespace.
    pub fn is_picked(&self, beside: &Value, selector: &Value) -> bool {
        namespace(self.owner) == namespace(beside) && picks(selector, &self.labels)
    }

    /// The declared ports, with the name (or nothing) and the protocol.
    pub fn ports(&self) -> Vec<(&'a str, u64, &'a str)> {
        let ports = self.containers().into_iter().flat_map(|container| list(container, "/ports"));
        ports
            .map(|port| {
                (
                    text(port, "/name"),
                    port["containerPort"].as_u64().unwrap_or_default(),
                    protocol(port),
                )
            })
            .collect()
    }
}

/// TCP where none is given.
pub fn protocol(port: &Value) -> &str {
    match text(port, "/protocol") {
        "" => "TCP",
        other => other,
    }
}

/// Every pod and pod template of the objects, with the pods that Trainer makes of a runtime for
/// each TrainJob.
pub fn pods(objects: &[Value]) -> Vec<Pod<'_>> {
    let mut all: Vec<Pod> = objects.iter().flat_map(pods_of).collect();
    for job in objects.iter().filter(|object| kind(object) == "TrainJob") {
        let Some(runtime) = runtime_of(objects, job, "TrainingRuntime", "/spec/runtimeRef/name")
        else {
            continue;
        };
        all.extend(pods_of(runtime).into_iter().map(|mut pod| {
            pod.labels.push(("jobset.sigs.k8s.io/jobset-name", name(job)));
            Pod { owner: job, partial: true, ..pod }
        }));
    }
    all
}

fn runtime_of<'a>(
    objects: &'a [Value],
    user: &Value,
    wanted: &str,
    pointer: &str,
) -> Option<&'a Value> {
    find(objects, user, wanted, text(user, pointer))
}

/// The objects, each InferenceService with the fields of its ServingRuntime below its own, as
/// KServe lays them.
pub fn resolved(objects: &[Value]) -> Vec<Value> {
    let mut all = objects.to_vec();
    for service in all.iter_mut().filter(|object| kind(object) == "InferenceService") {
        let pointer = "/spec/predictor/model/runtime";
        let Some(runtime) = runtime_of(objects, service, "ServingRuntime", pointer) else {
            continue;
        };
        let own = service["spec"]["predictor"].take();
        let mut spec = runtime["spec"].clone();
        // The runtime's first container is the one that the block `model` speaks of.
        let containers = spec.get_mut("containers").and_then(Value::as_array_mut);
        let mut container =
            containers.filter(|it| !it.is_empty()).map_or(Value::Null, |it| it.remove(0));
        lay(&mut container, &own["model"]);
        lay(&mut spec, &own);
        spec["model"] = container;
        service["spec"]["predictor"] = spec;
    }
    all
}

fn lay(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            above
                .iter()
                .for_each(|(key, value)| lay(below.entry(key).or_insert(Value::Null), value));
        }
        (below, above) => *below = above.clone(),
    }
}

pub fn pods_of(object: &Value) -> Vec<Pod<'_>> {
    let jobs = |pointer: &str| {
        list(object, pointer)
            .iter()
            .map(|job| Pod::template(object, &job["template"]["spec"]["template"]))
            .collect()
    };
    match kind(object) {
        "Pod" => vec![Pod::template(object, object)],
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => {
            vec![Pod::template(object, &object["spec"]["template"])]
        }
        "CronJob" => {
            vec![Pod::template(object, &object["spec"]["jobTemplate"]["spec"]["template"])]
        }
        "JobSet" => jobs("/spec/replicatedJobs"),
        "TrainingRuntime" | "ClusterTrainingRuntime" => jobs("/spec/template/spec/replicatedJobs"),
        "ServingRuntime" | "ClusterServingRuntime" => vec![Pod::partial(object, &object["spec"])],
        "InferenceService" => ["predictor", "transformer", "explainer"]
            .iter()
            .filter_map(|part| Some((part, object["spec"].get(*part)?)))
            .map(|(part, spec)| Pod {
                labels: vec![
                    ("serving.kserve.io/inferenceservice", name(object)),
                    ("component", part),
                ],
                ..Pod::partial(object, spec)
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a selector (of matchLabels and matchExpressions) picks these labels; an empty one picks
/// all.
pub fn picks(selector: &Value, labels: &[(&str, &str)]) -> bool {
    let has = |key: &str| labels.iter().find(|(name, _)| *name == key).map(|(_, value)| *value);
    let equal = entries(selector, "/matchLabels").all(|(key, value)| has(key) == value.as_str());
    equal
        && list(selector, "/matchExpressions").iter().all(|rule| {
            let found = has(text(rule, "/key"));
            let among = list(rule, "/values")
                .iter()
                .any(|value| found.is_some() && value.as_str() == found);
            match text(rule, "/operator") {
                "In" => among,
                "NotIn" => !among,
                "Exists" => found.is_some(),
                "DoesNotExist" => found.is_none(),
                _ => false,
            }
        })
}
