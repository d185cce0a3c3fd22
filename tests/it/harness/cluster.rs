//! The cluster of CI: the folder that MLOPS_LAB_TEST_CLUSTER names, as `.ci/cluster` fills it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub struct Cluster {
    folder: PathBuf,
}

impl Cluster {
    pub fn named() -> Option<Cluster> {
        let folder = std::env::var_os("MLOPS_LAB_TEST_CLUSTER")?;
        Some(Cluster { folder: folder.into() })
    }

    /// What has kubectl and our program use it. CI's own kubectl is on no PATH otherwise, because
    /// the other runtimes must work without.
    pub fn env(&self) -> Vec<(&'static str, OsString)> {
        let kubeconfig = self.folder.join("kubeconfig");
        let text = std::fs::read_to_string(&kubeconfig).unwrap();
        let context = text.lines().find_map(|line| line.strip_prefix("current-context: ")).unwrap();
        vec![
            ("KUBECONFIG", kubeconfig.into()),
            ("MLOPS_LAB_KUBECONTEXT", context.into()),
            ("MLOPS_LAB_LOAD", format!("'{}'", self.folder.join("load").display()).into()),
            ("PATH", path_with_kubectl()),
        ]
    }

    /// The labs, which ask here for no newer cluster than this one.
    pub fn pack(&self) -> PathBuf {
        self.folder.join("pack")
    }
}

fn path_with_kubectl() -> OsString {
    let path = std::env::var_os("PATH").unwrap();
    let kubectl = std::env::var_os("MLOPS_LAB_KUBECTL").map(PathBuf::from).unwrap_or_default();
    let folder = kubectl.parent().map(Path::to_path_buf).filter(|it| it.is_absolute());
    std::env::join_paths(folder.into_iter().chain(std::env::split_paths(&path))).unwrap()
}
