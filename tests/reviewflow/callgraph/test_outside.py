"""What reads a file, the environment, the network or a program is refused."""

from pathlib import Path
from pkgutil import resolve_name
from sys import stdlib_module_names

import pytest

from reviewflow.callgraph.check import undeclared_reads
from reviewflow.callgraph.outside import OUTSIDE, PYTHON_OPENERS
from tests.reviewflow.callgraph.projects import ENTRY, function, reads

ELSEWHERE = {"nt", "os.startfile"}  # on Windows alone

OPENED = [
    ("import builtins", "builtins.open({})"),
    ("import bz2", "bz2.open({})"),
    ("import bz2", "bz2.BZ2File({})"),
    ("import glob", "glob.glob({})"),
    ("import gzip", "gzip.open({})"),
    ("import gzip", "gzip.GzipFile({})"),
    ("import logging.config", "logging.config.fileConfig({})"),
    ("import lzma", "lzma.open({})"),
    ("import lzma", "lzma.LZMAFile({})"),
    ("import os", "os.access({}, 0)"),
    ("import os", "os.listdir({})"),
    ("import os", "os.scandir({})"),
    ("import os", "os.stat({}).st_mtime"),
    ("import os", "os.path.exists({})"),
    ("import os", "os.path.getsize({})"),
    ("from os.path import isfile", "isfile({})"),
    ("import posixpath", "posixpath.exists({})"),
    ("import shutil", "shutil.copy({}, folder)"),
    ("import shutil", "shutil.which({})"),
    ("import tarfile", "tarfile.open({})"),
    ("import tokenize", "tokenize.open({})"),
    ("import xml.etree.ElementTree as ET", "ET.parse({})"),
    ("import zipfile", "zipfile.ZipFile({})"),
    ("from pathlib import Path", "Path({}).exists()"),
    ("from pathlib import Path", "Path({}).stat()"),
    ("from pathlib import Path", "list(Path({}).glob('*'))"),
    ("from pathlib import Path", "list(Path({}).iterdir())"),
    ("from pathlib import Path", "Path.exists({})"),
    ("from matplotlib.image import imread", "imread({})"),
    ("import numpy as np", "np.fromregex({}, 'a', 'f')"),
    ("import pandas as pd", "pd.ExcelFile({})"),
    ("import pandas as pd", "pd.read_excel({})"),
    ("import pandas as pd", "pd.read_feather({})"),
    ("import pandas as pd", "pd.read_fwf({})"),
    ("import pandas as pd", "pd.read_orc({})"),
    ("import pyarrow as pa", "pa.OSFile({})"),
    ("import pyarrow as pa", "pa.input_stream({})"),
    ("import pyarrow as pa", "pa.ipc.open_file({})"),
    ("import pyarrow as pa", "pa.ipc.open_stream({})"),
    ("import pyarrow as pa", "pa.memory_map({})"),
    ("from pyarrow import csv", "csv.read_csv({})"),
    ("from pyarrow import json", "json.read_json({})"),
    ("import pyarrow.dataset as ds", "ds.dataset({})"),
    ("import pyarrow.feather as pf", "pf.read_feather({})"),
    ("import pyarrow.orc as po", "po.ORCFile({})"),
    ("import pyarrow.orc as po", "po.read_table({})"),
    ("import pyarrow.parquet as pq", "pq.ParquetDataset({})"),
    ("import pyarrow.parquet as pq", "pq.ParquetFile({})"),
    ("import pyarrow.parquet as pq", "pq.read_pandas({})"),
    ("import pyarrow.parquet as pq", "pq.read_table({})"),
    ("from sklearn.datasets import load_svmlight_file", "load_svmlight_file({})"),
    ("import torch", "torch.from_file({})"),
    ("import torch", "torch.jit.load({})"),
    ("import torch", "torch.load({})"),
]
READ = [
    ("import configparser", "configparser.ConfigParser().read(folder)"),
    ("import ctypes", "ctypes.CDLL(str(folder))"),
    ("from ctypes import CDLL", "CDLL(str(folder))"),
    ("import importlib.resources as r", "r.files('shop')"),
    ("from importlib.resources import as_file", "as_file(folder)"),
    ("from nltk.corpus import stopwords", "stopwords.words('english')"),
    ("import nltk", "nltk.data.find('corpora')"),
    ("import nltk", "nltk.data.load('a')"),
    ("from nltk import word_tokenize", "word_tokenize('a')"),
    ("import os", "os.execv('a', [])"),
    ("import os", "os.popen('cat a').read()"),
    ("import os", "os.system('a')"),
    ("import os", "os.uname()"),
    ("import platform", "platform.node()"),
    ("import posix", "posix.environ"),
    ("from pyarrow import fs", "fs.LocalFileSystem().open_input_file('a')"),
    ("from pyarrow.fs import LocalFileSystem", "LocalFileSystem()"),
    ("import requests", "requests.get('https://a')"),
    ("from sklearn.datasets import fetch_openml", "fetch_openml('a')"),
    ("from sklearn.datasets import load_iris", "load_iris()"),
    ("import socket", "socket.socket()"),
    ("import subprocess", "subprocess.check_output(['cat', folder])"),
    ("from subprocess import run as start", "start(['cat', folder])"),
    ("import tempfile", "tempfile.gettempdir()"),
    ("import torch", "torch.hub.load('a', 'b')"),
    ("import urllib.request", "urllib.request.urlopen('file:///a').read()"),
    ("from urllib.request import urlopen", "urlopen('file:///a').read()"),
]


@pytest.mark.parametrize(("imports", "call"), OPENED)
def test_an_opener_is_refused_unless_an_argument_gives_the_file(
    imports: str, call: str, tmp_path: Path
) -> None:
    source = imports + "\n" + function("return " + call)
    for name, places in (("'extra.txt'", {"shop.a:6"}), ("folder / 'a'", set())):
        found = reads(source.format(name), tmp_path)
        assert {place for place, _ in found} == places


@pytest.mark.parametrize(("imports", "line"), READ)
@pytest.mark.parametrize("inside", [False, True])
def test_what_reads_past_its_arguments_is_refused(
    imports: str, line: str, inside: bool, tmp_path: Path
) -> None:
    """Whether the import is at the top or inside the function."""
    source = function(imports, line) if inside else imports + "\n" + function(line)
    assert reads(source, tmp_path)
    assert undeclared_reads({ENTRY: ()}, root=tmp_path, packages=("shop",))


@pytest.mark.parametrize(
    "line",
    [
        "os.path.join('a', 'b')",
        "os.fspath(folder)",
        "os.cpu_count()",
        "import urllib.parse as p; p.quote('a')",
        "import pyarrow.compute as pc; pc.field('a')",
        "import pandas as pd; pd.DataFrame({'a': [1]})",
        "from nltk.stem.snowball import SnowballStemmer as S; S('english')",
        "from sklearn.datasets import make_moons; make_moons(3)",
    ],
)
def test_what_opens_nothing_is_no_read(line: str, tmp_path: Path) -> None:
    assert reads(function(line), tmp_path) == []


def test_a_module_that_only_other_functions_use_is_no_read(tmp_path: Path) -> None:
    source = "import subprocess\n" + function("return 1") + "def other(): subprocess.run(['a'])\n"
    assert reads(source, tmp_path) == []


@pytest.mark.parametrize(
    "name",
    sorted(
        name
        for name in {*OUTSIDE, *PYTHON_OPENERS[1:]} - ELSEWHERE
        if name.partition(".")[0] in stdlib_module_names
    ),
)
def test_every_listed_name_of_python_exists(name: str) -> None:
    owner, _, last = name.rpartition(".")
    if name.endswith("*"):
        assert any(each.startswith(last[:-1]) for each in dir(resolve_name(owner)))
    else:
        resolve_name(name)
