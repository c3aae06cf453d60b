"""What every implementation of `matinee.base.keys.KeyStore` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from matinee.base.errors import InvalidInput
from matinee.base.keys import KeyStore

BAD_NAMES = ["", ".", "..", ".hidden", "-rf", "a/b", "a\\b", "a\x00b", "a\n", "é", "a b", "a" * 101]


class KeyStoreContract:
    """Subclass it and give it the fixture `open_keys`."""

    @pytest.fixture
    def open_keys(self) -> Callable[[], KeyStore]:
        """A function that opens the store, empty when the test begins."""
        raise NotImplementedError

    @pytest.fixture
    def store(self, open_keys: Callable[[], KeyStore]) -> Iterator[KeyStore]:
        """The open port."""
        opened = open_keys()
        yield opened
        opened.close()

    def test_a_key_has_sixteen_bytes_and_so_has_its_name(self, store: KeyStore) -> None:
        """As AES-128 and Common Encryption want them."""
        made = store.key("title-1", "video")
        assert (len(made.kid), len(made.key)) == (16, 16)

    def test_a_key_stays_the_same(self, open_keys: Callable[[], KeyStore], store: KeyStore) -> None:
        """For whoever asks again, through another client too."""
        made = store.key("title-1", "video")
        assert store.key("title-1", "video") == made
        other = open_keys()
        assert other.key("title-1", "video") == made
        other.close()

    def test_every_part_has_a_key_of_its_own(self, store: KeyStore) -> None:
        """Neither keys nor their names occur twice."""
        made = [store.key(content, kind) for content in ("title-1", "title-2") for kind in ("audio", "video")]
        assert len({one.key for one in made}) == len({one.kid for one in made}) == 4

    def test_keys_of_a_content_are_those_that_were_made(self, store: KeyStore) -> None:
        """Asking for all makes none; they come in the order of their kinds."""
        assert store.keys("title-1") == ()
        video, audio = store.key("title-1", "video"), store.key("title-1", "audio")
        store.key("title-11", "video")
        assert store.keys("title-1") == (audio, video)
        assert store.keys("title-2") == ()

    def test_many_who_ask_at_once_get_the_same(self, open_keys: Callable[[], KeyStore]) -> None:
        """Two encoders of one title would otherwise lock each other out."""
        stores = [open_keys() for _ in range(4)]
        with ThreadPoolExecutor(8) as pool:
            made = list(pool.map(lambda number: stores[number % 4].key("title-1", f"kind-{number % 5}"), range(40)))
        assert len(set(made)) == 5
        for one in stores:
            one.close()

    @pytest.mark.parametrize("name", BAD_NAMES)
    def test_a_name_that_is_none_is_refused(self, store: KeyStore, name: str) -> None:
        """By both methods, before anything happens."""
        with pytest.raises(InvalidInput):
            store.key(name, "video")
        with pytest.raises(InvalidInput):
            store.key("title-1", name)
        with pytest.raises(InvalidInput):
            store.keys(name)
        assert store.keys("title-1") == ()

    def test_a_key_is_not_shown(self, store: KeyStore) -> None:
        """Whoever prints or logs one learns its name at most."""
        made = store.key("title-1", "video")
        for text in (repr(made), str(made), f"{made}"):
            assert made.key.hex() not in text
            assert repr(made.key) not in text
