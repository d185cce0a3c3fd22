"""Keys, certificates and kubeconfigs of one run of the cluster, made with openssl."""

import base64
from pathlib import Path
from string import Template

import layout
from build import run

DAYS = "30"
SERVER_NAMES = [
    *("DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc"),
    *("DNS:kubernetes.default.svc.cluster.local", "DNS:localhost", f"DNS:{layout.NODE_NAME}"),
    *(f"IP:{layout.API_SERVICE_IP}", f"IP:{layout.NODE_IP}", "IP:127.0.0.1"),
]
# Who they are to the API server, or what they serve as. The node is the only one whom the server
# holds to a role: what else runs here is an administrator.
CERTIFICATES = {
    "server": ("/CN=kubernetes", "serverAuth", SERVER_NAMES),
    "admin": ("/O=system:masters/CN=admin", "clientAuth", []),
    "node": (f"/O=system:nodes/CN=system:node:{layout.NODE_NAME}", "clientAuth", []),
}

KUBECONFIG = Template("""\
apiVersion: v1
kind: Config
clusters:
  - name: $name
    cluster:
      server: https://$ip:$port
      certificate-authority-data: $ca
users:
  - name: $name
    user:
      client-certificate-data: $certificate
      client-key-data: $key
contexts:
  - name: $name
    context: {cluster: $name, user: $name}
current-context: $name
""")


def make_keys(folder: Path) -> None:
    folder.mkdir(mode=0o700)
    openssl(folder, "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", "ca.key")
    authority = ["-x509", "-new", "-key", "ca.key", "-subj", "/CN=kubernetes", "-days", DAYS]
    uses = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"]
    openssl(folder, "req", *authority, *uses, "-out", "ca.crt")
    # Signs the tokens of service accounts.
    openssl(folder, "genrsa", "-out", "accounts.key", "2048")
    for name, (subject, usage, names) in CERTIFICATES.items():
        make_certificate(folder, name, subject, usage, names)


def make_certificate(folder: Path, name: str, subject: str, usage: str, names: list[str]) -> None:
    key, request = f"{name}.key", f"{name}.csr"
    openssl(folder, "ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", key)
    openssl(folder, "req", "-new", "-key", key, "-subj", subject, "-out", request)
    extensions = {
        "authorityKeyIdentifier": "keyid",
        "keyUsage": "digitalSignature",
        "extendedKeyUsage": usage,
    }
    if names:
        extensions["subjectAltName"] = ",".join(names)
    lines = [f"{key}={value}\n" for key, value in extensions.items()]
    (folder / f"{name}.ext").write_text("".join(lines))
    signer = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", DAYS]
    signed = ["-extfile", f"{name}.ext", "-out", f"{name}.crt"]
    openssl(folder, "x509", "-req", "-in", request, *signer, *signed)


def openssl(folder: Path, *arguments: str) -> None:
    run("openssl", *arguments, cwd=folder, timeout=60)


def kubeconfig(folder: Path, who: str) -> str:
    def encoded(name: str) -> str:
        return base64.b64encode((folder / name).read_bytes()).decode()

    return KUBECONFIG.substitute(
        name=layout.NAME,
        ip=layout.NODE_IP,
        port=layout.API_PORT,
        ca=encoded("ca.crt"),
        certificate=encoded(f"{who}.crt"),
        key=encoded(f"{who}.key"),
    )
