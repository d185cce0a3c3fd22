//! `fetch` and `up --offline`: with an index that is a folder, and a lab in a namespace without
//! routes.
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{self, BIN, Lab, Limited, Seen, alone, busy, must, seen};

/// Makes the wheel PATH, of nothing but its own description, and prints its SHA-256.
const WHEEL: &str = r#"
import hashlib, pathlib, sys, zipfile
path = pathlib.Path(sys.argv[1])
name, version = path.name.split("-")[:2]
info = f"{name}-{version}.dist-info"
files = {
    "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: x\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": f"{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n",
}
with zipfile.ZipFile(path, "w") as wheel:
    for file, text in files.items():
        wheel.writestr(f"{info}/{file}", text)
print(hashlib.sha256(path.read_bytes()).hexdigest())
"#;

const ANY: &str = "nothing_of_ours-1.0-py3-none-any.whl";

/// A pack with a lab that installs one wheel, and an index that has it.
struct Bed {
    temp: tempfile::TempDir,
    requirements: String,
}

impl Bed {
    fn new(wheel: &str) -> Bed {
        let temp = tempfile::tempdir().unwrap();
        let tiny = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny");
        must(Command::new("cp").arg("-r").arg(tiny).arg(temp.path().join("pack")));
        let manifest = temp.path().join("pack/labs/tiny/lab.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(manifest, with_python(&text)).unwrap();
        let index = temp.path().join("index");
        std::fs::create_dir(&index).unwrap();
        let made = must(Command::new("python3").args(["-c", WHEEL]).arg(index.join(wheel)));
        let requirements = format!("nothing-of-ours==1.0 --hash=sha256:{}\n", made.out.trim());
        let path = temp.path().join("pack/templates/tiny/requirements.txt");
        std::fs::write(path, &requirements).unwrap();
        Bed { temp, requirements }
    }

    fn folder(&self) -> PathBuf {
        self.temp.path().join("a folder")
    }

    fn wheel(&self) -> PathBuf {
        self.folder().join("wheels").join(ANY)
    }

    fn fetch(&self) -> Seen {
        seen(&mut self.command())
    }

    fn command(&self) -> Command {
        let mut command = Command::new(BIN);
        command.arg("--pack").arg(self.temp.path().join("pack")).args(["fetch", "tiny", "--to"]);
        command.arg(self.folder()).env("PIP_NO_INDEX", "1").env("PIP_NO_CACHE_DIR", "1");
        command.env("PIP_FIND_LINKS", self.temp.path().join("index"));
        command
    }

    fn lab(&self) -> Lab {
        let lab = Lab::new(Some("tiny"), "tiny", &["program=good"]);
        let manifest = lab.root.join(".mlops-lab/lab.toml");
        let text = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, with_python(&text)).unwrap();
        std::fs::write(lab.root.join("requirements.txt"), &self.requirements).unwrap();
        lab.trust();
        lab
    }

    /// `up`, for which every index of the user's is a dead end.
    fn up(&self, lab: &Lab) -> Seen {
        let dead = "http://127.0.0.1:9/simple";
        let mut command = lab.command(&["up", "--offline"]);
        command.arg(self.folder()).env("PIP_INDEX_URL", dead).env("UV_INDEX", dead);
        seen(command.env("PIP_FIND_LINKS", dead).env("UV_FIND_LINKS", dead))
    }

    /// Changes the list as somebody might by hand.
    fn edit(&self, from: &str, to: &str) {
        let path = self.folder().join("fetched.txt");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{text}");
        std::fs::write(path, text.replace(from, to)).unwrap();
    }
}

fn with_python(manifest: &str) -> String {
    let with = "[runtime.local]\npython = { requirements = [\"requirements.txt\"] }";
    assert!(manifest.contains("[runtime.local]"), "{manifest}");
    manifest.replacen("[runtime.local]", with, 1)
}

/// That it is refused, says why, and made nothing.
fn refused(bed: &Bed, lab: &Lab, why: &str) {
    let up = bed.up(lab);
    assert_eq!(up.code, 3, "{why}: {}\n{}", up.out, up.err);
    assert!(up.err.contains(why) && up.err.contains("mlops-lab fetch tiny"), "{why}: {}", up.err);
    assert!(!lab.root.join(".venv").exists(), "{why}: {}", up.err);
}

#[test]
#[ignore = "makes Python environments"]
fn what_was_fetched_installs_without_an_index_and_what_is_damaged_is_named() {
    let _busy = busy();
    let bed = Bed::new(ANY);
    let lab = bed.lab();
    std::fs::create_dir(bed.folder()).unwrap();
    refused_empty(&bed, &lab);
    let fetched = bed.fetch();
    assert_eq!(fetched.code, 0, "{}", fetched.err);
    assert!(fetched.out.contains("fetched tiny: 1 wheels"), "{}", fetched.out);

    let whole = std::fs::read(bed.wheel()).unwrap();
    std::fs::write(bed.wheel(), &whole[..whole.len() / 2]).unwrap();
    refused(&bed, &lab, &format!("{ANY} is damaged: expected SHA-256"));
    std::fs::remove_file(bed.wheel()).unwrap();
    refused(&bed, &lab, &format!("{ANY} is missing"));
    bed.edit("whole yes\n", "");
    refused(&bed, &lab, "is half fetched");

    // A fetch that was killed in the middle of a file goes on, and replaces it.
    std::fs::write(bed.wheel(), &whole[..whole.len() / 2]).unwrap();
    let again = bed.fetch();
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(std::fs::read(bed.wheel()).unwrap(), whole);

    bed.edit("platform ", "platform other-");
    refused(&bed, &lab, "was fetched for other-");
    let other = bed.fetch();
    assert!(other.code == 2 && other.err.contains("holds what is for other-"), "{}", other.err);
    bed.edit("platform other-", "platform ");
    bed.edit("python 3.", "python 2.");
    refused_python(&bed, &lab);
    bed.edit("python 2.", "python 3.");

    let up = bed.up(&lab);
    assert_eq!(up.code, 0, "{}", up.err);
    assert_eq!(bed.up(&lab).code, 0);
    let packages =
        must(Command::new(lab.root.join(".venv/bin/python")).args(["-m", "pip", "list"]));
    assert!(packages.out.contains("nothing"), "{}", packages.out);
}

fn refused_empty(bed: &Bed, lab: &Lab) {
    let up = bed.up(lab);
    assert!(up.code == 3 && up.err.contains("holds nothing that was fetched"), "{}", up.err);
}

fn refused_python(bed: &Bed, lab: &Lab) {
    let up = bed.up(lab);
    assert!(up.code == 3 && up.err.contains("is for Python 2."), "{}", up.err);
    assert!(!lab.root.join(".venv").exists());
}

#[test]
#[ignore = "makes Python environments"]
fn the_requirements_have_the_last_word_whatever_the_list_says() {
    let _busy = busy();
    let bed = Bed::new(ANY);
    assert_eq!(bed.fetch().code, 0);
    let lab = bed.lab();
    // Another wheel under the right name, listed with its own sum.
    let path = bed.wheel().display().to_string();
    let planted = WHEEL.replace("Generator: x", "Generator: y");
    let sum = must(Command::new("python3").args(["-c", &planted, &path])).out;
    let text = std::fs::read_to_string(bed.folder().join("fetched.txt")).unwrap();
    let old = text.lines().find(|line| line.contains(ANY)).unwrap().to_owned();
    bed.edit(&old, &format!("{} {ANY}", sum.trim()));
    let up = bed.up(&lab);
    assert_eq!(up.code, 3, "{}", up.err);
    assert!(up.err.contains("has not all that this lab names"), "{}", up.err);
    assert!(up.err.contains("DO NOT MATCH THE HASHES"), "{}", up.err);
}

#[test]
#[ignore = "makes Python environments"]
fn a_platform_without_a_wheel_and_a_folder_of_something_else_are_refused() {
    let _busy = busy();
    let bed = Bed::new("nothing_of_ours-1.0-cp311-cp311-win32.whl");
    let fetched = bed.fetch();
    assert_eq!(fetched.code, 3, "{}", fetched.err);
    assert!(fetched.err.contains("is there a wheel of it for"), "{}", fetched.err);
    let up = bed.up(&bed.lab());
    assert!(up.code == 3 && up.err.contains("is half fetched"), "{}", up.err);

    std::fs::remove_dir_all(bed.folder()).unwrap();
    std::fs::create_dir(bed.folder()).unwrap();
    std::fs::write(bed.folder().join("thesis.txt"), "mine").unwrap();
    let other = bed.fetch();
    assert!(other.code == 2 && other.err.contains("something else"), "{}", other.err);
    assert_eq!(std::fs::read_dir(bed.folder()).unwrap().count(), 1);
}

#[test]
#[ignore = "makes Python environments"]
fn without_docker_packages_are_fetched_and_it_is_said_why_there_are_no_images() {
    let _busy = busy();
    let bed = Bed::new(ANY);
    with_compose(&bed.temp.path().join("pack"));
    let fetch = |args: &[&str]| {
        seen(bed.command().args(args).env("DOCKER_HOST", "unix:///nowhere/docker.sock"))
    };
    let fetched = fetch(&[]);
    assert_eq!(fetched.code, 0, "{}", fetched.err);
    assert!(fetched.out.contains("fetched tiny: 1 wheels, "), "{}", fetched.out);
    assert!(fetched.out.contains("images are left out: "), "{}", fetched.out);
    assert!(fetched.out.contains("--runtime compose"), "{}", fetched.out);
    let local = fetch(&["--runtime", "local"]);
    assert!(local.code == 0 && !local.out.contains("images"), "{}", local.out);
    let refused = fetch(&["--runtime", "compose"]);
    assert_eq!(refused.code, 3, "{}", refused.out);
    assert!(refused.err.contains("no images can be fetched: "), "{}", refused.err);
    assert_eq!(fetch(&["--runtime", "kubernetes"]).code, 2);
}

/// The pack's lab gets containers, too.
fn with_compose(pack: &Path) {
    let manifest = pack.join("labs/tiny/lab.toml");
    let text = std::fs::read_to_string(&manifest).unwrap();
    let text = text.replace("[endpoint.api]", "[runtime.compose]\n[endpoint.api]");
    std::fs::write(manifest, text).unwrap();
}

const COMPOSE: &str = "
name: <[ project_name ]>
services:
  app:
    image: <[ project_name ]>-app:local
    build: {context: ., target: app}
    entrypoint: [sleep, '600']
    init: true
    user: '0'
    environment:
      TOKEN: ${TOKEN:?it is in .env}
";

/// One stage that needs a network, and one that is made of what the learner changes.
const DOCKERFILE: &str = "
AS base
WORKDIR /lab
FROM base AS tools
COPY tools.txt ./
RUN test $(wc -l </proc/net/route) -gt 1 && cp tools.txt made
FROM base AS sources
COPY . ./
RUN chmod -R a+rX .
FROM tools AS app
COPY --from=sources /lab/about.txt ./
";

/// A pack with a lab in containers. Nothing of what its stages are made of was ever built.
fn pack(image: &str) -> tempfile::TempDir {
    let temp = tempfile::tempdir().unwrap();
    harness::copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/packs/tiny"), temp.path());
    with_compose(temp.path());
    let template = temp.path().join("templates/tiny");
    std::fs::write(template.join("compose.yaml"), COMPOSE).unwrap();
    std::fs::write(template.join("Dockerfile"), format!("FROM {image} {}", DOCKERFILE.trim()))
        .unwrap();
    std::fs::write(template.join("tools.txt"), format!("{}\n", temp.path().display())).unwrap();
    temp
}

fn docker(args: &[&str]) -> Seen {
    seen(Command::new("docker").args(args))
}

#[test]
#[ignore = "needs Docker"]
fn containers_are_built_and_built_again_from_what_was_fetched_and_builds_have_no_network() {
    let image = "python:3.13-slim";
    if docker(&["image", "inspect", image]).code != 0 {
        assert!(!harness::strict(), "there is no {image}: tests/images/make");
        return;
    }
    let pack = pack(image);
    let folder = pack.path().join("a folder");
    let fetch = || {
        let mut command = Command::new(BIN);
        command.arg("--pack").arg(pack.path()).args(["fetch", "tiny", "--runtime", "compose"]);
        must(command.arg("--to").arg(&folder))
    };
    assert!(fetch().out.contains("fetched tiny: 2 images, "));
    let list = std::fs::read_to_string(folder.join("fetched.txt")).unwrap();
    let stage = list.lines().find_map(|line| line.strip_prefix("image mlops-lab-fetched:tools-"));
    let stage = format!("mlops-lab-fetched:tools-{}", stage.unwrap());
    let loaded = || docker(&["image", "inspect", &stage]).code == 0;
    assert!(!loaded(), "it is in the archive alone");

    let lab = Lab::new(pack.path().to_str(), "tiny", &["program=good"]);
    let up = || {
        let mut command = lab.command(&["up", "--runtime", "compose", "--offline"]);
        seen(command.arg(&folder))
    };
    let read = |file: &str| docker(&["exec", &format!("test-{}-app-1", lab.port), "cat", file]);
    let refused = |why: &str| {
        let up = up();
        assert_eq!(up.code, 3, "{why}: {}\n{}", up.out, up.err);
        assert!(up.err.contains(why) && up.err.contains("fetch tiny --to"), "{why}: {}", up.err);
    };
    let first = up();
    assert_eq!(first.code, 0, "{}\n{}", first.out, first.err);
    assert!(loaded());
    assert_eq!(read("made").out, format!("{}\n", pack.path().display()));
    std::fs::write(lab.root.join("about.txt"), "mine\n").unwrap();
    assert_eq!(up().code, 0);
    assert_eq!(read("about.txt").out, "mine\n");

    // What the archive has not: another stage, another image. What runs stays.
    let tools = lab.root.join("tools.txt");
    std::fs::write(&tools, "another\n").unwrap();
    refused("does not have the stage `tools` of ");
    std::fs::write(&tools, format!("{}\n", pack.path().display())).unwrap();
    let over = lab.root.join("compose.override.yaml");
    std::fs::write(&over, "services: {more: {image: 'nobody/has-this:1'}}\n").unwrap();
    refused("does not have the image nobody/has-this:1");
    std::fs::remove_file(over).unwrap();
    // A link may lead anywhere, and a folder outside is nobody's lab.
    let (file, outside) = (lab.root.join("Dockerfile"), pack.path().join("Dockerfile"));
    std::fs::rename(&file, &outside).unwrap();
    std::os::unix::fs::symlink(&outside, &file).unwrap();
    let linked = up();
    assert!(linked.code == 3 && linked.err.contains("cannot read "), "{}", linked.err);
    std::fs::rename(&outside, &file).unwrap();
    let compose = lab.root.join("compose.yaml");
    let text = std::fs::read_to_string(&compose).unwrap();
    std::fs::write(&compose, text.replace("context: .,", "context: ..,")).unwrap();
    let outside = up();
    assert!(outside.code == 3 && outside.err.contains("outside of the lab"), "{}", outside.err);
    std::fs::write(&compose, text).unwrap();
    assert_eq!(read("about.txt").out, "mine\n");

    lab.ok(&["down", "--purge"]);
    must(Command::new("docker").args(["image", "rm", &stage]));
    let archive = folder.join("images/tiny.tar");
    let whole = std::fs::read(&archive).unwrap();
    std::fs::write(&archive, &whole[..whole.len() / 2]).unwrap();
    refused("tiny.tar is damaged: expected SHA-256");
    std::fs::remove_file(&archive).unwrap();
    refused("tiny.tar is missing");
    assert!(!loaded() && read("made").code != 0);
    fetch();
    assert_eq!(up().code, 0);
    lab.ok(&["down", "--purge"]);
    must(Command::new("docker").args(["image", "rm", &stage]));
}

/// Everything that a learner types, in a network namespace that has a loopback and nothing else.
const COURSE: &str = r#"
set -eu
ip link set lo up
test -z "$(ip route)"
"$1" init serving lab --up --offline "$2" --set port="$3" --set project_name="test-$3"
cd lab
trap '"$1" down --purge' EXIT
steps=$("$1" show serving --json | jq -r '.step[].id')
test "$(echo "$steps" | wc -l)" = 8
for step in $steps; do
  "$1" solve "$step"
  "$1" check "$step"
done
"#;

#[test]
#[ignore = "needs pip, the network, and root"]
fn all_steps_of_serving_are_done_without_a_network() {
    // The step `load` judges times.
    let _alone = alone();
    let temp = tempfile::tempdir().unwrap();
    let folder = temp.path().join("fetched");
    let fetch = ["fetch", "serving", "--runtime", "local", "--to"];
    must(Command::new(BIN).args(fetch).arg(&folder));
    let mut course = Command::new("unshare");
    course.args(["--net", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", COURSE]);
    course.args(["course", BIN]).arg(&folder).arg(harness::free_port().to_string());
    let out = course.current_dir(temp.path()).finish();
    let text = [harness::text(&out.stdout), harness::text(&out.stderr)].concat();
    assert!(out.status.success(), "{text}");
}
