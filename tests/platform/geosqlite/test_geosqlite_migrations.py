"""The R*Tree is kept, and finds the same rows, through every way of changing a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.gis.db import models as gis
from django.contrib.gis.geos import Point, Polygon
from django.db import connection, migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("emptied")]

HERE = Polygon.from_bbox((0, 0, 1, 1))
FAR = Polygon.from_bbox((50, 50, 51, 51))


class History:
    """Migrations one after the other, forward and back, as ``migrate`` runs them."""

    def __init__(self) -> None:
        self.states = [ProjectState()]
        self.done: list[Operation] = []

    def do(self, operation: Operation) -> None:
        new = self.states[-1].clone()
        operation.state_forwards("history", new)
        with connection.schema_editor() as editor:
            operation.database_forwards("history", editor, self.states[-1], new)
        self.states.append(new)
        self.done.append(operation)

    def undo(self) -> None:
        operation, now = self.done.pop(), self.states.pop()
        with connection.schema_editor() as editor:
            operation.database_backwards("history", editor, now, self.states[-1])

    def model(self, name: str = "Spot") -> Any:
        return self.states[-1].apps.get_model("history", name)

    def found(self, column: str = "shape", name: str = "Spot") -> list[str]:
        model = self.model(name)
        return sorted(r.title for r in model.objects.filter(**{f"{column}__intersects": HERE}))

    def trees(self) -> list[str]:
        """What the database keeps for looking up shapes."""
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(
                    "SELECT name FROM sqlite_master WHERE name LIKE 'rtree_history%' AND sql LIKE 'CREATE VIRTUAL%'"
                )
            else:
                cursor.execute(
                    "SELECT indexname FROM pg_indexes WHERE tablename LIKE 'history%' AND indexdef LIKE '%gist%'"
                )
            return sorted(row[0] for row in cursor.fetchall())


@pytest.fixture
def history() -> Any:
    told = History()
    told.do(
        migrations.CreateModel(
            "Spot",
            [
                ("id", models.BigAutoField(primary_key=True)),
                ("title", models.CharField(max_length=10)),
                ("shape", gis.PolygonField(srid=4490)),
            ],
        )
    )
    told.model().objects.bulk_create([told.model()(title="here", shape=HERE), told.model()(title="far", shape=FAR)])
    yield told
    while told.done:
        told.undo()
    assert told.trees() == []


CHANGES: list[Callable[[], Operation]] = [
    lambda: migrations.AddField("Spot", "note", models.CharField(max_length=5, default="")),
    lambda: migrations.AddField("Spot", "size", models.IntegerField(null=True)),
    lambda: migrations.AlterField("Spot", "title", models.CharField(max_length=30, unique=True)),
    lambda: migrations.RenameField("Spot", "title", "title"),
    lambda: migrations.AddConstraint("Spot", models.UniqueConstraint(fields=["title"], name="one_title")),
    lambda: migrations.AddIndex("Spot", models.Index(fields=["title"], name="by_title")),
    lambda: migrations.AddField("Spot", "door", gis.PointField(srid=4490, null=True)),
    lambda: migrations.AlterField("Spot", "shape", gis.PolygonField(srid=4490, null=True)),
    lambda: migrations.AlterModelTable("Spot", "history_elsewhere"),
]


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_keeps_the_tree(history: History, change: Callable[[], Operation]) -> None:
    history.do(change())
    assert history.found() == ["here"]
    assert len(history.trees()) == (2 if "door" in {f.name for f in history.model()._meta.fields} else 1)
    spot = history.model()
    spot.objects.create(**{"title": "new", "shape": HERE})
    spot.objects.filter(title="here").update(shape=FAR)
    assert history.found() == ["new"]
    spot.objects.filter(title="new").delete()
    history.undo()
    assert history.found() == []
    history.model().objects.filter(title="here").update(shape=HERE)
    assert history.found() == ["here"]
    assert len(history.trees()) == 1


def test_renamed_tables_and_columns_are_found_under_their_new_names(history: History) -> None:
    history.do(migrations.RenameField("Spot", "shape", "outline"))
    history.do(migrations.RenameModel("Spot", "Site"))
    assert history.found("outline", "Site") == ["here"]
    history.model("Site").objects.create(title="new", outline=HERE)
    assert history.found("outline", "Site") == ["here", "new"]
    assert len(history.trees()) == 1


def test_an_index_can_be_given_up_and_taken_back(history: History) -> None:
    history.do(migrations.AlterField("Spot", "shape", gis.PolygonField(srid=4490, spatial_index=False)))
    assert (history.found(), history.trees()) == (["here"], [])
    history.model().objects.create(title="new", shape=HERE)
    history.undo()
    assert (history.found(), len(history.trees())) == (["here", "new"], 1)


def test_a_removed_column_takes_its_tree_along(history: History) -> None:
    history.do(migrations.AddField("Spot", "door", gis.PointField(srid=4490, null=True)))
    history.model().objects.update(door=Point(0.5, 0.5, srid=4490))
    assert history.found("door") == ["far", "here"]
    history.do(migrations.RemoveField("Spot", "door"))
    assert (history.found(), len(history.trees())) == (["here"], 1)


def test_a_failed_change_leaves_tree_and_rows(history: History) -> None:
    history.model().objects.create(title="here", shape=HERE)
    with pytest.raises(Exception, match=r"(?i)unique"):
        history.do(migrations.AddConstraint("Spot", models.UniqueConstraint(fields=["title"], name="one_title")))
    assert history.found() == ["here", "here"]
    assert len(history.trees()) == 1
