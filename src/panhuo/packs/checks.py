"""What a typed pack must still satisfy: everything it names must exist, every state must be reachable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from panhuo.packs.check_decisions import check_decisions
from panhuo.packs.check_organisation import check_organisation
from panhuo.packs.check_standard import check_examples, check_standard
from panhuo.packs.check_workflow import check_workflow
from panhuo.packs.checking import Checking
from panhuo.packs.pack import Pack
from panhuo.packs.problems import Problems
from panhuo.packs.yamlfile import Located


def check_contents(
    pack: Pack, merged: Mapping[str, Located], tests: Iterable[Located], broken: frozenset[str], problems: Problems
) -> None:
    """Note every reference of the pack that leads nowhere.

    ``broken`` are the parts that could not be typed; what depends on them is not checked, so that one error does not
    show as many.
    """
    check = Checking(pack, problems)
    if "pack" not in broken and "clauses" not in broken:
        _check_documents(check)
        for tree in (*merged.values(), *tests):
            _check_clauses(check, tree)
    if not broken & {"standard", "indicators", "thresholds"}:
        check_standard(check)
        check_examples(check)
    if "organisation" not in broken:
        check_organisation(check)
        if not broken & {"calendar", "programme", "workflow"}:
            check_workflow(check)
        if not broken & {"modes", "incentives", "indicators"}:
            check_decisions(check)


def _check_documents(check: Checking) -> None:
    documents = check.pack.documents
    for document in documents.values():
        for basis in document.basis:
            if basis not in documents:
                check.unknown(f"pack.documents.{document.id}", "basis", "文件", "document", basis, documents)
    for clause in check.pack.clauses.values():
        if clause.document not in documents:
            check.unknown(f"clauses.clauses.{clause.id}", "document", "文件", "document", clause.document, documents)


def _check_clauses(check: Checking, tree: Located) -> None:
    if tree.is_list:
        for item in tree.value:
            _check_clauses(check, item)
    elif tree.is_map:
        for key, value in tree.value.items():
            if key in ("clause", "also"):
                for one in value.items():
                    if isinstance(one.value, str):
                        _check_clause(check, one)
            else:
                _check_clauses(check, value)


def _check_clause(check: Checking, cited: Located) -> None:
    clauses, documents = check.pack.clauses, check.pack.documents
    if cited.value in clauses or "#" not in cited.value:
        return
    document, _, clause = cited.value.partition("#")
    if document not in documents:
        check.unknown_at(cited.place, "文件", "document", document, documents)
        return
    known = [c.id.partition("#")[2] for c in clauses.values() if c.document == document]
    check.unknown_at(
        cited.place,
        f"“{document}”的条款",
        f"clause of '{document}'",
        clause,
        known,
        remedy=("；请在 clauses.yaml 中补列该条款及摘要", "; list it in clauses.yaml with a summary"),
    )
