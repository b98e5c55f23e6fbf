"""Weights of others for tests: a machine without them skips and says so; continuous integration has to have them."""

import os

import pytest

from models.manifest import ModelError, manifest, proven


def demand(*names):
    """Skip where one of these models is not here, and fail where it has to be."""
    for name in names:
        try:
            proven(manifest()[name])
        except ModelError as error:
            if os.environ.get("CI"):
                raise
            pytest.skip(str(error))
