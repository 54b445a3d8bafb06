"""Settings of the tests: the embedded settings with a fast password hash; services are real."""

from config.settings.embedded import *  # noqa: F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# The runtimes of one test process have one name.
WARM_START_DOCUMENTS = 0
