"""Keeps out of the processes what a driver imports only because another package installed it."""

import os
import sys
from typing import Any

#: What PyMongo imports wherever PyOpenSSL is installed, which daphne needs; used for TLS alone.
_PYMONGO_TLS = "pymongo.pyopenssl_context"


def skip_unused_imports() -> None:
    """Call before PyMongo is imported. Without TLS to MongoDB, each process is 10 MiB smaller.

    Of a URL in a file (``MONGODB_URL_FILE``) it is not known here. Without any URL, this is the
    launcher of the services, whose MongoDB has no TLS.
    """
    modules: dict[str, Any] = sys.modules
    is_known = "MONGODB_URL" in os.environ
    if has_no_tls(os.environ["MONGODB_URL"]) if is_known else "MONGODB_URL_FILE" not in os.environ:
        modules.setdefault(_PYMONGO_TLS, None)


def has_no_tls(url: str) -> bool:
    """Return whether a MongoDB URL certainly asks for no TLS; an SRV record may."""
    return url.startswith("mongodb://") and not {"tls", "ssl"} & set(_option_names(url))


def _option_names(url: str) -> list[str]:
    options = url.partition("?")[2].replace(";", "&").split("&")
    return [option.partition("=")[0].lower()[:3] for option in options]
