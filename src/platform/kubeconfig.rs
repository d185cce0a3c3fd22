//! The kubeconfig, read as kubectl reads it. kubectl itself is not asked: a dispatcher that stands
//! for it asks the cluster before it does anything, and so would hang with it, and would touch one
//! that is to be left alone.

use std::fmt;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{fs, host};
use crate::layout;

/// Names that kind, minikube, k3d and the desktops give to the contexts of their own local
/// clusters.
const LOCAL: [&str; 9] = [
    "minikube",
    "docker-desktop",
    "microk8s",
    "colima",
    "orbstack",
    "rancher-desktop",
    "crc",
    "kind-",
    "k3d-",
];

/// A context of the kubeconfig.
#[derive(Clone, Debug, PartialEq)]
pub struct Context {
    /// Its name.
    pub name: String,
    /// The name of its cluster.
    pub cluster: String,
    /// The name of its user.
    pub user: String,
    /// The address of its API server.
    pub server: String,
    /// It goes through a proxy: its address cannot be tried directly.
    pub proxied: bool,
    /// The program that its user's credentials come from.
    pub exec: Option<String>,
    /// Whether the user named it on the command line.
    pub named: bool,
}

impl Context {
    /// Whether its name is one that local clusters have.
    pub fn local(&self) -> bool {
        LOCAL.iter().any(|local| match local.strip_suffix('-') {
            Some(_) => self.name.starts_with(local),
            // colima-work, minikube profiles and the like are not known to be local: a profile may
            // be called anything.
            None => self.name == *local,
        })
    }

    /// Whether it may be asked: local, or named.
    pub fn allowed(&self) -> bool {
        self.named || self.local()
    }
}

/// Why there is no context to use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no kubeconfig, or it names no context.
    NoConfig,
    /// A file cannot be read, and why.
    Broken { file: PathBuf, why: String },
    /// None of these contexts is the current one.
    NoContext { there: Vec<String> },
    /// There are these contexts, and not this one.
    MissingContext { name: String, there: Vec<String> },
    /// The context names a cluster that does not exist.
    MissingCluster { context: String, cluster: String },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Problem::NoConfig => f.write_str("there is no kubeconfig, or it names no cluster"),
            Problem::Broken { file, why } => write!(f, "{}: {why}", file.display()),
            Problem::NoContext { there } => {
                write!(f, "no context is selected; there are: {}", there.join(", "))
            }
            Problem::MissingContext { name, there } if there.is_empty() => {
                write!(f, "the context `{name}` does not exist; there are none")
            }
            Problem::MissingContext { name, there } => {
                write!(f, "the context `{name}` does not exist; there are: {}", there.join(", "))
            }
            Problem::MissingCluster { context, cluster } => write!(
                f,
                "the context `{context}` names the cluster `{cluster}`, which does not exist"
            ),
        }
    }
}

/// The kubeconfig: the files of KUBECONFIG, else the one in the home; in each list the first of a
/// name wins, as kubectl merges them (kubernetes.io, "Organizing Cluster Access Using kubeconfig
/// Files").
fn read(files: &[PathBuf]) -> Result<Value, Problem> {
    let mut merged = json!({"contexts": [], "clusters": [], "users": [], "current-context": ""});
    for file in files {
        let bytes = match fs::read_io(file) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(Problem::Broken { file: file.clone(), why: error.to_string() });
            }
        };
        if bytes.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let broken = |why: &dyn std::fmt::Display| {
            let why = why.to_string().lines().next().unwrap_or_default().to_owned();
            Problem::Broken { file: file.clone(), why }
        };
        let text = String::from_utf8(bytes).map_err(|error| broken(&error))?;
        let config: Value = serde_saphyr::from_str(&text).map_err(|error| broken(&error))?;
        if !config.is_object() {
            return Err(broken(&"it holds no kubeconfig"));
        }
        for list in ["contexts", "clusters", "users"] {
            for entry in config[list].as_array().into_iter().flatten() {
                if let Some(all) = merged[list].as_array_mut()
                    && !all.iter().any(|known| known["name"] == entry["name"])
                {
                    all.push(entry.clone());
                }
            }
        }
        if merged["current-context"] == "" && config["current-context"].is_string() {
            merged["current-context"] = config["current-context"].clone();
        }
    }
    Ok(merged)
}

/// Where the user's kubectl looks: the files of `KUBECONFIG`, else the one in the home. Absolute:
/// our kubectl stands in the lab's folder.
pub fn files() -> Vec<PathBuf> {
    let files: Vec<PathBuf> =
        match host::var(layout::KUBECONFIG).or_else(|| host::var("KUBECONFIG")) {
            Some(list) => {
                std::env::split_paths(&list).filter(|file| !file.as_os_str().is_empty()).collect()
            }
            None => host::var("HOME")
                .map(|home| PathBuf::from(home).join(".kube/config"))
                .into_iter()
                .collect(),
        };
    files.into_iter().map(|file| std::path::absolute(&file).unwrap_or(file)).collect()
}

/// The context that is meant: the named one, else the current one.
///
/// # Errors
/// Why there is none.
pub fn context(files: &[PathBuf], named: Option<&str>) -> Result<Context, Problem> {
    read(files).and_then(|config| resolve(&config, named))
}

/// The name of the current context, whether or not there is such a context.
///
/// # Errors
/// A file that cannot be read.
pub fn current(files: &[PathBuf]) -> Result<Option<String>, Problem> {
    let config = read(files)?;
    Ok(config["current-context"].as_str().filter(|name| !name.is_empty()).map(str::to_owned))
}

fn resolve(config: &Value, named: Option<&str>) -> Result<Context, Problem> {
    let all = |key: &str| config[key].as_array().cloned().unwrap_or_default();
    let named_in = |key: &str, name: &str| all(key).into_iter().find(|entry| entry["name"] == name);
    let contexts = all("contexts");
    let names = contexts.iter().filter_map(|context| context["name"].as_str());
    let there: Vec<String> = names.map(str::to_owned).collect();
    let current = config["current-context"].as_str().filter(|name| !name.is_empty());
    let Some(name) = named.or(current) else {
        return Err(if there.is_empty() {
            Problem::NoConfig
        } else {
            Problem::NoContext { there }
        });
    };
    let Some(context) = named_in("contexts", name) else {
        return Err(Problem::MissingContext { name: name.to_owned(), there });
    };
    let cluster = context["context"]["cluster"].as_str().unwrap_or_default();
    let Some(server) = named_in("clusters", cluster)
        .and_then(|entry| Some((entry["cluster"]["server"].as_str()?.to_owned(), entry)))
    else {
        let (context, cluster) = (name.to_owned(), cluster.to_owned());
        return Err(Problem::MissingCluster { context, cluster });
    };
    let user_name = context["context"]["user"].as_str().unwrap_or_default();
    let user = named_in("users", user_name).unwrap_or_default();
    Ok(Context {
        name: name.to_owned(),
        cluster: cluster.to_owned(),
        user: user_name.to_owned(),
        server: server.0,
        proxied: server.1["cluster"]["proxy-url"].is_string(),
        exec: user["user"]["exec"]["command"].as_str().map(str::to_owned),
        named: named.is_some(),
    })
}

/// `host:port` of an API server's address; 443 and 80 when it names no port.
pub fn authority(server: &str) -> String {
    let (scheme, rest) = server.split_once("://").unwrap_or(("https", server));
    let authority = rest.split('/').next().unwrap_or_default();
    let port = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    match (port, scheme) {
        (true, _) => authority.to_owned(),
        (false, "http") => format!("{authority}:80"),
        (false, _) => format!("{authority}:443"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_of_a_server_has_a_port() {
        assert_eq!(authority("https://10.0.0.1:6443"), "10.0.0.1:6443");
        assert_eq!(authority("https://x.example/k8s/clusters/c"), "x.example:443");
        assert_eq!(authority("http://[::1]"), "[::1]:80");
    }

    #[test]
    fn only_names_of_local_clusters_count_as_local() {
        let local = |name: &str| {
            let (cluster, user, server) = (String::new(), String::new(), String::new());
            let name = name.to_owned();
            Context { name, cluster, user, server, proxied: false, exec: None, named: false }
                .local()
        };
        for name in ["kind-kind", "k3d-x", "minikube", "docker-desktop", "colima"] {
            assert!(local(name), "{name}");
        }
        for name in [
            "prod",
            "arn:aws:eks:eu-west-1:1:cluster/kind-of",
            "gke_x_y_minikube",
            "minikube-prod",
            "kind",
            "admin@kind-prod",
        ] {
            assert!(!local(name), "{name}");
        }
    }
}
