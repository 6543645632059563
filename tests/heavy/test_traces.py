"""`gems run` sends its spans where OpenTelemetry's variables say; about 5 s."""

from __future__ import annotations

import os
import subprocess
import sys
from email.message import Message
from typing import Any

import pytest

from gems_graph.testing.loopback import LoopbackServer

pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs the extra `otel`")


class Collector(LoopbackServer):
    """Takes what is sent to `/v1/traces`."""

    def __init__(self) -> None:
        super().__init__(None)
        self.spans: list[Any] = []

    def _reply(self, path: str, headers: Message, body: bytes) -> tuple[Any, float]:
        import gzip

        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
            ExportTraceServiceRequest,
        )

        data = gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body
        for of_resource in ExportTraceServiceRequest.FromString(data).resource_spans:
            for scope in of_resource.scope_spans:
                self.spans += scope.spans
        return ("application/x-protobuf", b""), 0


def test_a_run_of_the_command_line_is_exported() -> None:
    with Collector() as collector:
        env = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
        command = [sys.executable, "-m", "gems_graph.cli", "run", "a red fish", "--quiet"]
        subprocess.run(command, env=env, check=True, capture_output=True, timeout=120)
        names = [span.name for span in collector.spans]
    assert {"invoke_agent gems", "verifier", "chat mini", "generate_content mini"} <= {*names}
