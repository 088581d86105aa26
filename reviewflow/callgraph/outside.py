"""List names that read files, the environment, the network, programs.

| table | what its names do |
| --- | --- |
| ``OUTSIDE`` | read something that no argument gives, however they are called |
| ``OPENERS`` | open the file or folder that their first argument names |

A name stands for all below it: ``socket`` for ``socket.socket``. One that ends with ``*`` is the
beginning of a name.
"""

from collections.abc import Iterable

ENVIRONMENT = "reads the environment"
MACHINE = "reads what the machine is"
NETWORK = "reads the network"
PROGRAM = "runs another program"
MACHINE_CODE = "loads machine code by name"
PACKAGE_FILE = "opens a file by a package's name; use Path(__file__)"
CORPUS = "reads data that NLTK finds by itself"

OUTSIDE = {
    "os.environ": ENVIRONMENT,
    "os.environb": ENVIRONMENT,
    "os.getenv": ENVIRONMENT,
    "os.getenvb": ENVIRONMENT,
    "os.path.expanduser": ENVIRONMENT,
    "os.path.expandvars": ENVIRONMENT,
    "pathlib.Path.home": ENVIRONMENT,
    "tempfile.gettempdir*": ENVIRONMENT,
    "tempfile.tempdir": ENVIRONMENT,
    "os.getcwd": "reads the working directory",
    "os.getcwdb": "reads the working directory",
    "pathlib.Path.cwd": "reads the working directory",
    "sys.argv": "reads the command line",
    "sys.stdin": "reads standard input",
    "getpass": MACHINE,
    "os.getlogin": MACHINE,
    "os.uname": MACHINE,
    "platform": MACHINE,
    "pwd": MACHINE,
    "nt": "calls the system past os (nt)",
    "posix": "calls the system past os (posix)",
    "importlib.resources": PACKAGE_FILE,
    "importlib_resources": PACKAGE_FILE,
    "pkg_resources": PACKAGE_FILE,
    "os.exec*": PROGRAM,
    "os.popen": PROGRAM,
    "os.posix_spawn*": PROGRAM,
    "os.spawn*": PROGRAM,
    "os.startfile": PROGRAM,
    "os.system": PROGRAM,
    "asyncio.create_subprocess_*": PROGRAM,
    "pty": PROGRAM,
    "subprocess": PROGRAM,
    "cffi": MACHINE_CODE,
    "ctypes": MACHINE_CODE,
    "numpy.ctypeslib": MACHINE_CODE,
    "torch.classes.load_library": MACHINE_CODE,
    "torch.ops.load_library": MACHINE_CODE,
    "torch.utils.cpp_extension": MACHINE_CODE,
    "aiohttp": NETWORK,
    "fsspec": NETWORK,
    "ftplib": NETWORK,
    "http.client": NETWORK,
    "httpx": NETWORK,
    "imaplib": NETWORK,
    "poplib": NETWORK,
    "requests": NETWORK,
    "pyarrow.flight": NETWORK,
    "scipy.datasets": NETWORK,
    "sklearn.datasets.fetch_*": NETWORK,
    "smtplib": NETWORK,
    "socket": NETWORK,
    "socketserver": NETWORK,
    "ssl": NETWORK,
    "torch.hub": NETWORK,
    "urllib.request": NETWORK,
    "urllib3": NETWORK,
    "xmlrpc": NETWORK,
    "configparser": "reads settings from files (configparser)",
    "netrc": "reads settings from files (netrc)",
    "pyarrow.fs": "opens files past Python (pyarrow.fs)",
    "nltk.WordNetLemmatizer": CORPUS,
    "nltk.chunk": CORPUS,
    "nltk.corpus": CORPUS,
    "nltk.data": CORPUS,
    "nltk.download": CORPUS,
    "nltk.downloader": CORPUS,
    "nltk.find": CORPUS,
    "nltk.load": CORPUS,
    "nltk.ne_chunk*": CORPUS,
    "nltk.pos_tag*": CORPUS,
    "nltk.sent_tokenize": CORPUS,
    "nltk.sentiment": CORPUS,
    "nltk.stem.WordNetLemmatizer": CORPUS,
    "nltk.stem.wordnet": CORPUS,
    "nltk.tag": CORPUS,
    "nltk.tokenize": CORPUS,
    "nltk.word_tokenize": CORPUS,
}
PYTHON_OPENERS = (
    "open",
    "builtins.open",
    "bz2.BZ2File",
    "bz2.open",
    "codecs.open",
    "dbm",
    "fileinput",
    "genericpath",
    "glob",
    "gzip.GzipFile",
    "gzip.open",
    "io.FileIO",
    "io.open",
    "io.open_code",
    "logging.config.fileConfig",
    "lzma.LZMAFile",
    "lzma.open",
    "mailbox",
    "ntpath",
    "os.access",
    "os.fwalk",
    "os.getxattr",
    "os.listdir",
    "os.listxattr",
    "os.lstat",
    "os.open",
    "os.path.abspath",
    "os.path.exists",
    "os.path.get*",
    "os.path.isdir",
    "os.path.isfile",
    "os.path.islink",
    "os.path.ismount",
    "os.path.lexists",
    "os.path.realpath",
    "os.path.same*",
    "os.readlink",
    "os.scandir",
    "os.stat",
    "os.statvfs",
    "os.walk",
    "pathlib.Path",
    "pathlib.PosixPath",
    "pathlib.WindowsPath",
    "posixpath",
    "shutil",
    "sqlite3.connect",
    "tarfile.TarFile",
    "tarfile.is_tarfile",
    "tarfile.open",
    "tokenize.open",
    "xml.dom.minidom.parse",
    "xml.dom.pulldom.parse",
    "xml.etree.ElementTree.ElementTree",
    "xml.etree.ElementTree.iterparse",
    "xml.etree.ElementTree.parse",
    "xml.sax.parse",
    "zipfile.Path",
    "zipfile.ZipFile",
    "zipfile.is_zipfile",
)
PACKAGE_OPENERS = (
    "PIL.Image.open",
    "lxml.etree.parse",
    "matplotlib.image.imread",
    "matplotlib.pyplot.imread",
    "numpy.DataSource",
    "numpy.fromfile",
    "numpy.fromregex",
    "numpy.genfromtxt",
    "numpy.lib.format.open_memmap",
    "numpy.lib.npyio",
    "numpy.load",
    "numpy.loadtxt",
    "numpy.memmap",
    "pandas.ExcelFile",
    "pandas.HDFStore",
    "pandas.io",
    "pandas.read_*",
    "pyarrow.OSFile",
    "pyarrow.csv.open_*",
    "pyarrow.csv.read_*",
    "pyarrow.dataset",
    "pyarrow.feather.FeatherDataset",
    "pyarrow.feather.read_*",
    "pyarrow.input_stream",
    "pyarrow.ipc.open_*",
    "pyarrow.json.open_*",
    "pyarrow.json.read_*",
    "pyarrow.memory_map",
    "pyarrow.orc",
    "pyarrow.parquet.Parquet*",
    "pyarrow.parquet.read_*",
    "safetensors.numpy.load_file",
    "safetensors.safe_open",
    "safetensors.torch.load_file",
    "scipy.io",
    "scipy.sparse.load_npz",
    "sklearn.datasets.load_*",
    "torch.UntypedStorage.from_file",
    "torch.export.load",
    "torch.from_file",
    "torch.jit.load",
    "torch.load",
)


def outside_reason(name: str) -> str:
    """Return what a package's name reads that no argument gives, or nothing."""
    return next((why for listed, why in OUTSIDE.items() if _is_below(name, [listed])), "")


def is_opener(name: str) -> bool:
    """Tell whether a name opens the file that its first argument names."""
    return _is_below(name, PYTHON_OPENERS) or _is_below(name, PACKAGE_OPENERS)


def _is_below(name: str, listed: Iterable[str]) -> bool:
    return any(
        name.startswith(each[:-1]) if each.endswith("*") else f"{name}.".startswith(f"{each}.")
        for each in listed
    )
