"""Set up Great Expectations: silent, offline, without files of its own.

Its import takes two seconds and some 260 MB, so every function here imports it when called.
"""

import logging
import os
import warnings
from functools import lru_cache
from threading import Lock
from typing import Any


def great_expectations() -> Any:
    """Return the library, with its analytics and its log lines off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # it is read at import
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about its own dependencies
        import great_expectations

    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    return great_expectations


@lru_cache(maxsize=1)
def expectation_types() -> tuple[str, ...]:
    """Return the names of all expectations in the gallery, sorted."""
    great_expectations()
    from great_expectations.expectations.registry import (
        list_registered_expectation_implementations,
    )

    return tuple(sorted(list_registered_expectation_implementations()))


def expectation_class(type_: str) -> Any:
    """Return the class of the expectation called ``type_``."""
    great_expectations()
    from great_expectations.expectations.registry import get_expectation_impl

    return get_expectation_impl(type_)


def ephemeral_context() -> Any:
    """Return a context that stays in memory and shows no progress bars."""
    gx = great_expectations()
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(init_temp_docs_sites=False),
        analytics_enabled=False,
        data_docs_sites={},
    )
    context = gx.get_context(project_config=config, mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    return context


@lru_cache(maxsize=1)
def gx_lock() -> Lock:
    """Return the lock for validations, since the library has a global context."""
    return Lock()
