"""The server keeps its own OpenAPI document: requests made up from it, right and wrong, against a running server."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from api.app import create_app
from api.openapi import with_layers
from api.settings import Settings
from layers.catalogue import shipped_definitions
from tests.support.server import serve

DOCUMENT = with_layers(create_app(Settings(store="unused.gpkg")).state.document, shipped_definitions())
OPERATIONS = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]
#: OpenAPI cannot say that a filter is a field of the layer named in the path, that a cursor was given by the server, or
#: that a limit above the maximum is answered with the maximum, as OGC API Features wants.
UNSAID: Final[list[schemathesis.CheckFunction]] = [negative_data_rejection, positive_data_acceptance]


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of its own: what is made up also writes, which no other test should find."""
    with serve(tmp_path_factory.mktemp("contract") / "hanoi.gpkg") as address:
        yield address


@pytest.mark.parametrize("mode", schemathesis.GenerationMode)
@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_an_operation_keeps_its_description(
    asked: str, path: str, method: str, mode: schemathesis.GenerationMode
) -> None:
    operation = schemathesis.openapi.from_dict(DOCUMENT)[path][method]

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def keeps(case: schemathesis.Case[Any]) -> None:
        case.call_and_validate(base_url=asked, excluded_checks=UNSAID)

    keeps()
