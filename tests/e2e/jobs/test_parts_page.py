"""Parts of studies as ``how-to/scale-out`` shows them: by hand, Slurm, Snakemake and ssh.

Tests imitate the documented behaviour of the programs of a cluster: ``sbatch`` runs the script once
for each number of its array, ``ssh`` runs a command in a folder of that machine, and ``rsync``
copies from it.
"""

import re
import shlex
import shutil
from contextlib import chdir
from pathlib import Path

import pytest

from tests.support.output.folder_contents import hashes
from tests.support.pages.page_blocks import DOCS, blocks
from tests.support.pages.page_player import run_command

TEXT = (DOCS / "how-to" / "scale-out.md").read_text(encoding="utf-8")
#: Two parts in place of sixteen, and one case in place of the library.
FEWER = (("16", "2"), ("pretese recover", "pretese recover constant-effect"))


def recipe(name: str) -> list[str]:
    """Return the blocks of a recipe, up to the next recipe or heading."""
    (part,) = re.findall(rf"^\*\*{name}\.\*\*(.*?)(?=^\*\*|^## )", TEXT, re.MULTILINE | re.DOTALL)
    return [each.body for each in blocks(part.lstrip("\n"))]


def ran(command: str) -> None:
    assert run_command(command) == 0, command


def fewer(text: str) -> str:
    for written, used in FEWER:
        text = text.replace(written, used)
    return text


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def test_parts_by_hand_give_the_bytes_of_one_run():
    lines = [line for block in blocks(TEXT) for line in block.commands() if "--out level" in line]
    assert [line.rpartition("--")[2] for line in lines] == ["part 1/2", "part 2/2", "resume"]
    for line in lines:
        ran(line)
    assert sorted(path.name for path in Path("level.parts").iterdir()) == ["1-of-2", "2-of-2"]
    ran(lines[0].replace("--part 1/2", "").replace("--out level", "--out whole"))
    assert hashes(Path("level")) == hashes(Path("whole"))


def test_an_array_of_slurm_computes_the_parts_and_a_job_after_it_joins_them():
    script, submission = (fewer(each) for each in recipe("Slurm"))
    assert script.startswith("#!/bin/bash\n#SBATCH ")
    first, last = re.search(r"--array=(\d+)-(\d+)", script).groups()
    for task in range(int(first), int(last) + 1):
        for line in script.splitlines()[2:]:
            ran(line.replace("$SLURM_ARRAY_TASK_ID", str(task)))
    submit, after = submission.splitlines()
    assert submit == "job=$(sbatch --parsable parts.sh)"
    words = shlex.split(after)
    assert words[:2] == ["sbatch", "--dependency=afterok:$job"]
    ran(words[words.index("--wrap") + 1])
    assert {path.name for path in Path("recovery.parts").iterdir()} == {"1-of-2", "2-of-2"}
    assert any(Path("recovery/results").iterdir())


def test_the_rules_of_snakemake_ask_for_each_part_and_join_them():
    (rules,) = (fewer(each) for each in recipe("Snakemake"))
    join, part = re.findall(r'^    shell: "(.*)"$', rules, re.MULTILINE)
    assert 'directory("recovery.parts/{i}-of-2")' in rules
    for number in (1, 2):
        ran(part.replace("{wildcards.i}", str(number)))
        assert Path(f"recovery.parts/{number}-of-2").is_dir()
    ran(join.replace("{output}", "recovery"))
    assert any(Path("recovery/results").iterdir())


def test_two_machines_without_a_shared_disk_are_joined_on_a_third():
    (script,) = recipe("ssh")
    lines = script.splitlines()
    remote = [shlex.split(line) for line in lines if line.startswith("ssh ")]
    assert [words[1] for words in remote] == ["one", "two"]
    for _, host, command, _ in remote:
        Path(host).mkdir()
        with chdir(host):
            ran(command)
    assert lines[2] == "wait"
    hosts, source = re.fullmatch(
        r'for host in (.+); do rsync -a "\$host:(\S+)" \.; done', lines[3]
    ).groups()
    for host in hosts.split():
        shutil.copytree(Path(host) / source, source, dirs_exist_ok=True)
    ran(lines[4])
    ran(lines[4].replace("--resume", "").replace("--out cohort", "--out whole"))
    assert hashes(Path("cohort")) == hashes(Path("whole"))
