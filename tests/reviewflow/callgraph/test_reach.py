"""What a reach holds, and what an error says."""

import json
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import pytest

from reviewflow.callgraph.reach import reach
from reviewflow.callgraph.versions import package_versions
from reviewflow.errors import ReviewflowError
from tests.reviewflow.callgraph.projects import write


def test_names_only_what_is_reached(tmp_path: Path) -> None:
    files = {
        "a": "from shop.b import f\nK = 1\nL = 2\ndef entry(x: int) -> int:\n    return f(x) + K\n",
        "b": "import numpy as np\ndef f(x): return np.sqrt(g(x))\ndef g(x): return x\nH = 1\n",
    }
    found = reach("shop.a.entry", root=write(tmp_path, files), packages=("shop",))
    assert list(found.definitions) == ["shop.a.K", "shop.a.entry", "shop.b.f", "shop.b.g"]
    assert all(len(digest) == 16 for digest in found.definitions.values())


PERHAPS_TORCH = "try:\n    import torch\nexcept ImportError:\n    torch = None\n"


@pytest.mark.parametrize(
    ("source", "packages"),
    [
        ("import math as np\ndef entry(x: int) -> int:\n    return np.sqrt(x)\n", ()),
        ("import numpy as np\ndef entry(x: int) -> int:\n    return np.sqrt(x)\n", ("numpy",)),
        ("import numpy.linalg\ndef entry(x: int) -> int:\n    return numpy.abs(x)\n", ("numpy",)),
        ("import numpy as np\ndef entry(x: int) -> int:\n    return x\nK = np.pi\n", ()),
        ("import numpy as np\ndef entry(x: 'np.ndarray') -> int:\n    return 1\n", ("numpy",)),
        ("def entry(x: int) -> int:\n    import torch.nn\n    return x\n", ("torch",)),
        (
            "from torch import nn\nclass M(nn.Linear): ...\ndef entry(x: M) -> int: ...\n",
            ("torch",),
        ),
        ("from numba import njit\n@njit()\ndef entry(x: int) -> int:\n    return x\n", ("numba",)),
        ("from torch import nn\ndef entry(nn: int) -> int:\n    return nn\nM = nn.Linear\n", ()),
        ("import pyarrow.fs\ndef entry(x: int) -> int:\n    return x\n", ("pyarrow",)),
        (PERHAPS_TORCH + "def entry(x: int) -> int:\n    return torch.add(x, x)\n", ("torch",)),
        ("from shop.b import np\ndef entry(x: int) -> int:\n    return np.sqrt(x)\n", ("numpy",)),
    ],
)
def test_packages_come_from_the_imports(
    source: str, packages: tuple[str, ...], tmp_path: Path
) -> None:
    write(tmp_path, {"a": source, "b": "import numpy as np\nimport scipy\n__all__ = ['np']\n"})
    found = reach("shop.a.entry", root=tmp_path, packages=("shop",))
    assert found.packages == packages
    assert not found.unresolved


def test_an_entry_may_be_reexported_or_a_method(tmp_path: Path) -> None:
    files = {"__init__": "from shop.a import C, entry\n", "a": "class C:\n    def m(self): ...\n"}
    files["a"] += "def entry() -> int:\n    return 1\n"
    write(tmp_path, files)
    assert list(reach("shop.entry", root=tmp_path, packages=("shop",)).definitions) == [
        "shop.a.entry"
    ]
    assert list(reach("shop.a.C.m", root=tmp_path, packages=("shop",)).definitions) == ["shop.a.C"]


@pytest.mark.parametrize("entry", ["shop.a.missing", "shop.missing.entry", "entry", "shop.a"])
def test_a_missing_entry_is_an_error(entry: str, tmp_path: Path) -> None:
    write(tmp_path, {"a": "def entry() -> int:\n    return 1\n"})
    with pytest.raises(ReviewflowError, match=f"defines no {entry}"):
        reach(entry, root=tmp_path, packages=("shop",))


def test_a_file_that_is_not_python_is_an_error(tmp_path: Path) -> None:
    write(tmp_path, {"a": "def entry() -> int:\n    return 1\n", "b": "x = 1\ndef (\n"})
    with pytest.raises(ReviewflowError, match=r"b\.py:2 cannot be read as Python"):
        reach("shop.a.entry", root=tmp_path, packages=("shop",))


def test_a_missing_package_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReviewflowError, match="holds no package shop"):
        reach("shop.a.entry", root=tmp_path, packages=("shop",))


def test_circles_end(tmp_path: Path) -> None:
    files = {
        "a": "from shop.b import f, lost\ndef entry() -> int:\n    return f() + lost\n",
        "b": "from shop.a import entry, lost\ndef f(): return entry()\n",
    }
    found = reach("shop.a.entry", root=write(tmp_path, files), packages=("shop",))
    assert {"shop.a.entry", "shop.b.f"} <= set(found.definitions)
    assert any("lost, which is defined nowhere" in sentence for sentence in found.unresolved)


def test_long_chains_are_followed_to_the_end(tmp_path: Path) -> None:
    chain = "".join(f"def f{n}(): return f{n + 1}()\n" for n in range(3000))
    source = f"def entry() -> int:\n    return f0()\n{chain}def f3000(): return 1\n"
    found = reach("shop.a.entry", root=write(tmp_path, {"a": source}), packages=("shop",))
    assert len(found.definitions) == 3002


def test_several_packages_are_one_project(tmp_path: Path) -> None:
    write(tmp_path, {"a": "from mart.b import f\ndef entry() -> int:\n    return f()\n"})
    write(tmp_path, {"b": "def f(): return 1\n"}, package="mart")
    both = reach("shop.a.entry", root=tmp_path, packages=("shop", "mart"))
    assert list(both.definitions) == ["mart.b.f", "shop.a.entry"]
    assert reach("shop.a.entry", root=tmp_path, packages=("shop",)).packages == ("mart",)


def test_versions_are_those_installed() -> None:
    import numpy
    import sklearn

    found = package_versions(["sklearn", "numpy", "yaml"])
    assert list(found) == ["numpy", "sklearn", "yaml"]
    assert (found["numpy"], found["sklearn"]) == (numpy.__version__, sklearn.__version__)
    with pytest.raises(ReviewflowError, match="imports no_such_package"):
        package_versions(["no_such_package"])


def test_analysing_imports_nothing_heavy_nor_what_it_reads() -> None:
    code = (
        "import json, sys\n"
        "from reviewflow.callgraph.reach import reach\n"
        "reach('reviewflow.text.normalize.normalize_part')\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    loaded = set(json.loads(done.stdout))
    assert loaded.isdisjoint({"numpy", "pyarrow", "torch", "prefect", "pydantic", "nltk"})
    ours = {name for name in loaded if name.startswith("reviewflow.")}
    assert {name for name in ours if not name.startswith("reviewflow.callgraph")} == {
        "reviewflow.errors"
    }


def test_a_large_project_is_read_quickly(tmp_path: Path) -> None:
    body = "".join(
        f"def f{n}(x: int, y: int = {n}) -> int:\n    total = x + y\n    for i in range(total):\n"
        f"        total += f{max(0, n - 1)}(i, {n})\n    return total\n\n\n"
        for n in range(70)
    )
    write(tmp_path, {f"m{n}": f"K = {n}\n{body}" for n in range(10)})
    begin = perf_counter()
    reach("shop.m0.f0", root=tmp_path, packages=("shop",))
    assert perf_counter() - begin < 2  # 4,900 lines; a fifth of a second when nothing else runs
