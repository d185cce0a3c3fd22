"""Makes the programs and images of the cluster out of Debian packages, once for each recipe."""

import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import backport
import console
import layout

# The last release whose source package `kubernetes` has the servers: later ones have kubectl only.
RELEASE = "bookworm"
GO = "1.19"
PACKAGES = [
    f"golang-{GO}-go",
    f"golang-{GO}-src",
    # Replaces a vendored library that needs an older Go.
    "golang-github-modern-go-reflect2-dev",
    "etcd-server",
    # Kubernetes 1.20 speaks to a containerd of this age; a later one does not answer it.
    "containerd",
    "runc",
    "containernetworking-plugins",
]
# What the node calls, and what this file does. libseccomp2 is of runc, libc6-dev of `pause`.
SYSTEM = ["conntrack", "gcc", "iproute2", "iptables", "libc6-dev", "libseccomp2", "openssl"]

# Without the parts for clouds and for Docker a tenth of the packages is not compiled.
TAGS = "providerless dockerless"
PARTS = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy"]

PAUSE_IMAGE = "docker.io/mlops-lab/pause:local"
DNS_IMAGE = "docker.io/mlops-lab/cluster-dns:local"


def recipe() -> str:
    """A hash of all that decides what is built."""
    inputs = [layout.CODE / "build.py", layout.CODE / "backport.py"]
    inputs += sorted(layout.CODE.glob("*/*.go"))
    digest = hashlib.sha256()
    for path in inputs:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]


def build(folder: Path) -> Path:
    """Returns the folder with what is built. It is there whole or not at all."""
    install_system()
    done = folder / f"built-{recipe()}"
    if done.is_dir():
        return done
    console.report("building Kubernetes: some minutes, once")
    work = folder / "work"
    # Of a build that was killed.
    shutil.rmtree(work, ignore_errors=True)
    new = work / "new"
    for name in ("bin", "cni", "images"):
        (new / name).mkdir(parents=True)

    with console.phase("fetching packages"):
        packages, tree = fetch(work)
    with console.phase("editing the source"):
        prepare(packages, tree)
    go = Compiler(packages, work, tree)
    with console.phase("generating the description of the API"):
        generate_openapi(go, tree)
    with console.phase("compiling Kubernetes"):
        go.build(new / "bin" / PARTS[0], "kubernetes", "-tags", TAGS, flags=version_flags(tree))
        for part in PARTS[1:]:
            (new / "bin" / part).symlink_to(PARTS[0])
    with console.phase("compiling the DNS server"):
        go.build(work / "dns" / "cluster-dns", "dns")
    with console.phase("making images"):
        make_images(work, tree, new / "images")
    copy_programs(packages, new)

    for old in folder.glob("built-*"):
        shutil.rmtree(old)
    new.rename(done)
    # With MLOPS_LAB_CLUSTER_KEEP=1 the compiler's cache stays, for work on the recipe: 2 GB.
    if not os.environ.get("MLOPS_LAB_CLUSTER_KEEP"):
        shutil.rmtree(folder / "gocache", ignore_errors=True)
    shutil.rmtree(work)
    return done


def install_system() -> None:
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n", *SYSTEM]
    # It fails where it does not know one of them.
    known = subprocess.run(
        query, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    present = known.stdout.splitlines()
    missing = [name for name in SYSTEM if f"{name} installed" not in present]
    if not missing:
        return
    console.report(f"installing {' '.join(missing)}")
    run("apt-get", "update", "-qq", timeout=300)
    # Another installation may be under way.
    options = ["-y", "-qq", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=300"]
    env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    run("apt-get", "install", *options, *missing, env=env, timeout=600)


def fetch(work: Path) -> tuple[Path, Path]:
    """Returns the folders of the unpacked packages and of Kubernetes' source."""
    debian = layout.CODE.parent / "debian"
    packages = work / "packages"
    # Go of this age finds vendored libraries only below a GOPATH.
    tree = work / "go/src/k8s.io/kubernetes"
    run(debian, "--release", RELEASE, "unpack", packages, *PACKAGES, timeout=900)
    run(debian, "--release", RELEASE, "source", tree, "kubernetes", timeout=900)
    return packages, tree


def prepare(packages: Path, tree: Path) -> None:
    reflect = "github.com/modern-go/reflect2"
    shutil.rmtree(tree / "vendor" / reflect)
    shutil.copytree(packages / "usr/share/gocode/src" / reflect, tree / "vendor" / reflect)
    backport.backport(tree)
    for name in ("kubernetes", "dns"):
        shutil.copytree(layout.CODE / name, tree / "cmd/mlops-lab" / name)


class Compiler:
    def __init__(self, packages: Path, work: Path, tree: Path) -> None:
        root = packages / f"usr/lib/go-{GO}"
        self.go = root / "bin/go"
        self.tree = tree
        # Nothing of the caller's own Go decides what is built.
        self.env = {
            layout.MARK: os.environ[layout.MARK],
            "CGO_ENABLED": "0",
            "GO111MODULE": "off",
            "GOCACHE": str(work.parent / "gocache"),
            "GOFLAGS": "-trimpath",
            "GOPATH": str(work / "go"),
            "GOPROXY": "off",
            "GOROOT": str(root),
            "HOME": str(work),
            "PATH": f"{root}/bin:/usr/bin:/bin",
        }

    def build(self, to: Path, name: str, *options: str, flags: str = "") -> None:
        what = ["-ldflags", f"-s -w {flags}", "-o", str(to), f"./cmd/mlops-lab/{name}"]
        self.run("build", *options, *what)

    def run(self, *arguments: str) -> None:
        run(self.go, *arguments, cwd=self.tree, env=self.env, timeout=3600)


def version_flags(tree: Path) -> str:
    """Without them every program says that it is v0.0.0."""
    # kubernetes_1.20.5+really1.20.2.orig.tar.gz
    version = (tree / ".tarball").read_text().split("_")[1].split(".orig")[0]
    version = version.split("really")[-1]
    major, minor, _ = version.split(".")
    values = {"gitVersion": f"v{version}+mlops-lab", "gitMajor": major, "gitMinor": minor}
    packages = [
        "k8s.io/kubernetes/vendor/k8s.io/component-base/version",
        "k8s.io/kubernetes/vendor/k8s.io/client-go/pkg/version",
    ]
    return " ".join(f"-X {p}.{key}={value}" for p in packages for key, value in values.items())


def generate_openapi(go: Compiler, tree: Path) -> None:
    """The only generated file that the source package has not; server-side apply needs it."""
    marked = set()
    for top, prefix in (("pkg", "pkg"), ("staging/src/k8s.io", "vendor/k8s.io")):
        for path in (tree / top).rglob("*.go"):
            # Not of the server.
            if "code-generator" in path.parts or any(p.startswith("sample-") for p in path.parts):
                continue
            if "\n// +k8s:openapi-gen=" in path.read_text():
                relative = path.parent.relative_to(tree / top)
                marked.add(f"k8s.io/kubernetes/{prefix}/{relative}")
    generator = tree / "openapi-gen"
    go.run("build", "-o", str(generator), "./vendor/k8s.io/kube-openapi/cmd/openapi-gen")
    options = {
        "--input-dirs": ",".join(sorted(marked)),
        "--output-package": "k8s.io/kubernetes/pkg/generated/openapi",
        "--output-file-base": "zz_generated.openapi",
        "--go-header-file": "vendor/k8s.io/code-generator/hack/boilerplate.go.txt",
        # Names that upstream's rules do not like, thousands of them.
        "--report-filename": "/dev/null",
    }
    arguments = [part for option in options.items() for part in option]
    run(generator, *arguments, cwd=tree, env=go.env, timeout=900)


def make_images(work: Path, tree: Path, to: Path) -> None:
    pause = work / "pause/pause"
    pause.parent.mkdir()
    source = tree / "build/pause/linux/pause.c"
    run("gcc", "-Os", "-s", "-static", "-DVERSION=3.2", "-o", pause, source, timeout=120)
    make_image(pause, PAUSE_IMAGE, to / "pause.tar")
    make_image(work / "dns/cluster-dns", DNS_IMAGE, to / "dns.tar")


def make_image(program: Path, tag: str, to: Path) -> None:
    """An archive as of `docker save`: one layer with one program."""
    parts = program.parent
    layer = parts / "layer.tar"
    with tarfile.open(layer, "w") as archive:
        archive.add(program, program.name, filter=owned_by_root)
    digest = hashlib.sha256(layer.read_bytes()).hexdigest()
    config = {
        "architecture": machine(),
        "os": "linux",
        "config": {"Entrypoint": [f"/{program.name}"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [tag], "Layers": [layer.name]}]
    (parts / "config.json").write_text(json.dumps(config))
    (parts / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(to, "w") as archive:
        for name in ("manifest.json", "config.json", layer.name):
            archive.add(parts / name, name, filter=owned_by_root)


def machine() -> str:
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def owned_by_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = entry.mtime = 0
    entry.uname = entry.gname = ""
    return entry


def copy_programs(packages: Path, new: Path) -> None:
    usr = packages / "usr"
    for name in ("containerd", "containerd-shim-runc-v2", "ctr", "etcd"):
        shutil.copy2(usr / "bin" / name, new / "bin")
    shutil.copy2(usr / "sbin/runc", new / "bin")
    for plugin in ("ptp", "host-local", "loopback"):
        shutil.copy2(usr / "lib/cni" / plugin, new / "cni")


def run(*command: object, timeout: int, **options: object) -> None:
    """Runs a command whose output matters only when it fails."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=timeout,
            **options,
        )
    except subprocess.TimeoutExpired:
        raise console.Failure(f"not done after {timeout} s: {' '.join(words)}") from None
    if done.returncode:
        tail = "\n".join(done.stdout.splitlines()[-30:])
        raise console.Failure(f"{words[0]} failed: {' '.join(words)}\n{tail}")
