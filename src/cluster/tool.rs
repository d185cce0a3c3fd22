//! The programs that make a cluster on this machine, and their command lines. Pure.

use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::NAME;
use super::sizes::{Limits, Sizes};
use crate::catalog::units::Version;

/// The node image of kind for Kubernetes 1.36, on which the labs were tried by hand, as the notes
/// of kind v0.33.0 list it (github.com/kubernetes-sigs/kind/releases/tag/v0.33.0). The tag alone
/// may be rebuilt for another release of kind, the digest may not.
const KIND_IMAGE: &str = "kindest/node:v1.36.4@sha256:\
                          099e049362a1526b2db71494e1947aae99bd16290d7c895f2b7ea312e3cbfaed";

/// The image of k3d: the same minor version, of the releases of k3s
/// (github.com/k3s-io/k3s/releases/tag/v1.36.2+k3s1).
const K3D_IMAGE: &str = "rancher/k3s:v1.36.2-k3s1";

/// What minikube installs: the first of the minor version, which every minikube knows that knows
/// any of it, from 1.39.0 on (github.com/kubernetes/minikube/releases/tag/v1.39.0).
const MINIKUBE_VERSION: &str = "v1.36.0";

/// How long each tool waits by itself until the cluster is ready.
const READY: &str = "5m";

/// A program that makes clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Tool {
    /// Kubernetes in a container, from the Kubernetes project.
    Kind,
    /// k3s in containers.
    K3d,
    /// Kubernetes in a container or a virtual machine.
    Minikube,
}

impl fmt::Display for Tool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

impl Tool {
    /// All of them, most preferred first: kind is what most tutorials use and needs the least
    /// settings, minikube may need a virtual machine.
    pub const ALL: [Tool; 3] = [Tool::Kind, Tool::K3d, Tool::Minikube];

    /// Its program.
    pub fn name(self) -> &'static str {
        match self {
            Tool::Kind => "kind",
            Tool::K3d => "k3d",
            Tool::Minikube => "minikube",
        }
    }

    /// The page on how to install it.
    pub fn page(self) -> &'static str {
        match self {
            Tool::Kind => "https://kind.sigs.k8s.io/docs/user/quick-start/#installation",
            Tool::K3d => "https://k3d.io/#installation",
            Tool::Minikube => "https://minikube.sigs.k8s.io/docs/start/",
        }
    }

    /// The name that it gives to the context of the cluster.
    pub fn context(self) -> &'static str {
        match self {
            Tool::Kind => "kind-mlops-lab",
            Tool::K3d => "k3d-mlops-lab",
            Tool::Minikube => NAME,
        }
    }

    fn pin(self) -> &'static str {
        match self {
            Tool::Kind => KIND_IMAGE,
            Tool::K3d => K3D_IMAGE,
            Tool::Minikube => MINIKUBE_VERSION,
        }
    }

    /// The version of Kubernetes that the cluster gets.
    pub fn kubernetes(self) -> Option<Version> {
        Version::find(self.pin())
    }

    /// What a first cluster costs, in round numbers: the compressed images and what the control
    /// plane takes when it has nothing to do.
    pub fn cost(self) -> &'static str {
        match self {
            Tool::Kind => {
                "about 0.5 GB to fetch the first time, 1 GB of disk, 0.8 GB of memory when idle"
            }
            Tool::K3d => {
                "about 0.3 GB to fetch the first time, 0.8 GB of disk, 0.6 GB of memory when idle"
            }
            Tool::Minikube => {
                "about 1 GB to fetch the first time, 3 GB of disk, 1 GB of memory when idle"
            }
        }
    }

    /// What of the sizes it can set. A node of kind takes what Docker has.
    pub fn limits(self, sizes: &Sizes) -> Limits {
        Limits {
            memory: (self != Tool::Kind).then(|| sizes.mebibytes()),
            cpus: (self == Tool::Minikube).then_some(sizes.cpus),
        }
    }

    /// Whether its nodes are always containers of Docker.
    pub fn shares_engine(self) -> bool {
        self != Tool::Minikube
    }

    /// The command that makes the cluster. The current context stays as it is where the tool can
    /// leave it.
    pub fn create(self, sizes: &Sizes) -> Vec<String> {
        let memory = format!("{}m", sizes.mebibytes());
        match self {
            Tool::Kind => words(&[
                "kind", "create", "cluster", "--name", NAME, "--image", KIND_IMAGE, "--wait", READY,
            ]),
            Tool::K3d => words(&[
                "k3d",
                "cluster",
                "create",
                NAME,
                "--image",
                K3D_IMAGE,
                "--servers-memory",
                &memory,
                "--kubeconfig-switch-context=false",
                "--timeout",
                READY,
            ]),
            Tool::Minikube => words(&[
                "minikube",
                "start",
                "--profile",
                NAME,
                "--kubernetes-version",
                MINIKUBE_VERSION,
                "--memory",
                &memory,
                "--cpus",
                &sizes.cpus.to_string(),
                "--keep-context",
            ]),
        }
    }

    /// The commands that start a stopped cluster, and write its context again; `containers` are its
    /// nodes.
    pub fn resume(self, containers: &[String]) -> Vec<Vec<String>> {
        match self {
            Tool::Kind => {
                let start = [&words(&["docker", "start"]), containers].concat();
                let export = words(&["kind", "export", "kubeconfig", "--name", NAME]);
                let start = (!containers.is_empty()).then_some(start);
                start.into_iter().chain([export]).collect()
            }
            Tool::K3d => vec![
                words(&["k3d", "cluster", "start", NAME]),
                words(&[
                    "k3d",
                    "kubeconfig",
                    "merge",
                    NAME,
                    "--kubeconfig-merge-default",
                    "--kubeconfig-switch-context=false",
                ]),
            ],
            Tool::Minikube => {
                vec![words(&["minikube", "start", "--profile", NAME, "--keep-context"])]
            }
        }
    }

    /// Whether its commands make the cluster's context the current one, with no option against it.
    pub fn switches_context(self) -> bool {
        self == Tool::Kind
    }

    /// The command that deletes the cluster.
    pub fn delete(self) -> Vec<String> {
        match self {
            Tool::Kind => words(&["kind", "delete", "cluster", "--name", NAME]),
            Tool::K3d => words(&["k3d", "cluster", "delete", NAME]),
            Tool::Minikube => words(&["minikube", "delete", "--profile", NAME]),
        }
    }

    /// The command that brings images to the nodes; their names follow.
    pub fn load_images(self) -> Vec<String> {
        match self {
            Tool::Kind => words(&["kind", "load", "docker-image", "--name", NAME]),
            Tool::K3d => words(&["k3d", "image", "import", "--cluster", NAME]),
            Tool::Minikube => words(&["minikube", "--profile", NAME, "image", "load"]),
        }
    }

    /// The command that lists its clusters.
    pub fn list(self) -> Vec<String> {
        match self {
            Tool::Kind => words(&["kind", "get", "clusters"]),
            Tool::K3d => words(&["k3d", "cluster", "list", "--no-headers"]),
            Tool::Minikube => {
                words(&["minikube", "profile", "list", "--light", "--output", "json"])
            }
        }
    }

    /// Whether the cluster is in what [`Tool::list`] printed.
    pub fn lists_cluster(self, output: &str) -> bool {
        let mut first_words = output.lines().filter_map(|line| line.split_whitespace().next());
        match self {
            Tool::Kind | Tool::K3d => first_words.any(|name| name == NAME),
            Tool::Minikube => {
                let profiles: Value = serde_json::from_str(output).unwrap_or_default();
                // One that is half made is listed as `invalid`, and blocks the name, too.
                let lists = ["valid", "invalid"].map(|list| profiles[list].as_array());
                lists.into_iter().flatten().flatten().any(|profile| profile["Name"] == NAME)
            }
        }
    }

    /// The labels that the containers of its control plane carry.
    pub fn labels(self) -> &'static [&'static str] {
        match self {
            Tool::Kind => &["io.x-k8s.kind.cluster=mlops-lab", "io.x-k8s.kind.role=control-plane"],
            Tool::K3d => &["k3d.cluster=mlops-lab", "k3d.role=server"],
            Tool::Minikube => &["name.minikube.sigs.k8s.io=mlops-lab"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Source;
    use crate::catalog::manifest::Need;

    fn line(words: &[String]) -> String {
        words.join(" ")
    }

    #[test]
    fn every_tool_makes_one_cluster_of_our_name_with_a_pinned_version() {
        for tool in Tool::ALL {
            let create = line(&tool.create(&Sizes::default()));
            assert!(create.contains(NAME) && create.contains(tool.pin()), "{create}");
            assert!(line(&tool.delete()).contains(NAME) && tool.context().contains(NAME));
            assert!(tool.labels().iter().any(|label| label.ends_with(NAME)));
            let version = tool.kubernetes().unwrap();
            assert_eq!(version.numbers[..2], [1, 36], "{tool}: the same for all");
        }
        assert!(KIND_IMAGE.split_once("@sha256:").unwrap().1.len() == 64);
    }

    #[test]
    fn the_pinned_versions_serve_every_lab() {
        for id in Source::Embedded.ids().unwrap() {
            let manifest = Source::Embedded.lab(&id).unwrap().manifest;
            for need in manifest.runtimes().into_iter().flat_map(|kind| manifest.needs(kind)) {
                if let Need::Cluster(wanted) = need {
                    for tool in Tool::ALL {
                        assert!(wanted.allows(&tool.kubernetes().unwrap()), "{id}: {tool}");
                    }
                }
            }
        }
    }

    #[test]
    fn sizes_reach_the_tools_that_can_be_given_any() {
        let sizes = Sizes { memory: 3 << 30, cpus: 4, ..Sizes::default() };
        assert!(line(&Tool::K3d.create(&sizes)).contains("--servers-memory 3072m"));
        let minikube = line(&Tool::Minikube.create(&sizes));
        assert!(minikube.contains("--memory 3072m --cpus 4"), "{minikube}");
    }

    #[test]
    fn a_cluster_is_found_by_its_whole_name() {
        for (tool, output, there) in [
            (Tool::Kind, "kind\nmlops-lab\n", true),
            (Tool::Kind, "mlops-lab-2\nmy-mlops-lab\n", false),
            (Tool::Kind, "", false),
            (Tool::K3d, "mlops-lab   1/1   0/0   true\n", true),
            (Tool::K3d, "other   1/1   0/0   true\n", false),
            (Tool::Minikube, r#"{"invalid":[],"valid":[{"Name":"mlops-lab"}]}"#, true),
            (Tool::Minikube, r#"{"invalid":[{"Name":"mlops-lab"}],"valid":[]}"#, true),
            (Tool::Minikube, r#"{"invalid":[],"valid":[{"Name":"minikube"}]}"#, false),
            (Tool::Minikube, "no profile", false),
        ] {
            assert_eq!(tool.lists_cluster(output), there, "{tool}: {output}");
        }
    }

    #[test]
    fn a_stopped_cluster_is_started_by_its_nodes() {
        let resume = Tool::Kind.resume(&words(&["a1", "b2"]));
        let lines: Vec<String> = resume.iter().map(|words| line(words)).collect();
        assert_eq!(lines, ["docker start a1 b2", "kind export kubeconfig --name mlops-lab"]);
        assert_eq!(Tool::Kind.resume(&[]).len(), 1, "no node that is known");
    }
}
