"""A client of the application, without a network."""

import pytest
from starlette.testclient import TestClient

from pretese.web.application import create_application
from pretese.web.security.settings import ServerSettings


@pytest.fixture(scope="session")
def client():
    return TestClient(create_application(ServerSettings(max_seconds=60)))
