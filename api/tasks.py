"""What a worker does for a job: take a file into a layer, or run a process; and under which names the result is kept.

Everything heavy is loaded by the task itself, within the limits of its worker.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from layers.jobs import Jobs
from layers.types import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from layers.store import Sight, Store

__all__ = [
    "IMPORT",
    "PACKAGE",
    "RESULT",
    "RETURN",
    "ReceiptPart",
    "Task",
    "packed_sight",
    "part_name",
    "perform",
    "starved",
]

JsonObject = dict[str, Any]
#: The kind of job that takes a file into a layer; every kind but this and the next two is the id of a process.
IMPORT: Final = "import"
#: The kind of job that makes a package, and the kind that takes one back.
PACKAGE: Final = "package"
RETURN: Final = "package-return"
#: The part of a result that is the output of a process.
RESULT: Final = "result"
#: The receipt; the same with the first issues of each rule only, for a page; its issues as GeoJSON; those of the page.
ReceiptPart = Literal["receipt", "page", "issues", "map"]
_DONE: Final = Text(vi="Xong.", en="Done.")
#: A library says so where it could not have the memory it wanted.
_MEMORY: Final = re.compile(r"out of memory|(cannot|unable to|failed to) allocate|bad_alloc|malloc", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Task:
    """One job as its worker sees it.

    Parameters
    ----------
    store : str
        The store.
    job : str
        Id of the job.
    kind : str
        `IMPORT`, or the id of a process.
    request : dict
        What was asked, plain values: for an import `file`, `layer` and `options` of `layers.importing.receive_file`;
        for a process its `inputs`,
        and `response`, the form of its output.
    """

    store: str
    job: str
    kind: str
    request: JsonObject


def part_name(part: ReceiptPart, language: Language) -> str:
    """Return the name of a part of the result of an import.

    Parameters
    ----------
    part : {"receipt", "page", "issues", "map"}
        Which part.
    language : {"vi", "en"}
        Of the reader.

    Returns
    -------
    str
        For `layers.jobs.Jobs.part`.
    """
    return f"{part}.{language}"


def perform(task: Task, jobs: Jobs) -> None:
    """Do what a job asks for, and keep what came of it.

    Parameters
    ----------
    task : Task
        The job.
    jobs : Jobs
        Where progress is told and the result is kept.

    Raises
    ------
    MemoryError
        If a file could not be read for want of memory.
    """
    if task.kind == IMPORT:
        _receive(task, jobs)
    elif task.kind == PACKAGE:
        _hand_out(task, jobs)
    elif task.kind == RETURN:
        _take_back(task, jobs)
    else:
        _analyse(task, jobs)


def packed_sight(sight: Sight) -> JsonObject:
    """Return how much of a store is seen, as plain values.

    Parameters
    ----------
    sight : Sight
        How much.

    Returns
    -------
    dict
        Lists of ids, None for all; areas as WKB in hexadecimal digits.
    """
    named = {"layers": sight.layers, "restricted": sight.restricted}
    return {
        **{name: _listed(layers) for name, layers in named.items()},
        "grounds": [[_listed(one.layers), None if one.area is None else one.area.hex()] for one in sight.grounds],
    }


def _listed(layers: frozenset[str] | None) -> list[str] | None:
    return None if layers is None else sorted(layers)


@contextmanager
def _seen_store(task: Task) -> Iterator[Store]:
    """Give the store as the one may see it who asked for the job."""
    from layers.store import open_store  # noqa: PLC0415

    with open_store(task.store) as store:
        yield _seen(task, store)


def _seen(task: Task, store: Store) -> Store:
    from layers.store import Ground, Sight, StoreView  # noqa: PLC0415

    def named(ids: list[str] | None) -> frozenset[str] | None:
        return None if ids is None else frozenset(ids)

    told = task.request["sight"]
    # A job that was taken on by an earlier version names no grounds: there were none.
    grounds = frozenset(
        Ground(named(ids), None if area is None else bytes.fromhex(area)) for ids, area in told.get("grounds", ())
    )
    sight = Sight(named(told["layers"]), named(told["restricted"]), grounds)
    return store if sight.all else StoreView(store, sight)


def starved(error: BaseException) -> bool:
    """Return whether memory was the cause of an error.

    Parameters
    ----------
    error : BaseException
        With what caused it.

    Returns
    -------
    bool
        Also where a library only says so in words.
    """
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError) or _MEMORY.search(str(cause)):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _receive(task: Task, jobs: Jobs) -> None:
    """Receive a file, and keep its receipt in every language."""
    from api.receipts import shortened  # noqa: PLC0415 - loaded within the limits, as all below
    from layers.importing import WRITING, receive_file  # noqa: PLC0415
    from layers.store import Decision, open_store  # noqa: PLC0415

    def progress(message: Text, share: float) -> None:
        # The store is written to once, after the last word of the file's examination.
        if not jobs.report(task.job, round(100 * share), message, sealed=share >= WRITING):
            sys.exit(0)

    options = dict(task.request["options"])
    for name in ("decided", "as_of"):
        if name in options:
            options[name] = dt.date.fromisoformat(options[name])
    decided = options.pop("decided", None)
    if "decision" in options:
        options["decision"] = Decision(options["decision"], decided)
    file, layer = Path(task.request["file"]), task.request["layer"]
    proposal = options.pop("proposal", None)
    with open_store(task.store) as store:
        if proposal is None:
            receipt = receive_file(store, file, layer, progress=progress, **options)
        else:
            from api.package_tasks import read_access  # noqa: PLC0415
            from layers.proposals import receive_changes  # noqa: PLC0415

            seen = _seen(task, store)
            # A job that was taken on by an earlier version was for whoever may propose everywhere.
            reach = None if (given := task.request.get("access")) is None else read_access(given)
            _, receipt = receive_changes(
                store,
                proposal,
                file,
                layer,
                seen=seen,
                reach=None if reach is None else functools.partial(reach.reaches, "propose"),
                progress=progress,
                **options,
            )
    if receipt.error is not None and starved(receipt.error):
        raise MemoryError
    for language in LANGUAGES:
        document = receipt.document(language)
        jobs.keep(task.job, part_name("receipt", language), document)
        page = shortened(document)
        jobs.keep(task.job, part_name("page", language), page)
        issues = json.loads(receipt.issues_frame(language).to_json(drop_id=True))
        jobs.keep(task.job, part_name("issues", language), issues)
        jobs.keep(task.job, part_name("map", language), _on_page(issues, page))
    jobs.end(task.job, "successful", message=_DONE, outcome=receipt.state)


def _on_page(issues: JsonObject, page: JsonObject) -> JsonObject:
    """Return those issues that a page lists and that have a place, each under its number."""
    numbered = ((issue["number"], issues["features"][issue["number"]]) for issue in page["issues"])
    features = [{**feature, "id": number} for number, feature in numbered if feature["geometry"] is not None]
    return {**issues, "features": features}


def _hand_out(task: Task, jobs: Jobs) -> None:
    """Make a package, and keep what the record says of it."""
    from api.package_tasks import hand_out_asked  # noqa: PLC0415 - within the limits
    from layers.errors import ParkplanError  # noqa: PLC0415
    from layers.store import open_store  # noqa: PLC0415

    try:
        with open_store(task.store) as store:
            # Whatever the one who asks may see, restricted fields go to no institute.
            narrow = replace(task, request={**task.request, "sight": {**task.request["sight"], "restricted": []}})
            noted = hand_out_asked(store, _seen(narrow, store), task.request, key=task.request.get("key", ""))
    except ParkplanError as error:
        jobs.end(task.job, "failed", message=Text(vi=error.message("vi"), en=error.message("en")))
        return
    for language in LANGUAGES:
        jobs.keep(task.job, part_name("receipt", language), noted.document(language))
    jobs.end(task.job, "successful", message=_DONE, outcome=str(noted.number))


def _take_back(task: Task, jobs: Jobs) -> None:
    """Make a proposal of a file that came back, and keep what is told of it."""
    from api.package_tasks import read_access, take_back  # noqa: PLC0415 - within the limits
    from layers.store import open_store  # noqa: PLC0415

    access = read_access(task.request["access"])
    with open_store(task.store) as store:
        file, options = Path(task.request["file"]), task.request["options"]
        state, told, error = take_back(store, _seen(task, store), file, options, access)
    if error is not None and starved(error):
        raise MemoryError
    for language in LANGUAGES:
        jobs.keep(task.job, part_name("receipt", language), told[language])
    jobs.end(task.job, "successful", message=_DONE, outcome=state)


def _analyse(task: Task, jobs: Jobs) -> None:
    """Run a process, and keep its output; an error of the reader's making is told in both languages."""
    from api.analyses import PROCESSES, read_inputs  # noqa: PLC0415
    from layers.errors import ParkplanError  # noqa: PLC0415

    def progress(message: Text, share: float) -> None:
        if not jobs.report(task.job, round(100 * share), message):
            sys.exit(0)

    process = PROCESSES[task.kind]
    try:
        inputs = read_inputs(process, task.request["inputs"])
        with _seen_store(task) as store:
            result = process.run(store, inputs, progress=progress)
    except ParkplanError as error:
        message = Text(vi=error.message("vi"), en=error.message("en"))
        jobs.end(task.job, "failed", message=message)
        return
    jobs.keep(task.job, RESULT, process.shaped(result, task.request["response"]))
    jobs.end(task.job, "successful", message=_DONE, outcome=RESULT)
