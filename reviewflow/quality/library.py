"""Great Expectations, set up once in a process: silent, offline, nothing written by itself.

It takes two seconds and some 260 MB to import, so nothing here imports it before it is called.
"""

import logging
import os
import warnings
from functools import lru_cache
from threading import Lock
from typing import Any


def great_expectations() -> Any:
    """The library, its analytics and its log lines off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # read when it is imported
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about what its own dependencies use
        import great_expectations

    logging.getLogger("great_expectations").setLevel(logging.CRITICAL)
    return great_expectations


@lru_cache(maxsize=1)
def expectation_types() -> tuple[str, ...]:
    """The names of all expectations in the gallery, in alphabetical order."""
    great_expectations()
    from great_expectations.expectations.registry import (
        list_registered_expectation_implementations,
    )

    return tuple(sorted(list_registered_expectation_implementations()))


def expectation_class(type_: str) -> Any:
    """The class of the expectation called ``type_``, a name of :func:`expectation_types`."""
    great_expectations()
    from great_expectations.expectations.registry import get_expectation_impl

    return get_expectation_impl(type_)


def ephemeral_context() -> Any:
    """A context that keeps everything in memory and shows no progress bars."""
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
def one_at_a_time() -> Lock:
    """Great Expectations keeps its context in a global: validations in threads take turns."""
    return Lock()
