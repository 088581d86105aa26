"""The console, rendered for real into recorded rich terminals and read by a real pipe."""

import io
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console as Terminal

from flows.commands.progress import LINE_SECONDS, Console

REPORT = Path("artifacts/runs/one/report.html")


def in_terminal() -> Console:
    terminal = Terminal(
        file=io.StringIO(), force_terminal=True, width=100, record=True, color_system="truecolor"
    )
    return Console(terminal)


def in_file(encoding: str = "utf-8") -> tuple[Console, Callable[[], str]]:
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding=encoding, write_through=True)
    console = Console(Terminal(file=file, force_terminal=False, width=60))
    return console, lambda: written.getvalue().decode(encoding)


def work_a_little(console: Console) -> None:
    console.update("train[tanh]", "epoch 12 · loss 0.412", {"done": 12, "total": 20})
    console.done("ingest", "ran", 2.14, "new rows")
    console.done("normalize", "cached", 0.01, "")
    console.done("train[relu]", "failed", 1.0, "it diverged")
    console.show("report", "labels lean to one side")


def test_a_terminal_shows_a_bar_with_the_loss_while_work_runs_and_a_line_when_it_ended() -> None:
    with in_terminal() as console:
        work_a_little(console)
        assert console.bars is not None
        with console.terminal.capture() as live:
            console.terminal.print(console.bars.get_renderable())
        (bar,) = [line for line in live.get().splitlines() if "loss" in line]
        console.done("train[tanh]", "ran", 31, "")
        assert console.bars.tasks == []
        console.finish(REPORT)
    bar = re.sub(r"\x1b\[[0-9;]*m", "", bar)
    assert re.search(r"train\[tanh\] +[━╺╸]+ +12/20 +0:00:00 +epoch 12 · loss 0\.412", bar)
    text = console.terminal.export_text()  # every kept line comes after a bar that was wiped away
    for line in (
        "✓ ingest  ran in 2.1 s: new rows",
        "· normalize  cached",
        "✗ train[relu]  failed after 1.0 s: it diverged",
        "report: labels lean to one side",
    ):
        assert f"{line}\n" in text
    assert text.rstrip().endswith(f"Report: {REPORT}")


def test_a_file_gets_one_plain_line_an_event(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("flows.commands.progress.time.monotonic", lambda: now)
    console, written = in_file()
    with console:
        work_a_little(console)  # what has only just begun says nothing
        now = LINE_SECONDS
        console.update("train[tanh]", "epoch 13", {"done": 13, "total": 20})
        console.update("train[tanh]", "epoch 14", {"done": 14, "total": 20})
        console.finish(REPORT)
    assert written().splitlines() == [
        "ingest: ran in 2.1 s: new rows",
        "normalize: cached",
        "train[relu]: failed after 1.0 s: it diverged",
        "report: labels lean to one side",
        "train[tanh]: epoch 13, 13/20",
        f"Open: {REPORT.absolute().as_uri()}",
        f"Report: {REPORT}",
    ]


def test_a_long_line_stays_one_line_in_a_file() -> None:
    console, written = in_file()
    console.show("report", "word " * 100 + "end")
    console.finish(Path("a" * 200))
    assert [line[-3:] for line in written().splitlines()] == ["end", "aaa", "aaa"]


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_what_an_encoding_cannot_write_is_written_out(encoding: str) -> None:
    console, written = in_file(encoding)
    console.done("naïve ≤ 日本 \udcff", "ran", 1.0, "")
    expected = {
        "ascii": r"na\xefve \u2264 \u65e5\u672c \udcff",
        "latin-1": r"naïve \u2264 \u65e5\u672c \udcff",
        "utf-8": r"naïve ≤ 日本 \udcff",
    }
    assert written() == f"{expected[encoding]}: ran in 1.0 s\n"


def test_a_terminal_without_unicode_gets_ascii_alone() -> None:
    written = io.BytesIO()
    file = io.TextIOWrapper(written, encoding="ascii", write_through=True)
    with Console(Terminal(file=file, force_terminal=True, width=100)) as console:
        work_a_little(console)
        console.finish(REPORT)
    assert "ok ingest" in re.sub(r"\x1b\[[0-9;]*m", "", written.getvalue().decode("ascii"))


@given(st.text(max_size=40))
def test_no_text_is_obeyed_as_markup_or_by_the_terminal(text: str) -> None:
    console, written = in_file()
    console.done(text, "ran", 1.0, "")
    line = written().removesuffix(": ran in 1.0 s\n")
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in line)
    kept = [c for c in text if c.isprintable()]
    assert "".join(kept) in line or len(kept) < len(text)


def test_markup_emoji_and_escapes_in_names_and_reasons_are_shown_as_they_are() -> None:
    with in_terminal() as console:
        console.update("train[red]", "\x1b[2J[bold]hi[/bold] :smile:", {})
        assert console.bars is not None
        with console.terminal.capture() as live:
            console.terminal.print(console.bars.get_renderable())
        console.done("train[red]", "[blink]", 0, "\x1b]0;title\x07 [/nothing] \u202egnp")
    assert "␛[2J[bold]hi[/bold] :smile:" in live.get()
    text = console.terminal.export_text()
    assert "train[red]  [blink]: ␛]0;title␇ [/nothing] ⟨U+202E⟩gnp" in text


def test_threads_report_at_once() -> None:
    console, written = in_file()
    with console, ThreadPoolExecutor(8) as pool:
        for number in range(200):
            pool.submit(console.show, "report", f"{number} is odd")
            pool.submit(console.done, f"train[{number}]", "ran", 1.0, "")
    lines = written().splitlines()
    assert len(lines) == 400
    assert {re.sub(r"\d+", "N", line, count=1) for line in lines} == {
        "report: N is odd",
        "train[N]: ran in 1.0 s",
    }


def test_a_full_disk_under_the_log_does_not_disturb_the_run() -> None:
    program = (
        "from flows.commands.progress import Console\n"
        "with Console() as console:\n"
        "    for number in range(3): console.done('ingest', 'ran', 1.0, '')\n"
        "open(2, 'w').write('done')\n"
    )
    with Path("/dev/full").open("w") as full:
        process = subprocess.run(
            [sys.executable, "-c", program], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert process.stderr == "done"


def test_a_reader_that_leaves_does_not_disturb_the_run() -> None:
    program = (
        "from flows.commands.output import tolerant_output\n"
        "from flows.commands.progress import Console\n"
        "with tolerant_output(), Console() as console:\n"
        "    for number in range(5000): console.done(f'stage {number}', 'ran', 1.0, '')\n"
        "open(2, 'w').write('done')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline() == "stage 0: ran in 1.0 s\n"
    process.stdout.close()
    assert process.stderr.read() == "done"
    process.stderr.close()
    process.wait()
