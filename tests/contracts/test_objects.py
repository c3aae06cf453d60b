"""Every implementation of objects against one suite."""

from collections.abc import Callable
from pathlib import Path

import pytest

from matinee.base.objects import Objects
from matinee.base.objects.folder import FolderObjects
from matinee.base.objects.s3 import S3Objects
from matinee.testing.objects import ObjectsContract


class TestFolder(ObjectsContract):
    @pytest.fixture
    def open_objects(self, tmp_path: Path) -> Callable[[], Objects]:
        return lambda: FolderObjects.open("file://objects", tmp_path)


@pytest.mark.server
class TestS3(ObjectsContract):
    @pytest.fixture
    def open_objects(self, s3_url: str, tmp_path: Path) -> Callable[[], Objects]:
        return lambda: S3Objects.open(s3_url, tmp_path)
