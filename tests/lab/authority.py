"""The laboratory's own certificate authority, and the certificate that all of its servers show."""
import os
import subprocess

from .errors import LabError

AUTHORITY = """[req]
distinguished_name = name
prompt = no
x509_extensions = extensions
[name]
CN = {name}
[extensions]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
"""
SERVER = """subjectAltName = DNS:localhost, IP:127.0.0.1
basicConstraints = CA:false
extendedKeyUsage = serverAuth
"""


def openssl(record, *arguments):
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=False, cwd=record.path("tls"),
                          **record.account.popen_arguments())
    if done.returncode != 0:
        raise LabError(f"openssl {arguments[0]} failed:\n{done.stderr}")


def root_certificate(record):
    """What a client trusts: sslrootcert."""
    return record.path("tls", "authority.crt")


def parameters(record):
    """What a URL ends with."""
    return f"?sslmode=verify-full&sslrootcert={root_certificate(record)}" if record.tls else ""


def make_authority(record, name, certificate):
    """A key and a certificate of a new authority, below DIR/tls."""
    record.account.make_directory(record.path("tls"))
    record.account.write_file(record.path("tls", f"{name}.cnf"), AUTHORITY.format(name=f"pgconvoy laboratory {name}"))
    openssl(record, "req", "-x509", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "90",
            "-config", f"{name}.cnf", "-keyout", f"{name}.key", "-out", certificate)
    os.chmod(record.path("tls", f"{name}.key"), 0o600)


def make(record):
    """authority.crt, and server.key and server.crt for localhost and 127.0.0.1; other.crt is of an authority that signed nothing."""
    make_authority(record, "authority", "authority.crt")
    make_authority(record, "other", "other.crt")
    record.account.write_file(record.path("tls", "server.cnf"), SERVER)
    openssl(record, "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
            "-keyout", "server.key", "-out", "server.csr")
    openssl(record, "x509", "-req", "-in", "server.csr", "-CA", "authority.crt", "-CAkey", "authority.key", "-CAcreateserial",
            "-days", "90", "-extfile", "server.cnf", "-out", "server.crt")
    os.chmod(record.path("tls", "server.key"), 0o600)
