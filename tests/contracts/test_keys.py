"""Every implementation of key stores against one suite."""

from collections.abc import Callable
from pathlib import Path

import pytest

from matinee.base.keys import KeyStore
from matinee.base.keys.folder import FolderKeys
from matinee.testing.keys import KeyStoreContract


class TestFolder(KeyStoreContract):
    @pytest.fixture
    def open_keys(self, tmp_path: Path) -> Callable[[], KeyStore]:
        return lambda: FolderKeys.open("file://keys", tmp_path)
