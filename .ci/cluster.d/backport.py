"""Edits the source of Kubernetes 1.20 where the labs' manifests need what came after it.

A version of an API is made of its predecessor by renaming: nothing is written here that upstream
has. An edit that does not find its place fails, so that none is lost without a word.
"""

import re
import shutil
from pathlib import Path

# Since 1.21 every namespace has its own name as a label, by which network policies select it.
NAMESPACE_LABEL = """
func labelWithName(obj *v1.Namespace) {
	if obj.Name == "" {
		return
	}
	if obj.Labels == nil {
		obj.Labels = map[string]string{}
	}
	obj.Labels["kubernetes.io/metadata.name"] = obj.Name
}
"""

# The added version serves what its predecessor has, but for a kind that is not in policy/v1.
SERVE = """\
	if storage, err := p.{old}Storage(apiResourceConfigSource, restOptionsGetter); err != nil {{
		return genericapiserver.APIGroupInfo{{}}, false, err
	}} else {{
		delete(storage, "podsecuritypolicies")
		apiGroupInfo.VersionedResourcesStorageMap["{new}"] = storage
	}}
"""


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Replaces the first match of each pattern, line by line (`^` and `$` are a line's)."""
    text = path.read_text()
    for pattern, replacement in changes:
        text, count = re.subn(pattern, replacement, text, count=1, flags=re.MULTILINE)
        if not count:
            raise SystemExit(f"{path}: nothing matches {pattern}")
    path.write_text(text)


def rename(folder: Path, group: str, old: str, new: str) -> None:
    """In a copied package: its name, its path, its version and its names in protobuf."""
    for path in folder.glob("*.go"):
        text = path.read_text()
        text = re.sub(rf"^package {old}\b", f"package {new}", text, flags=re.MULTILINE)
        text = re.sub(rf"\b(apis?/{group})/{old}\b", rf"\1/{new}", text)
        text = text.replace(f"api.{group}.{old}.", f"api.{group}.{new}.")
        text = text.replace(f'Version: "{old}"', f'Version: "{new}"')
        path.write_text(text)


def add_version(tree: Path, group: str, old: str, new: str, priority: str) -> None:
    """Serves the kinds of GROUP/OLD as GROUP/NEW, too. Objects are stored as before."""
    types = tree / "staging/src/k8s.io/api" / group
    internal = tree / "pkg/apis" / group
    for parent in (types, internal):
        skipped = shutil.ignore_patterns("*_test.go", "BUILD", "*lifecycle.go")
        shutil.copytree(parent / old, parent / new, ignore=skipped)
        rename(parent / new, group, old, new)

    package = rf'"k8s.io/kubernetes/pkg/apis/{group}/{old}"'
    edit(
        internal / "install/install.go",
        (rf"^\t{package}", rf"\g<0>\n\tadded {package.replace(old, new)}"),
        (
            rf"^\tutilruntime.Must\({old}.AddToScheme.*",
            r"\g<0>\n\tutilruntime.Must(added.AddToScheme(scheme))",
        ),
        (r"SetVersionPriority\(.*(?=\)\))", r"\g<0>, added.SchemeGroupVersion"),
    )
    edit(
        tree / f"pkg/registry/{group}/rest/storage_{group}.go",
        (r"^(?=\treturn apiGroupInfo, true, nil)", SERVE.format(old=old, new=new)),
    )
    # The version that clients choose where none is named.
    edit(
        tree / "cmd/kube-apiserver/app/aggregator.go",
        (
            rf'^\t{{Group: "{group}", .*',
            rf'\t{{Group: "{group}", Version: "{new}"}}: {priority},\n\g<0>',
        ),
    )


def backport(tree: Path) -> None:
    add_version(tree, "policy", "v1beta1", "v1", "{group: 17100, version: 15}")
    add_version(tree, "autoscaling", "v2beta2", "v2", "{group: 17500, version: 30}")
    # Of policy/v1 only PodDisruptionBudget: these would be two kinds of one name.
    edit(
        tree / "staging/src/k8s.io/api/policy/v1/register.go",
        (r"^\t\t&PodSecurityPolicy{},\n", ""),
        (r"^\t\t&PodSecurityPolicyList{},\n", ""),
        (r"^\t\t&Eviction{},\n", ""),
    )

    # Up to 1.20 a Service that is applied server-side must name the protocol of each port.
    edit(
        tree / "staging/src/k8s.io/api/core/v1/types.go",
        (
            r"^(type ServicePort struct {\n(?:.*\n)*?)(?=\tProtocol Protocol)",
            r'\1\t// +default="TCP"\n',
        ),
    )

    defaults = tree / "pkg/apis/core/v1"
    with (defaults / "defaults.go").open("a") as file:
        file.write(NAMESPACE_LABEL)
    edit(
        defaults / "zz_generated.defaults.go",
        (r"^func SetObjectDefaults_Namespace\(in .*", r"\g<0>\n\tlabelWithName(in)"),
    )

    # As the provisioners of today: a volume is for whichever user the pod has.
    edit(
        tree / "pkg/volume/hostpath/host_path.go",
        (r"os.MkdirAll\(pv.Spec.HostPath.Path, 0750\)", "os.MkdirAll(fullpath, 0777)"),
    )
