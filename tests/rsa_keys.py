"""RSA keys are slow to make: the tests of a room share a handful."""

import itertools

import pytest

from octt.pki import broken, certificates, pki


@pytest.fixture(autouse=True, scope="session")
def few_rsa_keys():
    keys = []

    def pool():
        for number in itertools.count():
            if number < 6:
                keys.append(certificates.new_key("rsa"))
            yield keys[number % 6]

    rotating = pool()

    def new_key(kind, bits=0):
        return next(rotating) if kind == "rsa" and not bits else certificates.new_key(kind, bits)

    with pytest.MonkeyPatch.context() as patch:
        for module in (pki, broken):
            patch.setattr(module, "new_key", new_key)
        yield
