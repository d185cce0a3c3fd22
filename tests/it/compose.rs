//! Containers and volumes of labs that have one project name, or files that compose cannot read any
//! more: on a real engine.
use std::process::Command;
use std::time::{Duration, Instant};

use crate::harness::{self, Lab, Seen, seen};

fn docker(args: &[&str]) -> Seen {
    seen(Command::new("docker").args(args))
}

/// Any image that can sleep.
fn image() -> Option<String> {
    let images = docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]).out;
    let known = ["python:", "alpine:", "busybox:", "postgres:", "haproxy:"];
    let found = images.lines().find(|image| known.iter().any(|known| image.starts_with(known)));
    assert!(found.is_some() || !harness::strict(), "there is no image: tests/images/make");
    if found.is_none() {
        eprintln!("skipped: there is no image that can sleep");
    }
    found.map(str::to_owned)
}

/// A lab with one container, and a volume, under this project name.
fn lab(name: &str, image: &str) -> Lab {
    let lab = Lab::new(Some("tiny"), "tiny", &["program=good", &format!("project_name={name}")]);
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    std::fs::write(&manifest, text.replace("[endpoint.api]", "[runtime.compose]\n[endpoint.api]"))
        .unwrap();
    lab.trust();
    let compose = format!(
        "services:\n  sleeper:\n    image: {image}\n    entrypoint: [sleep, '600']\n    init: \
         true\n    user: '0'\n    environment:\n      TOKEN: ${{TOKEN:?it is in .env}}\n    \
         volumes: [data:/data]\nvolumes:\n  data:\n"
    );
    std::fs::write(lab.root.join("compose.yaml"), compose).unwrap();
    lab
}

fn name(what: &str) -> String {
    format!("test-{what}-{}", harness::free_port())
}

fn volume(project: &str) -> bool {
    docker(&["volume", "inspect", &format!("{project}_data")]).code == 0
}

fn running(project: &str) -> bool {
    let label = format!("label=com.docker.compose.project={project}");
    !docker(&["ps", "--quiet", "--filter", &label]).out.trim().is_empty()
}

const UP: [&str; 3] = ["up", "--runtime", "compose"];

#[test]
#[ignore = "needs Docker"]
fn a_lab_with_the_name_of_another_touches_nothing_of_its() {
    let Some(image) = image() else { return };
    let name = name("same");
    let (first, second) = (lab(&name, &image), lab(&name, &image));
    first.ok(&UP);
    let refused = second.run(&UP);
    assert!(
        refused.code == 3 && refused.err.contains("mlops-lab update --set project_name=NAME"),
        "{}",
        refused.err
    );
    assert!(
        refused.err.contains(first.root.file_name().unwrap().to_str().unwrap()),
        "{}",
        refused.err
    );
    second.ok(&["down", "--purge"]);
    assert!(running(&name) && volume(&name));
    first.ok(&["down"]);
    assert!(!running(&name) && volume(&name));
    // Only the note says whose a volume is.
    second.ok(&["down", "--purge"]);
    assert!(volume(&name), "another lab's data");
    assert_eq!(second.run(&UP).code, 3);
    first.ok(&["down", "--purge"]);
    assert!(!volume(&name));
    second.ok(&UP);
    second.ok(&["down", "--purge"]);
}

#[test]
#[ignore = "needs Docker"]
fn containers_are_stopped_without_the_files_that_started_them() {
    let Some(image) = image() else { return };
    for gone in [
        &[".env"][..],
        &["compose.yaml"],
        &[".env", "compose.yaml", ".mlops-lab/lab.toml", ".mlops-lab/record.toml"],
    ] {
        let name = name("gone");
        let lab = lab(&name, &image);
        lab.ok(&UP);
        gone.iter().for_each(|file| std::fs::remove_file(lab.root.join(file)).unwrap());
        assert!(running(&name));
        lab.ok(&["down", "--purge"]);
        assert!(!running(&name) && !volume(&name), "without {gone:?}");
    }
    let name = name("deleted");
    let lab = lab(&name, &image);
    lab.ok(&UP);
    let root = lab.root.canonicalize().unwrap();
    std::fs::remove_dir_all(&root).unwrap();
    let down = seen(
        Command::new(harness::BIN)
            .args(["-C", root.to_str().unwrap(), "down", "--purge"])
            .current_dir("/"),
    );
    assert_eq!(down.code, 0, "{}", down.err);
    assert!(!running(&name) && !volume(&name));
}

#[test]
#[ignore = "needs Docker"]
fn what_is_mounted_is_made_readable_and_the_learners_override_counts() {
    use std::os::unix::fs::PermissionsExt;
    let Some(image) = image() else { return };
    let name = name("mounts");
    let lab = lab(&name, &image);
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let text = text.replace(
        "[runtime.compose]\n",
        "[runtime.compose]\nreadable = [\"mounted\", \"not-there-yet\"]\n",
    );
    std::fs::write(&manifest, text).unwrap();
    lab.trust();
    std::fs::create_dir(lab.root.join("mounted")).unwrap();
    std::fs::write(lab.root.join("mounted/settings"), "read by another user\n").unwrap();
    // As a umask of 077 leaves them.
    let set = |path: &str, bits| {
        std::fs::set_permissions(lab.root.join(path), std::fs::Permissions::from_mode(bits))
            .unwrap();
    };
    set("mounted/settings", 0o600);
    set("mounted", 0o700);
    let over = "services:\n  sleeper:\n    user: '65534'\n    volumes: ['./mounted:/mounted:ro']\n";
    std::fs::write(lab.root.join("compose.override.yaml"), over).unwrap();
    let up = lab.ok(&UP);
    assert!(up.err.contains("mounted: made readable"), "{}", up.err);
    let container = format!("{name}-sleeper-1");
    let read = docker(&["exec", &container, "cat", "/mounted/settings"]);
    assert_eq!((read.code, read.out.as_str()), (0, "read by another user\n"), "{}", read.err);
    assert!(!lab.ok(&UP).err.contains("made readable"));
    lab.ok(&["down", "--purge"]);
}

#[test]
#[ignore = "needs Docker"]
fn the_lines_of_containers_have_their_service_and_a_published_port_is_the_labs_own() {
    let Some(image) = image() else { return };
    let lab = lab(&name("lines"), &image);
    let manifest = lab.root.join(".mlops-lab/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let endpoint = format!("[endpoint.api]\ncompose = \"http://127.0.0.1:{}\"\n", lab.port);
    std::fs::write(&manifest, text.replace("[endpoint.api]\n", &endpoint)).unwrap();
    lab.trust();
    let over = format!(
        "services:\n  sleeper:\n    entrypoint: [sh, -c, 'echo \"one | two\"; exec sleep \
         600']\n    ports: ['127.0.0.1:{}:80']\n",
        lab.port
    );
    std::fs::write(lab.root.join("compose.override.yaml"), over).unwrap();
    lab.ok(&UP);
    // It may be up before it has printed anything.
    let end = Instant::now() + Duration::from_secs(20);
    let mut shown = String::new();
    while shown.is_empty() && Instant::now() < end {
        shown = lab.ok(&["logs", "--json"]).out;
    }
    assert_eq!(shown, "{\"service\":\"sleeper\",\"line\":\"one | two\"}\n");
    let report = lab.run(&["doctor", "--runtime", "compose", "--only", "port", "--json"]).out;
    assert!(report.contains("\"own\""), "{report}");
    lab.ok(&["down", "--purge"]);
}
