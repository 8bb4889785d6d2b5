from tests.rsa_keys import few_rsa_keys  # noqa: F401
