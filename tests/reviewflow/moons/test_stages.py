"""All stages of the two moons, run twice."""

from tests.reviewflow.moons.conftest import SMALL


def test_a_second_run_writes_the_same_bytes(job, run, tmp_path):
    again = run(tmp_path, SMALL)
    for name, folder in job.items():
        for path in sorted(folder.iterdir()):
            if path.name == "manifest.json":
                continue
            assert path.read_bytes() == (again[name] / path.name).read_bytes(), path.name
