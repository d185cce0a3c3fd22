//! Building the lab's images, and bringing them to where the cluster's nodes find them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::catalog::manifest::Image;
use crate::cluster::Record;
use crate::error::{Error, Result};
use crate::platform::process::{self, Command, Ended, LogOptions};
use crate::platform::term::Progress;
use crate::runtime::{Options, places};
use crate::workspace::{Cluster, Workspace};

/// Images that are built for the first time, or sent to a far registry.
const BUILD: Duration = Duration::from_secs(30 * 60);

/// A question to Docker.
const QUERY_TIMEOUT: Duration = Duration::from_secs(15);

/// How images get to the nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ImageDelivery {
    /// The nodes take them from the engine that builds them.
    Shared,
    /// A command that is given the images' names.
    Tool(Vec<String>),
    /// A command of the user's that reads a `docker save` on standard input.
    Command(String),
    /// Pushed there, and pulled by the nodes.
    Registry(String),
    /// Not ours to bring: the user says that they are there, or will be.
    Elsewhere,
}

impl ImageDelivery {
    /// The delivery to the cluster of a context; `own` is the one that `mlops-lab cluster` made.
    pub(super) fn of(cluster: &Cluster, own: Option<&Record>) -> ImageDelivery {
        if let Some(registry) = &cluster.registry {
            return ImageDelivery::Registry(registry.trim_end_matches('/').to_owned());
        }
        if let Some(command) = &cluster.load {
            return ImageDelivery::Command(command.clone());
        }
        if let Some(own) = own.filter(|own| own.tool.context() == cluster.context) {
            return ImageDelivery::Tool(own.tool.load_images());
        }
        let words = |words: &[&str]| {
            ImageDelivery::Tool(words.iter().map(|word| (*word).to_owned()).collect())
        };
        match cluster.context.as_str() {
            // Docker Desktop's cluster of one node, and those whose kubelet uses the same engine.
            "docker-desktop" | "orbstack" | "colima" | "rancher-desktop" => ImageDelivery::Shared,
            "minikube" => words(&["minikube", "image", "load"]),
            context => match (context.strip_prefix("kind-"), context.strip_prefix("k3d-")) {
                (Some(name), _) => words(&["kind", "load", "docker-image", "--name", name]),
                (_, Some(name)) => words(&["k3d", "image", "import", "--cluster", name]),
                _ => ImageDelivery::Elsewhere,
            },
        }
    }

    /// How the cluster names an image that is called `name` here.
    pub(super) fn remote(&self, name: &str) -> Option<(String, String)> {
        let ImageDelivery::Registry(registry) = self else { return None };
        let (base, tag) = name.rsplit_once(':')?;
        Some((format!("{registry}/{base}"), tag.to_owned()))
    }
}

fn docker(args: &[&str]) -> Option<String> {
    let captured = process::capture(&Command::new("docker", QUERY_TIMEOUT).args(args)).ok()?;
    let well = captured.ended == Ended::Code(0);
    well.then(|| String::from_utf8_lossy(&captured.stdout).trim().to_owned())
}

fn run(
    ws: &Workspace,
    name: &str,
    argv: &[String],
    verbose: bool,
    progress: &mut dyn Progress,
) -> Result<()> {
    let (log, record) = (places::log(ws, name), places::passing(ws, name));
    let command = ws.tool(argv, BUILD)?;
    process::run_logged(
        &command,
        LogOptions { log: &log, record: Some((name, &record)), verbose },
        progress,
    )
}

/// Builds the images and brings those to the nodes that changed since `known`. Returns what is
/// there now, and which of them are new.
///
/// # Errors
/// Exit 3: no Docker to build with, a build that fails, a tool or registry that does not take them.
pub(super) fn deliver(
    ws: &Workspace,
    images: &[Image],
    delivery: &ImageDelivery,
    known: &BTreeMap<String, String>,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<(BTreeMap<String, String>, BTreeSet<String>)> {
    let names = || images.iter().map(|image| image.name.as_str()).collect::<Vec<_>>();
    if images.is_empty() {
        return Ok(Default::default());
    }
    if *delivery == ImageDelivery::Elsewhere {
        progress.note(&format!(
            "this cluster must have the images {} already: name how they get there with \
             --load 'COMMAND' or --registry HOST",
            names().join(", ")
        ));
        return Ok(Default::default());
    }
    if docker(&["version", "--format", "{{.Server.Version}}"]).is_none() {
        return Err(Error::environment(
            "Docker does not answer, and the lab's images are made with it",
        )
        .hint("see why: mlops-lab doctor --runtime compose"));
    }
    progress.start("building the images");
    for image in images {
        let mut argv =
            ["docker", "build", "--progress", "plain", "--tag", &image.name, "--file", &image.file]
                .map(str::to_owned)
                .to_vec();
        if let Some(stage) = &image.target {
            argv.extend(["--target".to_owned(), stage.clone()]);
        }
        argv.push(image.context.clone());
        run(ws, "build", &argv, options.verbose, progress)?;
    }
    progress.done("");
    let mut now = BTreeMap::new();
    for name in names() {
        let id = docker(&["image", "inspect", "--format", "{{.Id}}", name]).ok_or_else(|| {
            Error::environment(format!("Docker does not know the image {name} that it just built"))
        })?;
        now.insert(name.to_owned(), id);
    }
    let new: BTreeSet<String> = now
        .iter()
        .filter(|(name, id)| known.get(*name) != Some(id))
        .map(|(name, _)| name.clone())
        .collect();
    if !new.is_empty() {
        let new: Vec<&str> = new.iter().map(String::as_str).collect();
        send(ws, &new, delivery, options, progress)?;
    }
    Ok((now, new))
}

fn send(
    ws: &Workspace,
    names: &[&str],
    delivery: &ImageDelivery,
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<()> {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match delivery {
        ImageDelivery::Shared | ImageDelivery::Elsewhere => return Ok(()),
        ImageDelivery::Tool(tool) => {
            progress.start(&format!("loading the images onto the nodes with {}", tool[0]));
            run(ws, "load", &[tool.clone(), words(names)].concat(), options.verbose, progress)?;
        }
        ImageDelivery::Command(command) => {
            progress.start("loading the images onto the nodes");
            let archive = ws.run_folder().join("images.tar");
            let shown = archive.display().to_string();
            let save = [words(&["docker", "save", "--output", &shown]), words(names)].concat();
            let sent = run(ws, "load", &save, options.verbose, progress).and_then(|()| {
                // The user's own line of shell, from the command line or from the record of it.
                let script = format!("{{ {command}\n}} <\"$0\"");
                run(ws, "load", &words(&["sh", "-c", &script, &shown]), options.verbose, progress)
                    .map_err(|error| {
                        let save = [words(&["docker", "save"]), words(names)].concat();
                        let load = words(&["sh", "-c", command]);
                        let [save, load] = [save, load].map(|line| process::shell_words(&line));
                        error.hint(format!("try it by hand: {save} | {load}"))
                    })
            });
            crate::platform::fs::remove(&archive)?;
            sent?;
        }
        ImageDelivery::Registry(registry) => {
            progress.start(&format!("pushing the images to {registry}"));
            for name in names {
                let Some((base, tag)) = delivery.remote(name) else { continue };
                let remote = format!("{base}:{tag}");
                run(
                    ws,
                    "push",
                    &words(&["docker", "tag", name, &remote]),
                    options.verbose,
                    progress,
                )?;
                run(ws, "push", &words(&["docker", "push", &remote]), options.verbose, progress)
                    .map_err(|error| error.hint(format!("logged in? docker login {registry}")))?;
            }
        }
    }
    progress.done("");
    Ok(())
}

/// Removes the lab's images from the engine. One that a container still uses, or an engine that is
/// gone, is no failure: nothing runs of it.
pub(super) fn forget<'a>(names: impl Iterator<Item = &'a String>) {
    let names: Vec<&str> = names.map(String::as_str).collect();
    if !names.is_empty() {
        docker(&[&["image", "rm"], &names[..]].concat());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::{Sizes, Tool};

    fn cluster(context: &str, registry: Option<&str>, load: Option<&str>) -> Cluster {
        Cluster {
            context: context.to_owned(),
            server: String::new(),
            namespace: "lab".to_owned(),
            up: true,
            made: true,
            own: false,
            registry: registry.map(str::to_owned),
            load: load.map(str::to_owned),
            images: BTreeMap::new(),
            objects: Vec::new(),
        }
    }

    #[test]
    fn each_local_cluster_has_its_road_and_what_the_user_names_wins() {
        let delivery = |context: &str| ImageDelivery::of(&cluster(context, None, None), None);
        let tool = |words: &str| ImageDelivery::Tool(words.split(' ').map(str::to_owned).collect());
        assert_eq!(delivery("kind-dev"), tool("kind load docker-image --name dev"));
        assert_eq!(delivery("k3d-dev"), tool("k3d image import --cluster dev"));
        assert_eq!(delivery("minikube"), tool("minikube image load"));
        assert_eq!(delivery("docker-desktop"), ImageDelivery::Shared);
        assert_eq!(delivery("team"), ImageDelivery::Elsewhere);
        let named = ImageDelivery::of(&cluster("kind-dev", None, Some("ctr import -")), None);
        assert_eq!(named, ImageDelivery::Command("ctr import -".to_owned()));
        let pushed =
            ImageDelivery::of(&cluster("team", Some("registry.example/labs/"), None), None);
        assert_eq!(pushed, ImageDelivery::Registry("registry.example/labs".to_owned()));
        assert_eq!(
            pushed.remote("lab-server:local"),
            Some(("registry.example/labs/lab-server".to_owned(), "local".to_owned()))
        );
        assert_eq!(delivery("kind-dev").remote("lab-server:local"), None);
    }

    #[test]
    fn a_cluster_of_our_own_gets_its_images_by_the_tool_that_made_it() {
        let made = |tool| Record {
            tool,
            made: true,
            begun: 0,
            context: None,
            limits: Tool::Kind.limits(&Sizes::default()),
            containers: Vec::new(),
        };
        for tool in Tool::ALL {
            let own = cluster(tool.context(), None, None);
            let wanted = ImageDelivery::Tool(tool.load_images());
            assert_eq!(ImageDelivery::of(&own, Some(&made(tool))), wanted);
        }
        // Of this name, and not ours.
        let other = cluster(Tool::Minikube.context(), None, None);
        assert_eq!(ImageDelivery::of(&other, None), ImageDelivery::Elsewhere);
        assert_eq!(ImageDelivery::of(&other, Some(&made(Tool::Kind))), ImageDelivery::Elsewhere);
    }
}
