//! The runtime `kubernetes` on a small lab: the real kubectl, against a fake API server
//! (tests/clients/apiserver.py), with stand-ins for Docker, kind, k3d and minikube (tests/stubs).
//!
//! What this does not prove: that a real cluster takes the manifests (validation, admission, Pod
//! Security, quota, defaults), who owns which field after an apply, that images built by Docker
//! reach a node and start there, how long anything takes, rights of a user who may not do
//! everything, TLS and credentials, and the words of kubelets and controllers other than those
//! written down in the fake. Of the forward it proves kubectl's older tunnel (SPDY); the fake has
//! no websockets. Those are tried on a real node.
mod apply;
pub mod bed;
mod down;
mod forward;
mod guard;
mod images;
mod kill;
mod learner;
mod rollout;
