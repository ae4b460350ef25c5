"""An identity provider's key server: a JWKS document over HTTP on loopback, in its own thread."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key


class KeyServer:
    """Publishes the keys created by make(). requests: number of requests. broken: whether to answer 500."""

    def __init__(self) -> None:
        self.requests, self.broken = 0, False
        self.public: list[dict[str, Any]] = []
        server = self

        class Answer(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests += 1
                body = json.dumps({"keys": server.public}).encode()
                self.send_response(500 if server.broken else 200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the library's name
                """Do not log to standard error."""

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        self.address = f"http://127.0.0.1:{self._http.server_port}/keys"
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), name="key server")

    def make(self, name: str) -> RSAPrivateKey:
        """A new key, published with this id."""
        key = generate_private_key(65537, 2048)
        public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        self.public.append({**public, "kid": name, "use": "sig", "alg": "RS256"})
        return key

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
