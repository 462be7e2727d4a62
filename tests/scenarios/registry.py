"""A registry that serves what it is given, over HTTP or HTTPS, with or without a login; and images to give it."""
import base64
import gzip
import hashlib
import http.server
import io
import json
import ssl
import subprocess
import tarfile
import threading
import urllib.parse

OLD_LIBPQ = b"\x7fELF" + b"\1" * 60 + b"fe_sendauth: no password supplied\0PGREQUIREPEER\0PGSSLCOMPRESSION\0"
NEW_LIBPQ = OLD_LIBPQ + b"PGTARGETSESSIONATTRS\0PGCHANNELBINDING\0SCRAM-SHA-256\0"


def layer(files):
    """A tar of {path: bytes}, or of {path: ("link", target)}."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for path, content in files.items():
            entry = tarfile.TarInfo(path)
            if isinstance(content, tuple):
                entry.type, entry.linkname = tarfile.SYMTYPE, content[1]
                tar.addfile(entry)
            else:
                entry.size = len(content)
                tar.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Image:
    """An OCI image of layers, each {path: bytes}, compressed by gzip."""

    def __init__(self, *layers):
        self.blobs = {}
        parts = [self._add(gzip.compress(layer(files), 1, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip") for files in layers]
        config = self._add(b"{}", "application/vnd.oci.image.config.v1+json")
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config, "layers": parts}
        self.manifest = self._add(json.dumps(manifest).encode(), manifest["mediaType"])

    def _add(self, data, media_type):
        self.blobs[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}


class Registry:
    """login: None, "basic" or "bearer". elsewhere: blobs are redirected to a second port, which wants no login."""

    USER, PASSWORD, TOKEN = "robot", "hush-hush-7", "token-of-the-day"

    def __init__(self, login=None, tls=None, elsewhere=False):
        self.login, self.elsewhere = login, elsewhere
        self.images, self.seen, self.broken = {}, [], {}
        self.cut = 0  # so many blobs are cut off in the middle
        self.servers = [self._serve(tls)]
        if elsewhere:
            self.servers.append(self._serve(None if tls is None else tls))
        self.scheme = "https" if tls else "http"

    def _serve(self, tls):
        registry = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                registry._answer(self)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server

    @property
    def host(self):
        return f"127.0.0.1:{self.servers[0].server_address[1]}"

    def url(self, name):
        return f"registry{'' if self.scheme == 'https' else '+http'}://{self.host}/{name}"

    def close(self):
        for server in self.servers:
            server.shutdown()
            server.server_close()

    def _send(self, handler, status, body=b"", **headers):
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _answer(self, handler):
        path = urllib.parse.urlsplit(handler.path)
        said = handler.headers.get("Authorization")
        here = handler.server is self.servers[0]
        self.seen.append((here, path.path, said))
        basic = "Basic " + base64.b64encode(f"{self.USER}:{self.PASSWORD}".encode()).decode()
        if path.path == "/token":
            query = urllib.parse.parse_qs(path.query)
            if said != basic or query.get("service") != ["test"] or not query["scope"][0].endswith(":pull"):
                return self._send(handler, 401)
            return self._send(handler, 200, json.dumps({"token": self.TOKEN}).encode())
        if here and self.login == "basic" and said != basic:
            return self._send(handler, 401, WWW_Authenticate='Basic realm="test"')
        if here and self.login == "bearer" and said != f"Bearer {self.TOKEN}":
            return self._send(handler, 401, WWW_Authenticate=f'Bearer realm="{self.scheme}://{self.host}/token",service="test"')
        name, kind, reference = path.path.removeprefix("/v2/").rsplit("/", 2)
        image = self.images.get(name)
        if not image:
            return self._send(handler, 404)
        if kind == "manifests":
            reference = reference if reference in image.blobs else image.manifest["digest"]
        body = image.blobs.get(reference)
        if body is None:
            return self._send(handler, 404)
        if kind == "blobs" and self.elsewhere and here:
            port = self.servers[1].server_address[1]
            return self._send(handler, 307, Location=f"{self.scheme}://127.0.0.1:{port}{handler.path}")
        body = self.broken.get(reference, body)
        if kind == "blobs" and self.cut > 0:
            self.cut -= 1
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            handler.end_headers()
            handler.wfile.write(body[:len(body) // 2])
            handler.close_connection = True
            return None
        return self._send(handler, 200, body, Docker_Content_Digest=reference)


def certificate(directory):
    """(certificate, key) for 127.0.0.1, signed by itself."""
    paths = (f"{directory}/certificate.pem", f"{directory}/key.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1", "-addext",
                    "subjectAltName=IP:127.0.0.1", "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True)
    return paths
